#include "services/vm/templates/templates_handler.h"

#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/log/log.h"

namespace pyro::vm {

void TemplatesHandler::require_warm() const {
  if (boot_ == api::BootPolicy::kCold) {
    throw failed_precondition(
        reason::kTemplatesOff,
        "vm.boot is cold, so no machine starts from a template: remove it from the configuration, "
        "or PYRO_BOOT from the environment, and run `pyro stack down`");
  }
}

api::DailyLoop TemplatesHandler::handle(const api::GetDailyLoop& request, bus::Call& call) {
  const Work& work = call.work();
  const api::Environment environment =
      parts_.images.call(api::InspectEnvironment{.environment = request.environment}, work);
  std::optional<api::BootFiles> boot;
  if (environment.installed) {
    boot = parts_.images.call(api::ResolveEnvironment{.environment = environment.name}, work);
  }
  api::DailyLoop loop =
      parts_.preparer.describe(environment.name, boot, request.verify, call.stop());
  // Standby machines were restored from the same template.
  if (request.verify && loop.status == api::Warmth::kStale) parts_.warmer.rest();
  return loop;
}

api::PreparedEnvironment TemplatesHandler::handle(const api::PrepareTemplate& request,
                                                  bus::Call& call) {
  const api::PrepareEnvironment& wanted = request.request;
  if (wanted.network) parts_.host.require_network();
  require_warm();
  if (const auto reason = parts_.host.obstacle()) {
    throw failed_precondition(reason::kNoGuest, "guest boot is unavailable: {}", *reason);
  }
  const api::BootFiles boot =
      parts_.images.call(api::ResolveEnvironment{.environment = wanted.environment}, call.work());
  if (request.proved) {
    parts_.warmer.started(default_machine(boot));
    return parts_.preparer.record(boot, wanted.network, call.stop());
  }
  if (wanted.force) parts_.warmer.rest();
  return parts_.preparer.prepare(boot, wanted, call.work());
}

api::PrunedTemplates TemplatesHandler::handle(const api::PruneTemplates&, bus::Call&) {
  parts_.warmer.rest();
  parts_.preparer.forget();
  api::PrunedTemplates pruned = parts_.templates.prune();
  log::info("prune deleted {} templates", pruned.deleted_template_dirs.size());
  return pruned;
}

}  // namespace pyro::vm
