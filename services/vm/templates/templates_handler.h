#pragma once

#include "common/api/boot_policy.h"
#include "common/api/prepare.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "services/vm/boot/guest_host.h"
#include "services/vm/templates/preparer.h"
#include "services/vm/templates/template_store.h"
#include "services/vm/templates/warmer.h"

namespace pyro::vm {

/// The operations on templates: the vm service's part of `pyro prepare`.
class TemplatesHandler {
 public:
  struct Parts {
    GuestHost& host;
    TemplateStore& templates;
    Preparer& preparer;
    Warmer& warmer;
    bus::Client& images;
  };
  /// `boot`: the configured policy.
  TemplatesHandler(api::BootPolicy boot, const Parts& parts) : boot_(boot), parts_(parts) {}

  api::DailyLoop handle(const api::GetDailyLoop& request, bus::Call& call);
  api::PreparedEnvironment handle(const api::PrepareTemplate& request, bus::Call& call);
  api::PrunedTemplates handle(const api::PruneTemplates& request, bus::Call& call);

 private:
  void require_warm() const;

  api::BootPolicy boot_;
  Parts parts_;
};

}  // namespace pyro::vm
