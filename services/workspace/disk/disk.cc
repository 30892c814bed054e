#include "services/workspace/disk/disk.h"

#include <concepts>
#include <utility>

#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/fault/fault.h"
#include "common/log/log.h"

namespace pyro::workspace {

api::DiskPaths Disk::disks_of(const std::string& workspace_id, std::string_view method,
                              const Work& work) {
  const WorkspaceRecord record = workspaces_.find(workspace_id);
  const api::Machine machine = machines_.status(record.vm_id, work);
  if (machine.execution_mode == api::ExecutionMode::kHostCompat) {
    throw failed_precondition(reason::kNoDisk,
                              "workspace {} has no disk: it runs in host compatibility mode",
                              workspace_id);
  }
  if (machine.state == api::MachineState::kStarted) {
    throw failed_precondition(reason::kNotStopped,
                              "workspace {} must be in 'stopped' state before {}: it is started; "
                              "stop it first",
                              workspace_id, Workspaces::tool_name(method));
  }
  if (Machines::is_gone(machine)) {
    throw failed_precondition(reason::kMachineLost, "workspace {} has lost its disks: {}",
                              workspace_id, *machine.last_error);
  }
  return machines_.disks(record.vm_id, work);
}

template <class Op>
typename Op::Reply Disk::ask(const WorkspaceRecord& record, const Op& request,
                             const api::DiskPaths& disks, const Work& work) {
  return files_.call(
      api::OnDisks<Op>{.disks = disks, .request = request, .secrets = secrets_.file_of(record)},
      work);
}

/// The event of a disk export. Null where the workspace has lost its secrets: what cannot be
/// redacted is not written down, and its disk can be exported all the same.
std::unique_ptr<ReviewLog::Entry> Disk::begin_export(const WorkspaceRecord& record,
                                                     const api::ExportDisk& request) {
  try {
    secrets_.redactor(record);
  } catch (const Error& error) {
    log::error("no summary of workspace {} will tell of the export of its disk: {}", record.id(),
               error.message());
    return nullptr;
  }
  return reviews_.begin_export(
      record,
      {.workspace_path = "/workspace", .output_path = request.output_path, .disk_format = "ext4"});
}

api::DiskExported Disk::export_disk(const WorkspaceRecord& record, const api::ExportDisk& request,
                                    const api::DiskPaths& disks, const Work& work) {
  const auto entry = begin_export(record, request);
  fault::point("workspace.disk.noted");
  try {
    auto exported = ask(record, request, disks, work);
    if (entry) entry->confirm();
    return exported;
  } catch (const Error& error) {
    if (entry) entry->failed(error);
    throw;
  }
}

/// Its turn: a start waits until the disks are read; stop, reset and delete end the reading.
template <class Op>
typename Op::Reply Disk::answer(const Op& request, const bus::Call& call) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const auto turn = use.turns().begin(call.stop());
  const Work work = call.work().stopped_by(turn->stop());
  auto reply = turn->run([&] {
    const api::DiskPaths disks = disks_of(request.workspace_id, Op::kMethod.name, work);
    const WorkspaceRecord record = workspaces_.find(request.workspace_id);
    if constexpr (std::same_as<Op, api::ExportDisk>) {
      return export_disk(record, request, disks, work);
    } else {
      return ask(record, request, disks, work);
    }
  });
  fault::point("workspace.disk.answered");
  return workspaces_.about(request.workspace_id, std::move(reply));
}

api::DiskExported Disk::handle(const api::ExportDisk& request, bus::Call& call) {
  return answer(request, call);
}

api::FileList Disk::handle(const api::ListDisk& request, bus::Call& call) {
  return answer(request, call);
}

api::FileContent Disk::handle(const api::ReadDisk& request, bus::Call& call) {
  return answer(request, call);
}

}  // namespace pyro::workspace
