#include "gateway/mcp/tools/machine_tools.h"

#include "gateway/mcp/tools/operation_tool.h"

namespace pyro::mcp {
namespace {

/// Its guest is gone, and with it what was cut.
template <class Op>
void tell_that_it_is_gone(const Op&, Json& reply, bool cut) {
  if (!cut) return;
  add_hint(reply,
           "The machine is gone with what was cut: repeat the command with less output, or use a "
           "workspace, which keeps all of it.");
}

}  // namespace

void add_machine_tools(const std::shared_ptr<const Toolbox>& box, std::vector<Tool>& tools) {
  const auto add = [&]<api::Operation Op>(std::string_view name, Effect effect,
                                          Steps<Op> steps = {}) {
    if (box->set.has(name))
      tools.push_back(operation_tool<Op>(box, name, effect, std::move(steps)));
  };
  const auto opt_in = [box](auto& request) {
    request.allow_host_compat = request.allow_host_compat && box->options.allow_host_compat;
  };
  add("vm_run", Effect::kChanges,
      Steps<api::RunMachine>{.check = opt_in, .finish = tell_that_it_is_gone<api::RunMachine>});
  add("vm_create", Effect::kChanges, Steps<api::CreateMachine>{.check = opt_in});
  add("vm_start", Effect::kChanges, Steps<api::StartMachine>{});
  add("vm_exec", Effect::kChanges,
      Steps<api::ExecMachine>{
          // Another server's machine may be one that runs on the host.
          .check = [box](auto& request) { request.guests_only = !box->options.allow_host_compat; },
          .finish = tell_that_it_is_gone<api::ExecMachine>});
  add("vm_stop", Effect::kChanges, Steps<api::StopMachine>{});
  add("vm_delete", Effect::kDestroys, Steps<api::DeleteMachine>{});
  add("vm_status", Effect::kReads, Steps<api::MachineStatus>{});
  add("vm_network_info", Effect::kReads, Steps<api::MachineNetworkInfo>{});
  add("vm_list_environments", Effect::kReads, Steps<api::ListEnvironments>{});
  add("vm_reap_expired", Effect::kChanges, Steps<api::ReapExpired>{});
}

}  // namespace pyro::mcp
