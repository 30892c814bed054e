#pragma once

#include "common/process/child_process.h"
#include "common/stack/installation.h"
#include "tests/service/supervisor/stack_fixture.h"

namespace pyro::test {

/// The real `pyro` beside a stack of test services.
class CliFixture : public StackFixture {
 protected:
  static CommandResult run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), find_helper("pyro").string());
    return run_command({.argv = std::move(arguments)}, Clock::now() + std::chrono::seconds(40), {});
  }
};

}  // namespace pyro::test
