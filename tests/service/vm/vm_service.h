#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/api/environment.h"
#include "common/api/machine.h"
#include "services/vm/machine_record.h"
#include "tests/fault/fault_points.h"
#include "tests/support/errors.h"
#include "tests/support/fake_service.h"
#include "tests/support/service_process.h"
#include "tests/support/soon.h"

namespace pyro::vm {

using pyro::testing::error_of;
using pyro::testing::Refused;

/// The vm service alone, over a real registry. The image service is a fake with one environment.
/// The VMM is a script that runs the real agent on this host, so that a machine starts at once.
class VmService : public ::testing::Test {
 protected:
  VmService();
  ~VmService() override;

  /// Settings by their variables, as PYRO_LIMITS_MAX_ACTIVE; for the next start.
  std::map<std::string, std::optional<std::string>> settings_;
  /// The service's program: a name beside the test's, or a path.
  std::string program_ = "pyro-vm";
  void start_service();
  /// kill -9, and a new one.
  void restart();

  /// From now on a VMM does that instead: words of sh(1).
  void let_vmm(const std::string& script) const;
  /// What it does at first: words that run the agent.
  std::string agent_as_guest() const;

  /// What the VMMs of this test were told on their monitors, line by line.
  std::vector<std::string> monitored() const;
  /// From now on their monitors refuse that command. They can save no guest from the beginning.
  void refuse(const std::string& command) const;
  std::filesystem::path monitor_directory() const { return stack_ / "monitors"; }

  template <class Op>
  typename Op::Reply call(const Op& request) {
    return client_.call(request, {.deadline = Clock::now() + std::chrono::seconds(60)});
  }
  api::Machine create(const api::CreateMachine& request = {.environment = "debian:12"});
  std::string started();
  api::Machine status(const std::string& vm_id) { return call(api::MachineStatus{.vm_id = vm_id}); }
  /// Runs a command that does not end by itself; returns once it runs.
  std::future<std::optional<Error>> begin_exec(const std::string& vm_id);
  bool has_files(const std::string& vm_id) const;
  std::filesystem::path directory_of(const std::string& vm_id) const {
    return stack_.paths().machines_dir() / vm_id;
  }

  /// Changes a record behind the service's back, while that does not run.
  void change_record(const std::string& vm_id, const std::function<void(MachineRecord&)>& change);

  testing::PrivateStack stack_;
  test::FaultPoints points_{stack_ / "faults"};
  testing::FakeService<api::EnvironmentApi> images_;
  std::optional<testing::ServiceProcess> service_;

 private:
  bus::Client client_ = stack_.client("vm");
};

}  // namespace pyro::vm
