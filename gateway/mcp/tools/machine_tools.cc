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
  const auto opt_in = [box](auto& request) {
    request.allow_host_compat = request.allow_host_compat && box->options.allow_host_compat;
  };
  add_tool<api::RunMachine>(box, tools, "vm_run", Effect::kChanges,
                            {.check = opt_in, .finish = tell_that_it_is_gone<api::RunMachine>});
  add_tool<api::CreateMachine>(box, tools, "vm_create", Effect::kChanges, {.check = opt_in});
  add_tool<api::StartMachine>(box, tools, "vm_start", Effect::kChanges);
  add_tool<api::ExecMachine>(box, tools, "vm_exec", Effect::kChanges,
                             {.finish = tell_that_it_is_gone<api::ExecMachine>});
  add_tool<api::StopMachine>(box, tools, "vm_stop", Effect::kChanges);
  add_tool<api::DeleteMachine>(box, tools, "vm_delete", Effect::kDestroys);
  add_tool<api::MachineStatus>(box, tools, "vm_status", Effect::kReads);
  add_tool<api::MachineNetworkInfo>(box, tools, "vm_network_info", Effect::kReads);
  add_tool<api::ListEnvironments>(box, tools, "vm_list_environments", Effect::kReads);
  add_tool<api::ReapExpired>(box, tools, "vm_reap_expired", Effect::kChanges);
}

}  // namespace pyro::mcp
