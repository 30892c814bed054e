#pragma once

#include "common/api/stack.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "common/ownership/owned_directories.h"
#include "common/registry/registry.h"
#include "common/service/service_host.h"
#include "services/vm/boot/guest_host.h"
#include "services/vm/machines/adoption.h"
#include "services/vm/machines/guest_starter.h"
#include "services/vm/machines/machines.h"
#include "services/vm/machines/machines_handler.h"
#include "services/vm/templates/preparer.h"
#include "services/vm/templates/standby_pool.h"
#include "services/vm/templates/template_builder.h"
#include "services/vm/templates/template_store.h"
#include "services/vm/templates/templates_handler.h"
#include "services/vm/templates/warmer.h"

namespace pyro::vm {

/// The vm service: its nouns and their handlers.
class Service {
 public:
  /// Adopts the machines of a predecessor, then registers the handlers.
  explicit Service(ServiceHost& host);

  api::Nothing handle(const api::Quiesce& request, bus::Call& call);

 private:
  Registry registry_;
  OwnedDirectories directories_;
  bus::Client images_;
  GuestHost guest_host_;
  TemplateStore templates_;
  TemplateBuilder builder_;
  StandbyPool standbys_;
  GuestStarter starter_;
  Warmer warmer_;
  Machines machines_;
  Preparer preparer_;
  MachinesHandler machines_handler_;
  TemplatesHandler templates_handler_;
  MachineAdoption adoption_;
};

}  // namespace pyro::vm
