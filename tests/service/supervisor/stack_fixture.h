#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "common/base/files.h"
#include "common/config/paths.h"
#include "common/stack/stack_client.h"

namespace pyro::test {

/// A private stack of test services: directories of its own, named in this process's environment
/// as well, so that programs started by the test use it. Nothing of it is left running.
class StackFixture : public ::testing::Test {
 protected:
  StackFixture();
  ~StackFixture() override;

  /// The services, in order; `options` are lines of TOML for one of them.
  void write_stack(const std::vector<std::pair<std::string, std::string>>& services,
                   const std::string& head = "");
  /// Puts a file `<service>.<what>` before the service.
  void tell(const std::string& file, const std::string& content = "");

  /// The stack once every service runs or was given up.
  api::Stack settled();
  /// Asks for the stack until `done` says so; fails the test after 20 s.
  api::Stack stack_when(const std::function<bool(const api::Stack&)>& done);
  static const api::ServiceStatus& service(const api::Stack& stack, const std::string& name);
  std::vector<std::string> events() const;
  /// SIGKILL, and waits until it is gone.
  static void kill_and_wait(std::uint32_t pid);
  /// Waits up to 20 s for the end of a process; false when it goes on.
  static bool ends(std::uint32_t pid, std::chrono::milliseconds limit = std::chrono::seconds(20));

  TemporaryDirectory directory_{"/tmp", "pyro-test"};
  Paths paths_;
  std::unique_ptr<StackClient> client_;
};

}  // namespace pyro::test
