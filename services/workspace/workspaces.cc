#include "services/workspace/workspaces.h"

#include <algorithm>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/fault/fault.h"
#include "common/log/log.h"
#include "services/workspace/names.h"
#include "services/workspace/workspace_paths.h"

namespace pyro::workspace {
namespace {

namespace fs = std::filesystem;
using api::MachineState;

/// `workspace_exec` of `workspace.exec`; `snapshot_create` of `workspace.snapshot_create`.
std::string tool_name(std::string_view method) {
  std::string name(method);
  std::replace(name.begin(), name.end(), '.', '_');
  constexpr std::string_view kSnapshot = "workspace_snapshot_";
  return name.starts_with(kSnapshot) ? name.substr(std::string_view("workspace_").size()) : name;
}

void refuse_network(api::NetworkPolicy policy) {
  if (policy == api::NetworkPolicy::kOff) return;
  throw failed_precondition(
      reason::kNoNetwork,
      "this pyro gives workspaces no network yet: create the workspace with network_policy off");
}

}  // namespace

Workspaces::Use::Use(Workspaces& workspaces, const std::string& workspace_id)
    : workspaces_(workspaces) {
  workspaces.find(workspace_id);
  live_ = workspaces.live(workspace_id);
  ++live_->calls;
}

Workspaces::Use::~Use() {
  // It may have held off the expiry.
  if (--live_->calls == 0) workspaces_.wake_reaper();
}

Workspaces::Workspaces(Registry& registry, Paths paths, bus::Client& machines, bus::Client& files)
    : paths_(std::move(paths)),
      files_(files),
      sandboxes_(machines, files, [this] { collector_->wake(); }),
      table_(registry),
      journal_(registry, paths_),
      reviews_(registry),
      snapshots_(registry, paths_) {
  jobs_.emplace(
      paths_, journal_,
      Jobs::Hooks{
          .recorded = [this](const std::string& workspace_id) { table_.touch(workspace_id); },
          .done = [this] { wake_reaper(); }});
  adopt_jobs();
  collector_ = std::make_unique<Collector>([this] { collect_garbage(); });
  const std::lock_guard lock(mutex_);
  reaper_ = std::make_unique<Reaper>(Reaper::Hooks{.next_expiry = [this] { return next_expiry(); },
                                                   .reap = [this] { reap_expired(); }});
}

Workspaces::~Workspaces() {
  std::unique_ptr<Reaper> reaper;
  {
    const std::lock_guard lock(mutex_);
    reaper = std::move(reaper_);
  }
  reaper.reset();
  collector_.reset();
  jobs_.reset();
}

void Workspaces::wake_reaper() {
  const std::lock_guard lock(mutex_);
  if (reaper_) reaper_->wake();
}

WorkspaceRecord Workspaces::find(const std::string& workspace_id) {
  WorkspaceRecord record = table_.find(workspace_id);
  if (record.workspace.expires_at > now_epoch_seconds() || live(workspace_id)->calls > 0 ||
      jobs_->any(workspace_id)) {
    return record;
  }
  wake_reaper();
  throw not_found(reason::kWorkspaceExpired, "workspace '{}' expired and was automatically deleted",
                  workspace_id);
}

std::optional<double> Workspaces::near_expiry(const std::string& workspace_id) const {
  const auto record = table_.get(workspace_id);
  if (!record || jobs_->any(workspace_id)) return std::nullopt;
  const api::Workspace& workspace = record->workspace;
  const double left = workspace.expires_at - now_epoch_seconds();
  if (left >= api::kLastPartOfLife * workspace.ttl_seconds) return std::nullopt;
  return workspace.expires_at;
}

std::shared_ptr<Workspaces::Live> Workspaces::live(const std::string& workspace_id) {
  const std::lock_guard lock(mutex_);
  auto& live = live_[workspace_id];
  if (!live) live = std::make_shared<Live>();
  return live;
}

api::Workspace Workspaces::describe(const WorkspaceRecord& record,
                                    const api::Machine& machine) const {
  api::Workspace workspace = record.workspace;
  workspace.state = machine.state;
  workspace.execution_mode = machine.execution_mode;
  workspace.network_enabled = machine.network_enabled;
  workspace.guest_ip = machine.guest_ip;
  workspace.tap_name = machine.tap_name;
  workspace.metadata = machine.metadata;
  if (machine.last_error) workspace.last_error = machine.last_error;
  workspace.command_count = journal_.count(record);
  if (const auto last = journal_.recent(record, 1); !last.empty()) {
    workspace.last_command = last.front().summary();
  }
  return workspace;
}

api::Workspace Workspaces::create(const api::CreateWorkspace& request, const bus::Call& call,
                                  Lifetime lifetime) {
  refuse_network(request.network_policy);
  if (request.name) check_name(*request.name);
  check_labels(request.labels);
  WorkspaceRecord record{.workspace = {.workspace_id = new_id(),
                                       .name = request.name,
                                       .labels = request.labels,
                                       .environment = request.environment,
                                       .vcpu_count = request.vcpu_count,
                                       .mem_mib = request.mem_mib,
                                       .ttl_seconds = request.ttl_seconds,
                                       .network_policy = request.network_policy,
                                       .allow_host_compat = request.allow_host_compat},
                         .throwaway = lifetime == Lifetime::kOfThisService};
  const WorkspacePaths files(paths_, record.id());
  {
    const std::lock_guard lock(mutex_);
    in_making_.insert(record.id());
  }
  bool failed = true;
  Cleanup made([this, &record, &files, &failed] {
    std::error_code ignored;
    if (failed && !record.vm_id.empty()) sandboxes_.remove_if_possible(record.vm_id);
    if (failed) fs::remove_all(files.directory, ignored);
    const std::lock_guard lock(mutex_);
    in_making_.erase(record.id());
    if (failed) collector_->wake();
  });
  make_private_directory(files.directory);
  fault::point("workspace.create.directory");
  Sandboxes::Seeded made_sandbox = sandboxes_.make_seeded(
      {.workspace = record.workspace, .boot = request.boot, .volume = files.baseline()}, request,
      call, call.stop());
  record.workspace.environment_version = made_sandbox.machine.environment_version;
  record.workspace.workspace_seed = made_sandbox.seed;
  record.workspace.created_at = record.session_started_at = now_epoch_seconds();
  mark_active(record);
  record.vm_id = made_sandbox.machine.vm_id;
  table_.add(record);
  failed = false;
  fault::point("workspace.create.recorded");
  wake_reaper();
  log::info("workspace {} was created on vm {}", record.id(), record.vm_id);
  return describe(record, made_sandbox.machine);
}

api::WorkspaceList Workspaces::list() {
  std::map<std::string, api::Machine> machines;
  for (auto& found : sandboxes_.all().machines) {
    machines.emplace(found.machine.vm_id, std::move(found.machine));
  }
  api::WorkspaceList list;
  for (const auto& record : table_.all()) {
    const auto machine = machines.find(record.vm_id);
    const api::Workspace& known = record.workspace;
    list.workspaces.push_back(
        {.workspace_id = record.id(),
         .name = known.name,
         .labels = known.labels,
         .environment = known.environment,
         .state = machine == machines.end() ? MachineState::kStopped : machine->second.state,
         .created_at = known.created_at,
         .last_activity_at = known.last_activity_at,
         .expires_at = known.expires_at,
         .command_count = journal_.count(record)});
  }
  std::sort(list.workspaces.begin(), list.workspaces.end(),
            [](const auto& a, const auto& b) { return a.last_activity_at > b.last_activity_at; });
  list.count = static_cast<std::uint32_t>(list.workspaces.size());
  return list;
}

api::Workspace Workspaces::status(const std::string& workspace_id, const bus::Call& call) {
  const WorkspaceRecord record = find(workspace_id);
  return describe(record, sandboxes_.status(record.vm_id, call.work()));
}

api::Workspace Workspaces::update(const api::UpdateWorkspace& request, const bus::Call& call) {
  if (request.name && request.clear_name) {
    throw invalid_argument("name and clear_name exclude each other");
  }
  if (request.name) check_name(*request.name);
  check_labels(request.labels);
  const Use use(*this, request.workspace_id);
  const WorkspaceRecord record =
      table_.update(request.workspace_id, [&request](WorkspaceRecord& changed) {
        api::Workspace& workspace = changed.workspace;
        if (request.name) workspace.name = request.name;
        if (request.clear_name) workspace.name.reset();
        for (const auto& key : request.clear_labels) workspace.labels.erase(key);
        for (const auto& [key, value] : request.labels) workspace.labels[key] = value;
        mark_active(changed);
      });
  return describe(record, sandboxes_.status(record.vm_id, call.work()));
}

api::Workspace Workspaces::start(const std::string& workspace_id, const bus::Call& call) {
  const Use use(*this, workspace_id);
  const auto turn = use.live().turns.begin(call.stop());
  const WorkspaceRecord record = table_.find(workspace_id);
  const Work work = call.work().stopped_by(turn->stop());
  api::Machine machine = turn->run([&] { return sandboxes_.status(record.vm_id, work); });
  if (Sandboxes::is_gone(machine)) {
    throw failed_precondition(reason::kMachineLost, "workspace {} cannot be started: {}",
                              workspace_id, *machine.last_error);
  }
  if (machine.state != MachineState::kStarted) {
    machine = turn->run([&] { return sandboxes_.start(record.vm_id, work); });
    fault::point("workspace.start.started");
    table_.update(workspace_id, [](WorkspaceRecord& changed) {
      changed.workspace.last_error.reset();
      changed.must_stop = false;
      mark_active(changed);
    });
  }
  return describe(table_.find(workspace_id), machine);
}

api::Workspace Workspaces::stop(const std::string& workspace_id) {
  const Use use(*this, workspace_id);
  const auto turn = use.live().turns.interrupt(
      failed_precondition(reason::kOvertaken, "workspace {} was stopped meanwhile", workspace_id));
  const WorkspaceRecord record = table_.find(workspace_id);
  jobs_->cancel_all(record);
  fault::point("workspace.stop.jobs_ended");
  const api::Machine machine = sandboxes_.stop(record.vm_id);
  table_.touch(workspace_id);
  return describe(table_.find(workspace_id), machine);
}

api::Workspace Workspaces::reset(const api::ResetWorkspace& request, const bus::Call& call) {
  const std::string& workspace_id = request.workspace_id;
  const Use use(*this, workspace_id);
  // What cannot be asked for interrupts nobody.
  snapshots_.find(table_.find(workspace_id), request.snapshot);
  const auto turn = use.live().turns.interrupt(
      failed_precondition(reason::kOvertaken, "workspace {} was reset meanwhile", workspace_id),
      call.stop());
  const WorkspaceRecord before = table_.find(workspace_id);
  const api::Snapshot snapshot = snapshots_.find(before, request.snapshot);
  jobs_->cancel_all(before);
  fault::point("workspace.reset.jobs_ended");
  turn->run([&] { swap_machine(before, request, snapshot, call, turn->stop()); });
  const WorkspaceRecord record = table_.find(workspace_id);
  // All of these are garbage by now, which the collector removes when we do not come to it.
  try {
    sandboxes_.remove(before.vm_id);
    fault::point("workspace.reset.old_machine_gone");
    journal_.forget_other_sessions(record);
    reviews_.forget_other_sessions(record);
  } catch (const std::exception& error) {
    log::warn("workspace {}: what was before the reset stays for now: {}", workspace_id,
              error.what());
    collector_->wake();
  }
  log::info("workspace {} was reset to '{}' on vm {}", workspace_id, request.snapshot,
            record.vm_id);
  api::Workspace workspace = describe(record, sandboxes_.status(record.vm_id, call.work()));
  workspace.workspace_reset = api::WorkspaceReset{.snapshot_name = snapshot.snapshot_name,
                                                  .kind = std::string(api::name_of(snapshot.kind)),
                                                  .entry_count = snapshot.entry_count,
                                                  .bytes_written = snapshot.bytes_written};
  return workspace;
}

/// The new machine is complete before the record names it: until then the old one stands.
void Workspaces::swap_machine(const WorkspaceRecord& before, const api::ResetWorkspace& request,
                              const api::Snapshot& snapshot, const bus::Call& call,
                              const std::stop_token& stop) {
  try {
    const api::Machine machine = sandboxes_.make(
        {.workspace = before.workspace,
         .boot = request.boot,
         .replaces = before.vm_id,
         .volume = snapshots_.volume_of(before, snapshot.snapshot_name),
         .volume_is_foreign = snapshots_.is_foreign(before, snapshot.snapshot_name)},
        call, stop);
    Cleanup remove_again([&] { sandboxes_.remove_if_possible(machine.vm_id); });
    table_.update(before.id(), [&machine](WorkspaceRecord& record) {
      record.vm_id = machine.vm_id;
      record.workspace.environment_version = machine.environment_version;
      ++record.session;
      ++record.workspace.reset_count;
      mark_active(record);
      record.session_started_at = record.workspace.last_activity_at;
      record.workspace.last_reset_at = record.session_started_at;
      record.workspace.last_error.reset();
      record.must_stop = false;
    });
    remove_again.dismiss();
    fault::point("workspace.reset.recorded");
  } catch (const Error& error) {
    reset_failed(before, error.message());
    throw error.within(fmt::format("reset workspace '{}'", before.id()));
  }
}

void Workspaces::reset_failed(const WorkspaceRecord& record, const std::string& why) {
  try {
    table_.update(record.id(), [&why](WorkspaceRecord& changed) {
      changed.workspace.last_error = "reset failed: " + why;
      changed.must_stop = true;
    });
    sandboxes_.stop(record.vm_id);
    table_.update(record.id(), [](WorkspaceRecord& changed) { changed.must_stop = false; });
  } catch (const Error& error) {
    log::error("workspace {} is not stopped yet after its reset failed: {}", record.id(),
               error.message());
    collector_->wake();
  }
}

api::DeletedWorkspace Workspaces::remove(const std::string& workspace_id, std::string_view reason) {
  const Use use(*this, workspace_id);
  const auto turn = use.live().turns.interrupt(
      failed_precondition(reason::kOvertaken, "workspace {} was deleted meanwhile", workspace_id));
  erase(table_.find(workspace_id), false);
  return {.workspace_id = workspace_id, .deleted = true, .reason = std::string(reason)};
}

/// First the record: what is left of it then is garbage. Its commands end with its machine.
void Workspaces::erase(const WorkspaceRecord& record, bool expired) {
  const std::string& workspace_id = record.id();
  if (expired) {
    table_.erase_expired(workspace_id);
  } else {
    table_.erase(workspace_id);
  }
  fault::point("workspace.delete.record_gone");
  try {
    sandboxes_.remove(record.vm_id);
    fault::point("workspace.delete.machine_gone");
    journal_.forget(workspace_id);
    reviews_.forget(workspace_id);
    snapshots_.forget(workspace_id);
    fs::remove_all(WorkspacePaths(paths_, workspace_id).directory);
  } catch (const std::exception& error) {
    log::warn("of workspace {} something stays for now: {}", workspace_id, error.what());
    collector_->wake();
  }
  const std::lock_guard lock(mutex_);
  live_.erase(workspace_id);
}

Workspaces::Started Workspaces::require_started(const std::string& workspace_id,
                                                std::string_view method, const Work& work) {
  Started started{.record = table_.find(workspace_id)};
  started.machine = sandboxes_.status(started.record.vm_id, work);
  if (started.machine.state == MachineState::kStarted) return started;
  throw failed_precondition(
      reason::kNotStarted,
      "workspace {} must be in 'started' state before {}: it is {}{}; start or reset it first",
      workspace_id, tool_name(method), api::name_of(started.machine.state),
      started.machine.last_error ? " (" + *started.machine.last_error + ")" : "");
}

api::Snapshot Workspaces::create_snapshot(const api::CreateSnapshot& request,
                                          const bus::Call& call) {
  const Use use(*this, request.workspace_id);
  const auto turn = use.live().turns.begin(call.stop());
  const Started started =
      require_started(request.workspace_id, api::CreateSnapshot::kMethod.name, call.work());
  const Work work = call.work().stopped_by(turn->stop());
  const api::Snapshot snapshot = turn->run([&] {
    const bool is_guest = started.machine.execution_mode != api::ExecutionMode::kHostCompat;
    const auto copy = [&](const fs::path& volume) {
      return files_.call(api::CopyVolume{.vm_id = started.machine.vm_id, .volume = volume.string()},
                         work);
    };
    return snapshots_.create(started.record, request.snapshot_name, is_guest, copy);
  });
  table_.touch(request.workspace_id);
  return snapshot;
}

void Workspaces::remove_snapshot(const api::DeleteSnapshot& request, const bus::Call& call) {
  const Use use(*this, request.workspace_id);
  const auto turn = use.live().turns.begin(call.stop());
  snapshots_.remove(table_.find(request.workspace_id), request.snapshot_name);
  table_.touch(request.workspace_id);
}

std::vector<api::Snapshot> Workspaces::snapshots(const std::string& workspace_id) {
  return snapshots_.all(find(workspace_id));
}

}  // namespace pyro::workspace
