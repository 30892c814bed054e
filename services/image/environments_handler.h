#pragma once

#include "common/api/environment.h"
#include "common/bus/call.h"
#include "common/service/service_host.h"
#include "services/image/debian_builder.h"
#include "services/image/environment_store.h"

namespace pyro::image {

/// The image service: passes each request to the store, with the call's deadline and progress.
class EnvironmentsHandler {
 public:
  /// Removes what a killed predecessor left behind.
  explicit EnvironmentsHandler(const ServiceHost& host);

  api::EnvironmentList handle(const api::ListEnvironments& request, bus::Call& call);
  api::Environment handle(const api::InspectEnvironment& request, bus::Call& call);
  api::Environment handle(const api::PullEnvironment& request, bus::Call& call);
  api::PruneResult handle(const api::PruneEnvironments& request, bus::Call& call);
  api::BootFiles handle(const api::ResolveEnvironment& request, bus::Call& call);

 private:
  DebianBuilder builder_;
  EnvironmentStore store_;
};

}  // namespace pyro::image
