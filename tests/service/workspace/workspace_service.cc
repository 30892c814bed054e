#include "tests/service/workspace/workspace_service.h"

#include <filesystem>
#include <thread>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/random.h"

namespace pyro::workspace {
namespace {

namespace fs = std::filesystem;
using api::MachineState;

/// A super block of ext4 that tells of one block of 1 KiB and more than that behind it.
std::string whole_volume() {
  std::string volume(2048, '\0');
  volume[1024 + 0x4] = 1;
  volume[1024 + 0x38] = '\x53';
  volume[1024 + 0x39] = '\xEF';
  return volume;
}

}  // namespace

WorkspaceService::WorkspaceService() {
  vm_.emplace(stack_.paths(), "vm");
  files_.emplace(stack_.paths(), "files");
  answer_as_vm();
  answer_as_files();
  settings_["PYRO_FAULTS"] = (stack_ / "faults").string();
  start_service();
}

WorkspaceService::~WorkspaceService() {
  points_.release();
  service_.reset();
  // Their threads use the members below them.
  vm_.reset();
  files_.reset();
}

void WorkspaceService::start_service() {
  service_.emplace("pyro-workspace", stack_.paths(), settings_);
}

void WorkspaceService::restart() {
  service_->kill();
  start_service();
}

WorkspaceService::KnownMachine& WorkspaceService::machine(const std::string& vm_id) {
  const auto found = machines_.find(vm_id);
  if (found == machines_.end()) throw not_found("vm '{}' does not exist", vm_id);
  return found->second;
}

api::NetworkRules WorkspaceService::rules_of(const std::string& workspace_id) {
  const std::string vm_id = machines_of(workspace_id).at(0);
  const std::lock_guard lock(mutex_);
  return machine(vm_id).rules;
}

void WorkspaceService::answer_as_vm() {
  const auto change = [this](const std::string& vm_id, const auto& how) {
    const std::lock_guard lock(mutex_);
    KnownMachine& known = machine(vm_id);
    how(known);
    return known.machine;
  };
  vm_->on<api::CreateMachine>([this](const api::CreateMachine& request) {
    const std::lock_guard lock(mutex_);
    api::Machine made{.vm_id = new_id(), .created_at = 1000};
    made.environment = request.environment;
    made.environment_version = "1";
    made.network_enabled = request.network_rules && request.network_rules->has_network();
    machines_[made.vm_id] = {.workspace_id = request.workspace_id.value_or(""),
                             .machine = made,
                             .rules = request.network_rules.value_or(api::NetworkRules{})};
    return made;
  });
  vm_->on<api::StartMachine>([this, change](const api::StartMachine& request) {
    return change(request.vm_id, [this](KnownMachine& known) {
      known.machine.state = MachineState::kStarted;
      known.machine.execution_mode = starts_as_;
      known.set_aside = false;
      if (on_start_) on_start_(known.machine.vm_id);
    });
  });
  vm_->on<api::StopMachine>([change](const api::StopMachine& request) {
    return change(request.vm_id, [&request](KnownMachine& known) {
      known.machine.state = MachineState::kStopped;
      known.set_aside = request.set_aside;
    });
  });
  vm_->on<api::MountVolume>([change](const api::MountVolume& request) {
    if (!fs::exists(request.volume)) throw not_found("there is no volume");
    return change(request.vm_id, [](KnownMachine&) {});
  });
  vm_->on<api::MachineStatus>([change](const api::MachineStatus& request) {
    return change(request.vm_id, [](KnownMachine&) {});
  });
  vm_->on<api::MachineNetworkInfo>([this](const api::MachineNetworkInfo& request) {
    const std::lock_guard lock(mutex_);
    const bool on = machine(request.vm_id).rules.has_network();
    return api::MachineNetwork{
        .vm_id = request.vm_id, .network_enabled = on, .outbound_connectivity_expected = on};
  });
  vm_->on<api::SetMachineNetwork>([this](const api::SetMachineNetwork& request) {
    const std::lock_guard lock(mutex_);
    if (network_error_) throw *std::exchange(network_error_, std::nullopt);
    KnownMachine& known = machine(request.vm_id);
    known.rules = request.rules;
    known.machine.network_enabled = request.rules.has_network();
    return api::MachineNetwork{.vm_id = request.vm_id};
  });
  vm_->on<api::DeleteMachine>([this](const api::DeleteMachine& request) {
    if (failing_deletes_-- > 0) throw internal_error("it cannot be deleted now");
    const std::lock_guard lock(mutex_);
    machine(request.vm_id);
    machines_.erase(request.vm_id);
    return api::Cleanup{.vm_id = request.vm_id, .deleted = true};
  });
  vm_->on<api::ListWorkspaceMachines>([this](const api::ListWorkspaceMachines&) {
    const std::lock_guard lock(mutex_);
    api::WorkspaceMachines all;
    for (const auto& [vm_id, known] : machines_) {
      all.machines.push_back({known.workspace_id, known.machine});
    }
    return all;
  });
}

void WorkspaceService::answer_as_files() {
  const auto make_volume = [](const std::string& volume) {
    if (fs::exists(volume)) throw already_exists("'{}' exists", volume);
    write_file_atomically(volume, whole_volume());
  };
  files_->on<api::BuildVolume>([make_volume](const api::BuildVolume& request) {
    make_volume(request.volume);
    return api::WorkspaceSeed{{{.entry_count = 3, .bytes_written = 30}}};
  });
  files_->on<api::CopyVolume>([make_volume](const api::CopyVolume& request) {
    make_volume(request.volume);
    return api::TreeSize{.entry_count = 4, .bytes_written = 40};
  });
  files_->on<api::OnMachine<api::WriteFile>>([](const api::OnMachine<api::WriteFile>& on) {
    return api::FileWritten{.path = "/workspace/" + on.request.path,
                            .size_bytes = on.request.text.size(),
                            .bytes_written = on.request.text.size()};
  });
  files_->on<api::OnMachine<api::PushSync>>([](const api::OnMachine<api::PushSync>& on) {
    return api::PushedSync{
        .workspace_sync = {.source_path = on.request.source_path, .destination = on.request.dest}};
  });
  files_->on<api::OnMachine<api::ApplyPatch>>([](const api::OnMachine<api::ApplyPatch>&) {
    return api::PatchApplied{.changed = true, .entries = {{.path = "b.txt"}, {.path = "c.txt"}}};
  });
  files_->on<api::OnMachine<api::ExportPath>>([](const api::OnMachine<api::ExportPath>& on) {
    return api::Exported{.workspace_path = "/workspace/" + on.request.path,
                         .output_path = on.request.output_path};
  });
  files_->on<api::OnMachine<api::DiffWorkspace>>(
      [](const api::OnMachine<api::DiffWorkspace>&) { return api::Diff{}; });
}

std::string WorkspaceService::create(std::uint32_t ttl_seconds) {
  return call(api::CreateWorkspace{.environment = "debian:12", .ttl_seconds = ttl_seconds})
      .workspace_id;
}

api::WorkspaceSummary WorkspaceService::summary(const std::string& workspace_id) {
  return call(api::SummarizeWorkspace{.workspace_id = workspace_id});
}

api::FileWritten WorkspaceService::write(const std::string& workspace_id, const std::string& path) {
  return call(api::WriteFile{.workspace_id = workspace_id, .path = path, .text = "text"});
}

std::vector<std::string> WorkspaceService::machines_of(const std::string& workspace_id) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  for (const auto& [vm_id, known] : machines_) {
    if (known.workspace_id == workspace_id) found.push_back(vm_id);
  }
  return found;
}

std::size_t WorkspaceService::set_aside_count() {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(machines_.begin(), machines_.end(),
                    [](const auto& known) { return known.second.set_aside; }));
}

std::size_t WorkspaceService::machine_count() {
  const std::lock_guard lock(mutex_);
  return machines_.size();
}

std::size_t WorkspaceService::directory_count() const {
  const fs::directory_iterator all(stack_.paths().workspaces_dir());
  return static_cast<std::size_t>(std::distance(fs::begin(all), fs::end(all)));
}

OwnedDirectories WorkspaceService::directories() const {
  return {stack_.paths().workspaces_dir(), "workspace", Registry(stack_.paths().registry()).id()};
}

void WorkspaceService::add_machine(const std::string& workspace_id) {
  const std::lock_guard lock(mutex_);
  const std::string vm_id = new_id();
  machines_[vm_id] = {workspace_id, {.vm_id = vm_id, .created_at = 1000}};
}

void WorkspaceService::change_record(const std::string& workspace_id,
                                     const std::function<void(WorkspaceRecord&)>& change) {
  Registry registry(stack_.paths().registry());
  RecordTable<WorkspaceRecord> records(registry, "workspaces");
  auto record = records.get(workspace_id);
  ASSERT_TRUE(record);
  change(*record);
  records.put(workspace_id, *record);
}

}  // namespace pyro::workspace
