#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/api/machine.h"
#include "common/base/files.h"
#include "common/config/paths.h"
#include "common/process/child_process.h"
#include "common/stack/stack_client.h"
#include "tests/guest/running_command.h"

namespace pyro::test {

/// The environment that the tests boot; installed once per build tree.
inline constexpr const char* kEnvironment = "debian:12";

/// A real stack with directories of its own and the environments of the build tree, guests under
/// TCG. At its end the stack goes down, and nothing of it may be left: no process, no machine.
class GuestFixture : public testing::Test {
 protected:
  /// `variables` are set in this process, and so for all that it starts, until the test's end.
  explicit GuestFixture(std::map<std::string, std::string> variables = {});
  ~GuestFixture() override;

  /// The words that run the real `pyro`.
  static std::vector<std::string> pyro_words(std::vector<std::string> arguments);
  /// Runs it to its end.
  static CommandResult pyro(std::vector<std::string> arguments);
  /// `pyro run debian:12 -- sh -c SCRIPT`
  static CommandResult run_script(const std::string& script);

  api::Machine started_machine();

  /// Processes of this stack by their program's name, as `qemu-system-x86`: all that carry this
  /// test's directories in their environment.
  std::vector<pid_t> processes(const std::string& name = "") const;
  /// Waits until there is none of that name; false after a minute.
  bool all_gone(const std::string& name) const;
  /// The one process of that name, once there is one; 0 after a minute.
  pid_t process_of(const std::string& name) const;
  /// No machine: no VMM, no shim, no socket and no file of one. The stack is down then.
  void expect_no_machine_left();

  TemporaryDirectory directory_{"/tmp", "pyro-guest"};
  Paths paths_;
  std::unique_ptr<StackClient> client_;

 private:
  std::map<std::string, std::string> variables_;
};

}  // namespace pyro::test
