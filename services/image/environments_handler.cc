#include "services/image/environments_handler.h"

#include "common/base/text.h"
#include "common/log/log.h"

namespace pyro::image {
namespace {

std::optional<std::string> mirror_of(const Config& config) {
  const std::string& mirror = config.environments.mirror;
  return mirror.empty() ? std::nullopt : std::optional(mirror);
}

/// The progress of a pull goes to the caller and into the log.
Work logged(const bus::Call& call) {
  Work work = call.work();
  work.progress = [&call](const api::Progress& progress) {
    log::info("{}: {}", progress.phase, progress.message);
    call.progress(progress);
  };
  return work;
}

}  // namespace

EnvironmentsHandler::EnvironmentsHandler(const ServiceHost& host)
    : builder_(mirror_of(host.config())),
      store_({.environments_dir = host.paths().environments_dir,
              .kernels_dir = host.paths().kernels_dir()},
             builder_) {
  store_.collect_garbage();
}

api::EnvironmentList EnvironmentsHandler::handle(const api::ListEnvironments&, bus::Call& call) {
  return store_.list(call.stop());
}

api::Environment EnvironmentsHandler::handle(const api::InspectEnvironment& request,
                                             bus::Call& call) {
  return store_.inspect(request.environment, call.stop());
}

api::Environment EnvironmentsHandler::handle(const api::PullEnvironment& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.environment);
  return store_.pull(request.environment, logged(call));
}

api::PruneResult EnvironmentsHandler::handle(const api::PruneEnvironments&, bus::Call&) {
  api::PruneResult result = store_.prune();
  log::info("prune deleted {} environments and freed {}", result.count,
            human_size(result.freed_bytes));
  return result;
}

api::BootFiles EnvironmentsHandler::handle(const api::ResolveEnvironment& request,
                                           bus::Call& call) {
  const log::Context context(call.trace_id(), request.environment);
  return store_.resolve(request.environment, logged(call));
}

}  // namespace pyro::image
