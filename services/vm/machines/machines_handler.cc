#include "services/vm/machines/machines_handler.h"

#include "common/api/message_type.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/log/log.h"
#include "common/network/package_choice.h"
#include "common/network/policy.h"
#include "services/vm/machines/command_output.h"

namespace pyro::vm {
namespace {

api::MachineExecResult result_of(const std::string& command, const ExecOutcome& outcome,
                                 const CommandOutput& output) {
  const api::Machine& machine = outcome.record.machine;
  api::MachineExecResult result{
      .exit_code = outcome.job.exit_code.value_or(-1),
      .killed_by = outcome.job.killed_by,
      .likely_cause = outcome.job.likely_cause,
      .egress_denied = outcome.egress_denied,
      .duration_ms = outcome.job.duration_ms,
      .cleanup = {
          .vm_id = machine.vm_id, .deleted = true, .reason = std::string(kPostExecCleanup)}};
  api::assign_fields(result, machine);
  result.command = command;
  output.fill(result);
  return result;
}

}  // namespace

MachineRecord MachinesHandler::create(const api::CreateMachine& request, bool belongs_to_run,
                                      const Work& work) {
  api::NetworkRules rules = network::canonical(request.network_rules.value_or(api::NetworkRules{
      .kind = request.network ? api::NetworkPolicy::kEgress : api::NetworkPolicy::kOff}));
  // A workspace has chosen already.
  if (!request.workspace_id) {
    rules.packages = network::choose_packages(rules, request.package_cache, nginx_).packages;
  }
  if (rules.has_network()) host_.require_network();
  MachineRecord record{.belongs_to_run = belongs_to_run,
                       .boot_policy = request.boot,
                       .workspace_id = request.workspace_id,
                       .replaces = request.replaces,
                       .network = rules};
  api::assign_fields(record.machine, request);
  record.machine.network_enabled = rules.has_network();
  if (host_.require_guest_or_consent(request.allow_host_compat)) {
    record.boot = images_.call(api::ResolveEnvironment{.environment = request.environment}, work);
    record.machine.environment_version = record.boot.environment_version;
    record.machine.metadata = {{"environment_digest", record.boot.environment_digest},
                               {"kernel", record.boot.kernel_release}};
  } else {
    // Known environments only, so that the name means the same wherever it runs.
    const api::Environment known =
        images_.call(api::InspectEnvironment{.environment = request.environment}, work);
    record.machine.environment_version = known.version;
  }
  return machines_.create(std::move(record));
}

api::Machine MachinesHandler::handle(const api::CreateMachine& request, bus::Call& call) {
  return create(request, /*belongs_to_run=*/false, call.work()).machine;
}

api::Machine MachinesHandler::handle(const api::StartMachine& request, bus::Call& call) {
  return machines_.start(request.vm_id, call.work());
}

api::MachineExecResult MachinesHandler::handle(const api::ExecMachine& request, bus::Call& call) {
  CommandOutput output(request.output_socket, call.work());
  const ExecOutcome outcome = machines_.exec(request, output.sink(), call.work());
  return result_of(request.command, outcome, output);
}

api::MachineExecResult MachinesHandler::handle(const api::RunMachine& request, bus::Call& call) {
  CommandOutput output(request.output_socket, call.work());
  api::CreateMachine wanted;
  api::assign_fields(wanted, request);
  const std::string vm_id = create(wanted, /*belongs_to_run=*/true, call.work()).machine.vm_id;
  Cleanup clean_up([this, &vm_id] {
    try {
      machines_.remove(vm_id, kRunErrorCleanup);
      log::info("vm {} was deleted: {}", vm_id, kRunErrorCleanup);
    } catch (const Error& error) {
      // not_found: the exec got as far as deleting it itself.
      if (error.code() != ErrorCode::kNotFound) log::error("clean-up: {}", error.message());
    }
  });
  machines_.start(vm_id, call.work());
  const ExecOutcome outcome = machines_.exec(
      {.vm_id = vm_id, .command = request.command, .timeout_seconds = request.timeout_seconds},
      output.sink(), call.work());
  clean_up.dismiss();
  return result_of(request.command, outcome, output);
}

api::Machine MachinesHandler::handle(const api::StopMachine& request, bus::Call&) {
  return machines_.stop(request.vm_id, request.set_aside ? Machines::AfterStop::kSetAside
                                                         : Machines::AfterStop::kCount);
}

api::Cleanup MachinesHandler::handle(const api::DeleteMachine& request, bus::Call&) {
  return machines_.remove(request.vm_id, kExplicitDelete);
}

api::Machine MachinesHandler::handle(const api::MachineStatus& request, bus::Call&) {
  return machines_.status(request.vm_id);
}

api::MachineNetwork MachinesHandler::handle(const api::MachineNetworkInfo& request,
                                            bus::Call& call) {
  return machines_.network_info(request.vm_id, call.work());
}

api::MachineNetwork MachinesHandler::handle(const api::SetMachineNetwork& request,
                                            bus::Call& call) {
  if (request.rules.has_network()) host_.require_network();
  machines_.set_network(request.vm_id, request.rules, call.work());
  return machines_.network_info(request.vm_id, call.work());
}

api::Machine MachinesHandler::handle(const api::MountVolume& request, bus::Call& call) {
  return machines_.mount_volume(request.vm_id, request.volume, call.work());
}

api::DiskPaths MachinesHandler::handle(const api::GetDisks& request, bus::Call&) {
  return machines_.disks(request.vm_id);
}

api::WorkspaceMachines MachinesHandler::handle(const api::ListWorkspaceMachines&, bus::Call&) {
  return machines_.of_workspaces();
}

api::ReapResult MachinesHandler::handle(const api::ReapExpired&, bus::Call&) {
  return machines_.reap_expired();
}

/// Boot files of any installed environment, for a probe: nothing is installed for it.
std::optional<api::BootFiles> MachinesHandler::installed_boot_files(const Work& work) {
  for (const auto& environment : images_.call(api::ListEnvironments{}, work).environments) {
    if (!environment.installed) continue;
    return images_.call(api::ResolveEnvironment{.environment = environment.name}, work);
  }
  return std::nullopt;
}

api::HostCapabilities MachinesHandler::handle(const api::GetCapabilities& request,
                                              bus::Call& call) {
  api::HostCapabilities found =
      host_.describe(installed_boot_files(call.work()), request.reprobe, call.stop());
  found.active_machines = machines_.count();
  found.max_active = machines_.max_active();
  return found;
}

}  // namespace pyro::vm
