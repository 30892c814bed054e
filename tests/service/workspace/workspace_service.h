#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "common/api/disks.h"
#include "common/api/files.h"
#include "common/api/machine.h"
#include "common/api/workspace.h"
#include "common/api/workspace_commands.h"
#include "common/api/workspace_snapshots.h"
#include "common/api/workspace_summary.h"
#include "common/ownership/owned_directories.h"
#include "common/registry/registry.h"
#include "services/workspace/workspace_record.h"
#include "tests/fault/fault_points.h"
#include "tests/support/errors.h"
#include "tests/support/fake_service.h"
#include "tests/support/service_process.h"
#include "tests/support/soon.h"

namespace pyro::workspace {

using pyro::testing::error_of;
using pyro::testing::Refused;

/// The workspace service alone, over a real registry: its neighbours are fakes that keep machines
/// and volumes as a vm service and a files service would, without a guest.
class WorkspaceService : public ::testing::Test {
 protected:
  using FakeVm = testing::FakeService<
      api::Api<api::CreateMachine, api::StartMachine, api::StopMachine, api::DeleteMachine,
               api::MachineStatus, api::MountVolume, api::ListWorkspaceMachines,
               api::MachineNetworkInfo, api::SetMachineNetwork>,
      api::MachineDisksApi>;
  using FakeFiles = testing::FakeService<api::VolumesApi, api::MachineFilesApi, api::DiskFilesApi>;

  WorkspaceService();
  ~WorkspaceService() override;

  void start_service();
  /// kill -9, and a new one.
  void restart();

  template <class Op>
  typename Op::Reply call(const Op& request, const std::stop_token& stop = {}) {
    return client_.call(request,
                        {.deadline = Clock::now() + std::chrono::seconds(30), .stop = stop});
  }
  template <class Op>
  typename Op::Reply call_within(std::chrono::milliseconds time, const Op& request) {
    return client_.call(request, {.deadline = Clock::now() + time});
  }
  std::string create(std::uint32_t ttl_seconds = 600);
  api::WorkspaceSummary summary(const std::string& workspace_id);
  api::FileWritten write(const std::string& workspace_id, const std::string& path = "a.txt");

  /// The machines that there are, by the ids of their workspaces.
  std::vector<std::string> machines_of(const std::string& workspace_id);
  std::size_t machine_count();
  /// Those that were stopped so that they do not count as active.
  std::size_t set_aside_count();
  /// What the workspace's machine may reach.
  api::NetworkRules rules_of(const std::string& workspace_id);
  /// The next change of a machine's network fails.
  void fail_network(Error error) { network_error_ = std::move(error); }
  /// One that the service did not ask for.
  void add_machine(const std::string& workspace_id);
  /// The next `count` deletions of machines fail.
  void fail_deletes(int count) { failing_deletes_ = count; }
  std::size_t directory_count() const;
  /// Those of the registry as it is now, while the service does not run.
  OwnedDirectories directories() const;

  /// Changes the record of a workspace behind the service's back, while that does not run.
  void change_record(const std::string& workspace_id,
                     const std::function<void(WorkspaceRecord&)>& change);

  /// Hears of each machine that is started, before its caller does. Under the fakes' own lock.
  std::function<void(const std::string& vm_id)> on_start_;
  /// What machines run as.
  api::ExecutionMode starts_as_ = api::ExecutionMode::kGuestSerial;

  /// Settings by their variables, for the next start.
  testing::ServiceProcess::Environment settings_;

  testing::PrivateStack stack_;
  test::FaultPoints points_{stack_ / "faults"};
  std::optional<FakeVm> vm_;
  std::optional<FakeFiles> files_;
  std::optional<testing::ServiceProcess> service_;

 private:
  void answer_as_vm();
  void answer_as_files();

  struct KnownMachine {
    std::string workspace_id;
    api::Machine machine;
    bool set_aside = false;
    api::NetworkRules rules{};
  };
  KnownMachine& machine(const std::string& vm_id);

  std::mutex mutex_;
  std::map<std::string, KnownMachine> machines_;
  std::atomic<int> failing_deletes_ = 0;
  std::optional<Error> network_error_;
  bus::Client client_ = stack_.client("workspace");
};

}  // namespace pyro::workspace
