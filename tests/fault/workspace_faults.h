#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/fault/fault_points.h"
#include "tests/guest/workspace_fixture.h"

namespace pyro::test {

/// An operation on a workspace, killed at each of its steps: afterwards the workspace is in the old
/// state or the new one, nothing else is left, and the next command works. By default the process
/// that comes to a step is killed at every step, and each other process of the suite at one of
/// them; PYRO_FAULTS_ALL=1 kills every process at every step, which takes many minutes.
class WorkspaceFaults : public WorkspaceFixture {
 protected:
  WorkspaceFaults() : WorkspaceFixture({{"PYRO_FAULTS", faults_directory().string()}}) {}

  struct Operation {
    /// Brings about the old state.
    std::function<void()> prepare;
    std::function<void()> act;
    /// Checks that it is the old state or the new one, and that the next command works.
    std::function<void()> check;
    std::size_t least_steps;  ///< fewer, and points have got lost
  };

  void walk(const Operation& operation);

  /// A workspace that runs, whatever ended its guest. A guest that was killed just now is told as
  /// started for the moment until its shim notices; a command then fails, and a later one works.
  void revive(const std::string& id);

  void expect_no_garbage(std::size_t workspaces);

  static std::filesystem::path faults_directory();

  FaultPoints points_{faults_directory()};
  /// Who is killed beside whoever comes to a step.
  std::vector<std::string> others_{"qemu-system-x86_64", "pyro-vm-shim",   "pyro-vm",
                                   "pyro-files",         "pyro-workspace", "pyro-supervisor"};

 private:
  void strike(const Operation& operation, const std::string& step, const std::string& victim);
  std::size_t directories() const;

  int strikes_ = 0;
};

}  // namespace pyro::test
