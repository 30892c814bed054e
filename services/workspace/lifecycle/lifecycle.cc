#include "services/workspace/lifecycle/lifecycle.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "common/api/message_type.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/base/reasons/machine.h"
#include "common/disk/free_space.h"
#include "common/fault/fault.h"
#include "common/log/log.h"
#include "common/secrets/redacted_message.h"
#include "services/workspace/names.h"
#include "services/workspace/workspace_paths.h"

namespace pyro::workspace {
namespace {

namespace fs = std::filesystem;
using api::MachineState;

bool is_asked_for(const WorkspaceRecord& record, const api::ListWorkspaces& request) {
  if (!request.project || record.workspace.project == request.project) return true;
  const auto& also = request.handed_over;
  return std::find(also.begin(), also.end(), record.id()) != also.end();
}

/// Whether the guest or its disks failed, and not what the host or the caller allows.
bool may_start_no_more(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kCancelled:
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kAlreadyExists:
      return false;
    case ErrorCode::kNotFound:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kUnavailable:
    case ErrorCode::kInternal:
      return error.reason() != reason::kMachineLost.name();
  }
  return false;
}

Error overtaken(const std::string& workspace_id, std::string_view what) {
  return failed_precondition(reason::kOvertaken, "workspace {} was {} meanwhile", workspace_id,
                             what);
}

}  // namespace

Lifecycle::Lifecycle(const Paths& paths, std::uint32_t keep_free_mib,
                     const OwnedDirectories& directories, Workspaces& workspaces,
                     Machines& machines, Sandboxes& sandboxes, const Descriptions& descriptions,
                     const SnapshotStore& snapshots, const Networks& networks, Secrets& secrets,
                     Garbage& garbage)
    : paths_(paths),
      keep_free_mib_(keep_free_mib),
      directories_(directories),
      workspaces_(workspaces),
      machines_(machines),
      sandboxes_(sandboxes),
      descriptions_(descriptions),
      snapshots_(snapshots),
      networks_(networks),
      secrets_(secrets),
      garbage_(garbage) {}

api::Workspace Lifecycle::handle(const api::CreateWorkspace& request, bus::Call& call) {
  return create(request, call, Lifetime::kOwn);
}

api::Workspace Lifecycle::create(const api::CreateWorkspace& request, const bus::Call& call,
                                 Lifetime lifetime) {
  require_free_disk(paths_.state_dir, keep_free_mib_);
  if (request.name) check_name(*request.name);
  check_labels(request.labels);
  const auto secrets = Secrets::taken(request.secrets);
  try {
    return create(request, secrets, call, lifetime);
  } catch (const Error& error) {
    throw redacted_error(Redactor(values_of(secrets.secrets)), error);
  }
}

api::Workspace Lifecycle::create(const api::CreateWorkspace& request, const SecretFile& secrets,
                                 const bus::Call& call, Lifetime lifetime) {
  WorkspaceRecord record{.workspace = {.workspace_id = new_id()},
                         .throwaway = lifetime == Lifetime::kOfThisService};
  api::assign_fields(record.workspace, request);
  secrets_.describe(record, secrets);
  networks_.set_policy(record);
  Secrets::check_shown(Redactor(values_of(secrets.secrets)), record.workspace);
  const WorkspacePaths files(paths_, record.id());
  Cleanup collect([this] { garbage_.wake(); });  // the last, once it is no longer in the making
  const Garbage::Making making(garbage_, record.id());
  Cleanup take_back([this, &record, &files] {
    std::error_code ignored;
    if (!record.vm_id.empty()) sandboxes_.remove_if_possible(record.vm_id);
    secrets_.forget_if_possible(record.id());
    remove_marked_directory(files.directory, ignored);
  });
  directories_.make(record.id());
  fault::point("workspace.create.directory");
  secrets_.keep(record.id(), secrets);
  Sandboxes::Seeded made = sandboxes_.make_seeded({.workspace = record.workspace,
                                                   .network = record.rules(),
                                                   .boot = request.boot,
                                                   .volume = files.baseline()},
                                                  request, call, call.stop());
  record.workspace.environment_version = made.machine.environment_version;
  record.workspace.workspace_seed = made.seed;
  record.workspace.created_at = record.session_started_at = now_epoch_seconds();
  mark_active(record);
  record.maker = request.maker;
  record.vm_id = made.machine.vm_id;
  secrets_.install(record, made.machine, call.work());
  descriptions_.write(record);
  fault::point("workspace.create.described");
  workspaces_.table().add(record);
  take_back.dismiss();
  collect.dismiss();
  fault::point("workspace.create.recorded");
  workspaces_.expiry_changed();
  log::info("workspace {} was created on vm {}", record.id(), record.vm_id);
  return workspaces_.describe(record, made.machine);
}

api::WorkspaceList Lifecycle::handle(const api::ListWorkspaces& request, bus::Call&) {
  std::map<std::string, api::Machine> machines;
  for (auto& found : machines_.all().machines) {
    machines.emplace(found.machine.vm_id, std::move(found.machine));
  }
  api::WorkspaceList list;
  for (const auto& record : workspaces_.table().all()) {
    if (!is_asked_for(record, request)) continue;
    const auto machine = machines.find(record.vm_id);
    api::WorkspaceEntry& entry = list.workspaces.emplace_back();
    api::assign_fields(
        entry, workspaces_.describe(record, machine == machines.end()
                                                ? api::Machine{.state = MachineState::kStopped}
                                                : machine->second));
    entry.lost_snapshots = snapshots_.lost(record);
  }
  std::sort(list.workspaces.begin(), list.workspaces.end(),
            [](const auto& a, const auto& b) { return a.last_activity_at > b.last_activity_at; });
  list.count = static_cast<std::uint32_t>(list.workspaces.size());
  list.workspaces.erase(list.workspaces.begin(),
                        list.workspaces.begin() + std::min(request.offset, list.count));
  return list;
}

api::Workspace Lifecycle::handle(const api::WorkspaceStatus& request, bus::Call& call) {
  const WorkspaceRecord record = workspaces_.find(request.workspace_id);
  api::Workspace workspace = workspaces_.describe(record, call.work());
  workspace.lost_snapshots = snapshots_.lost(record);
  return workspace;
}

api::Workspace Lifecycle::handle(const api::UpdateWorkspace& request, bus::Call& call) {
  if (request.name && request.clear_name) {
    throw invalid_argument("name and clear_name exclude each other");
  }
  if (request.name) check_name(*request.name);
  check_labels(request.labels);
  const Workspaces::Use use(workspaces_, request.workspace_id);
  if (const auto redactor = secrets_.redactor(workspaces_.table().find(request.workspace_id))) {
    Secrets::check_shown(*redactor, {.name = request.name, .labels = request.labels});
  }
  const WorkspaceRecord record =
      workspaces_.table().update(request.workspace_id, [&request](WorkspaceRecord& changed) {
        api::Workspace& workspace = changed.workspace;
        if (request.name) workspace.name = request.name;
        if (request.clear_name) workspace.name.reset();
        for (const auto& key : request.clear_labels) workspace.labels.erase(key);
        for (const auto& [key, value] : request.labels) workspace.labels[key] = value;
        mark_active(changed);
      });
  workspaces_.changed(request.workspace_id);
  return workspaces_.describe(record, call.work());
}

api::Workspace Lifecycle::handle(const api::StartWorkspace& request, bus::Call& call) {
  const std::string& workspace_id = request.workspace_id;
  const Workspaces::Use use(workspaces_, workspace_id);
  const auto turn = use.turns().begin(call.stop());
  WorkspaceRecord record = workspaces_.table().find(workspace_id);
  const Work work = call.work().stopped_by(turn->stop());
  api::Machine machine = turn->run([&] { return machines_.status(record.vm_id, work); });
  if (Machines::is_gone(machine)) {
    throw failed_precondition(reason::kMachineLost, "workspace {} cannot be started: {}",
                              workspace_id, *machine.last_error);
  }
  const bool starts = machine.state != MachineState::kStarted;
  if (starts) {
    machine = turn->run([&] { return start_machine(record, machine, work); });
    fault::point("workspace.start.started");
  }
  if (starts || record.expired_at) {
    record = workspaces_.table().update(workspace_id, [&request](WorkspaceRecord& changed) {
      changed.bring_back();
      if (request.maker) changed.maker = request.maker;
      mark_active(changed);
    });
  }
  return workspaces_.describe(record, machine);
}

api::Machine Lifecycle::start_machine(const WorkspaceRecord& record, const api::Machine& stopped,
                                      const Work& work) {
  try {
    secrets_.uninstalled(record.vm_id);
    api::Machine started = machines_.start(record.vm_id, work);
    fault::point("workspace.start.booted");
    secrets_.install(record, started, work);
    return started;
  } catch (const Error& error) {
    const bool has_disks = stopped.execution_mode != api::ExecutionMode::kHostCompat;
    if (!has_disks || !may_start_no_more(error)) throw;
    throw Error(error.code(), error.reason(),
                fmt::format("{}; as long as it does not start, `pyro workspace disk` still lists, "
                            "reads and exports what its disks hold",
                            error.message()));
  }
}

api::Workspace Lifecycle::handle(const api::StopWorkspace& request, bus::Call&) {
  const Registry::Urgent urgent;
  const std::string& workspace_id = request.workspace_id;
  const Workspaces::Use use(workspaces_, workspace_id);
  const auto turn = use.turns().interrupt(overtaken(workspace_id, "stopped"));
  const WorkspaceRecord record = workspaces_.table().find(workspace_id);
  end_all(record);
  fault::point("workspace.stop.jobs_ended");
  const api::Machine machine = machines_.stop(record.vm_id);
  workspaces_.table().touch(workspace_id);
  return workspaces_.describe(workspaces_.table().find(workspace_id), machine);
}

api::Workspace Lifecycle::handle(const api::ResetWorkspace& request, bus::Call& call) {
  const std::string& workspace_id = request.workspace_id;
  const Workspaces::Use use(workspaces_, workspace_id);
  // An invalid request interrupts nothing.
  snapshots_.find_whole(workspaces_.table().find(workspace_id), request.snapshot);
  const auto turn = use.turns().interrupt(overtaken(workspace_id, "reset"), call.stop());
  const WorkspaceRecord before = workspaces_.table().find(workspace_id);
  const api::Snapshot snapshot = snapshots_.find_whole(before, request.snapshot);
  end_all(before);
  fault::point("workspace.reset.jobs_ended");
  turn->run([&] { swap_machine(before, request, snapshot, call, turn->stop()); });
  const WorkspaceRecord record = workspaces_.table().find(workspace_id);
  workspaces_.changed(workspace_id);
  fault::point("workspace.reset.described");
  // All of these are garbage by now, which the collector removes when we do not come to it.
  try {
    machines_.remove(before.vm_id);
    fault::point("workspace.reset.old_machine_gone");
    for (Part* part : workspaces_.parts()) part->collect_garbage(record);
  } catch (const std::exception& error) {
    log::warn("workspace {}: cleanup incomplete after the reset, will retry: {}", workspace_id,
              error.what());
    garbage_.wake();
  }
  log::info("workspace {} was reset to '{}' on vm {}", workspace_id, request.snapshot,
            record.vm_id);
  api::Workspace workspace = workspaces_.describe(record, call.work());
  workspace.workspace_reset = api::WorkspaceReset{snapshot, snapshot.snapshot_name,
                                                  std::string(api::name_of(snapshot.kind))};
  return workspace;
}

void Lifecycle::end_all(const WorkspaceRecord& record) {
  for (Part* part : workspaces_.parts()) part->end_all(record);
}

/// The new machine is complete before the record names it: until then the old one stands.
void Lifecycle::swap_machine(const WorkspaceRecord& before, const api::ResetWorkspace& request,
                             const api::Snapshot& snapshot, const bus::Call& call,
                             const std::stop_token& stop) {
  try {
    const api::Machine machine = sandboxes_.make(
        {.workspace = before.workspace,
         .network = before.rules(),
         .boot = request.boot,
         .replaces = before.vm_id,
         .volume = snapshots_.volume_of(before, snapshot.snapshot_name),
         .volume_is_foreign = snapshots_.is_foreign(before, snapshot.snapshot_name)},
        call, stop);
    Cleanup remove_again([&] { sandboxes_.remove_if_possible(machine.vm_id); });
    secrets_.install(before, machine, call.work().stopped_by(stop));
    workspaces_.table().update(before.id(), [&machine](WorkspaceRecord& record) {
      record.vm_id = machine.vm_id;
      record.workspace.environment_version = machine.environment_version;
      ++record.session;
      ++record.workspace.reset_count;
      record.bring_back();
      mark_active(record);
      record.session_started_at = record.workspace.last_activity_at;
      record.workspace.last_reset_at = record.session_started_at;
    });
    remove_again.dismiss();
    fault::point("workspace.reset.recorded");
  } catch (const Error& error) {
    reset_failed(before, error.message());
    throw error.within(fmt::format("reset workspace '{}'", before.id()));
  }
}

void Lifecycle::reset_failed(const WorkspaceRecord& record, const std::string& why) {
  WorkspaceTable& table = workspaces_.table();
  try {
    const auto redactor = secrets_.redactor(record);
    const std::string shown = redactor ? redactor->redact(why) : why;
    table.update(record.id(), [&shown](WorkspaceRecord& changed) {
      changed.workspace.last_error = "reset failed: " + shown;
      changed.must_stop = true;
    });
    machines_.stop(record.vm_id);
    table.update(record.id(), [](WorkspaceRecord& changed) { changed.must_stop = false; });
  } catch (const Error& error) {
    log::error("workspace {} is not stopped yet after its reset failed: {}", record.id(),
               error.message());
    garbage_.wake();
  }
}

api::DeletedWorkspace Lifecycle::handle(const api::DeleteWorkspace& request, bus::Call&) {
  const Registry::Urgent urgent;
  const std::string& workspace_id = request.workspace_id;
  const api::DeletedWorkspace deleted{{.workspace_id = workspace_id}, true, "explicit_delete"};
  if (workspaces_.table().is_unreadable(workspace_id)) {
    const auto state = workspaces_.live(workspace_id);
    const auto turn = state->turns.interrupt(overtaken(workspace_id, "deleted"));
    workspaces_.table().erase(workspace_id);
    garbage_.wake();  // which all of it is now
    return deleted;
  }
  const Workspaces::Use use(workspaces_, workspace_id);
  const auto turn = use.turns().interrupt(overtaken(workspace_id, "deleted"));
  erase(workspaces_.table().find(workspace_id), Ending::kDeleted);
  return deleted;
}

/// First the record: a machine that still runs then is set aside by the next look.
void Lifecycle::expire(const std::string& workspace_id) {
  const Registry::Urgent urgent;
  workspaces_.table().update(workspace_id, [](WorkspaceRecord& record) {
    record.expired_at = now_epoch_seconds();
    record.maker.reset();
  });
  fault::point("workspace.expire.recorded");
  workspaces_.changed(workspace_id);
}

void Lifecycle::set_aside(const WorkspaceRecord& record) {
  end_all(record);
  machines_.set_aside(record.vm_id);
  fault::point("workspace.expire.set_aside");
}

/// First the record: what is left of it then is garbage. Its commands end with its machine.
void Lifecycle::erase(const WorkspaceRecord& record, Ending ending) {
  const Registry::Urgent urgent;
  const std::string& workspace_id = record.id();
  if (ending == Ending::kExpired) {
    workspaces_.table().erase_expired(workspace_id);
  } else {
    workspaces_.table().erase(workspace_id);
  }
  fault::point("workspace.delete.record_gone");
  try {
    machines_.remove(record.vm_id);
    fault::point("workspace.delete.machine_gone");
    for (Part* part : workspaces_.parts()) part->forget(workspace_id);
    remove_marked_directory(WorkspacePaths(paths_, workspace_id).directory);
  } catch (const std::exception& error) {
    log::warn("workspace {}: cleanup incomplete, will retry: {}", workspace_id, error.what());
    garbage_.wake();
  }
  workspaces_.forget(workspace_id);
}

}  // namespace pyro::workspace
