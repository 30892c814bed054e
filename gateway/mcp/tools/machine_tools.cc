#include "gateway/mcp/tools/machine_tools.h"

#include "common/api/environment.h"
#include "gateway/mcp/tools/operation_tool.h"

namespace pyro::mcp {

void add_machine_tools(const std::shared_ptr<const Toolbox>& box, std::vector<Tool>& tools) {
  const auto opt_in = [box](auto& request) {
    request.allow_host_compat = request.allow_host_compat && box->options.allow_host_compat;
  };
  const auto tell_that_it_is_gone = [box](const auto&, Json& reply, bool cut) {
    if (!cut) return;
    std::string hint = "The machine is gone with what was cut: repeat the command with less output";
    if (box->set.has("workspace_exec")) hint += ", or by workspace_exec, which keeps all of it";
    add_hint(reply, hint + ".");
  };
  add_tool<api::RunMachine>(box, tools, "vm_run", Effect::kChanges,
                            {.check = opt_in, .finish = tell_that_it_is_gone});
  add_tool<api::CreateMachine>(box, tools, "vm_create", Effect::kChanges, {.check = opt_in});
  add_tool<api::StartMachine>(box, tools, "vm_start", Effect::kChanges);
  // Another server's machine may be one that runs on the host.
  const auto guests_only = [box](api::ExecMachine& request) {
    request.guests_only = !box->options.allow_host_compat;
  };
  add_tool<api::ExecMachine>(box, tools, "vm_exec", Effect::kChanges,
                             {.check = guests_only, .finish = tell_that_it_is_gone});
  add_tool<api::StopMachine>(box, tools, "vm_stop", Effect::kChanges);
  add_tool<api::DeleteMachine>(box, tools, "vm_delete", Effect::kDestroys);
  add_tool<api::MachineStatus>(box, tools, "vm_status", Effect::kReads);
  add_tool<api::MachineNetworkInfo>(box, tools, "vm_network_info", Effect::kReads);
  add_tool<api::ListEnvironments>(box, tools, "vm_list_environments", Effect::kReads);
  add_tool<api::ReapExpired>(box, tools, "vm_reap_expired", Effect::kChanges);
}

}  // namespace pyro::mcp
