#pragma once

#include <signal.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/process/pidfd.h"
#include "tests/guest/workspace_fixture.h"
#include "tests/support/mcp_process.h"

namespace pyro::test {

namespace fs = std::filesystem;
using testing::Json;
using testing::McpProcess;

/// `pyro mcp serve` over a real stack and real guests.
class Mcp : public WorkspaceFixture {
 protected:
  explicit Mcp(Variables variables = {}) : WorkspaceFixture(std::move(variables)) {
    fs::create_directories(project_);
    put(project_ / "check.sh", "grep -q right answer || { echo wrong answer; exit 1; }\n");
    put(project_ / "answer", "left\n");
  }
  /// A server in the project's directory, as a host starts it.
  McpProcess serve(std::vector<std::string> flags = {}) {
    return McpProcess(std::move(flags), project_);
  }
  static std::string id_of(const Json& workspace) { return workspace.at("workspace_id"); }
  /// Begins a call of a command, and returns its id once the command has begun.
  int begin_command(McpProcess& server, const std::string& id, const std::string& command) {
    const int call = server.begin(
        "workspace_exec",
        {{"workspace_id", id}, {"command", "touch begun; " + command}, {"timeout_seconds", 700}});
    const Json begun = {{"workspace_id", id}, {"command", "rm begun"}};
    while (server.call("workspace_exec", begun).at("exit_code") != 0) {
    }
    return call;
  }
  /// What the history has of it, which is there once.
  Json entry_of(McpProcess& server, const std::string& id, const std::string& command) {
    Json found;
    const Json log = server.call("workspace_logs", {{"workspace_id", id}});
    for (const auto& entry : log.at("entries")) {
      if (entry.at("command") != "touch begun; " + command) continue;
      EXPECT_TRUE(found.is_null()) << "there are two of '" << command << "'";
      found = entry;
    }
    if (found.is_null()) throw not_found("no command '{}'", command);
    return found;
  }
  std::string wait_until_ended(McpProcess& server, const std::string& id, const Json& job_id) {
    for (;;) {
      const Json poll =
          server.call("workspace_exec_poll", {{"workspace_id", id}, {"job_id", job_id}});
      if (poll.at("state") != "running") return poll.at("state");
    }
  }

  /// The next call meets a stack without it.
  void kill_and_wait(const std::string& name) {
    const UniqueFd process = open_pidfd(process_of(name));
    signal_pidfd(process.get(), SIGKILL);
    EXPECT_TRUE(
        wait_for(process.get(), POLLIN, Clock::now() + std::chrono::minutes(1), StopFd({})));
  }

  fs::path project_ = directory_.path() / "project";
};

}  // namespace pyro::test
