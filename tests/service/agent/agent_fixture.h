#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/files.h"
#include "common/link/agent_client.h"
#include "common/link/link_server.h"
#include "common/process/child_process.h"

namespace pyro::agent {

namespace wire = api::agent;

inline Deadline in(std::chrono::seconds time) { return Clock::now() + time; }

template <class Action>
ErrorCode code_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::kInternal;
}

inline bool process_lives(const std::string& pid) {
  const std::string stat = read_tail("/proc/" + pid + "/stat", 4096);
  return !stat.empty() && stat.find(") Z") == std::string::npos;
}

inline std::pair<UniqueFd, UniqueFd> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw system_error("socketpair");
  }
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// What a followed or finished job printed, and how it ended.
struct Outcome {
  wire::Job job;
  std::string output;
  std::string errors;
};

/// The real pyro-agent in host mode behind a LinkServer, and connections to it.
class AgentTest : public ::testing::Test {
 protected:
  /// `starter`: words before the agent's own.
  explicit AgentTest(const std::vector<std::string>& more_arguments = {},
                     std::vector<std::string> starter = {})
      : directory_("/tmp", "pyro-agent-test") {
    auto [ours, agents] = socket_pair();
    Command command{.argv = {PYRO_AGENT, "--host", "--link-fd", "3", "--root",
                             directory_.path().string(), "--workspace", workspace_path().string()}};
    command.argv.insert(command.argv.end(), more_arguments.begin(), more_arguments.end());
    command.argv.insert(command.argv.begin(), starter.begin(), starter.end());
    command.descriptors = {{3, agents.get()}, {2, 2}};
    agent_.emplace(command);
    server_ = std::make_unique<link::LinkServer>(
        io_, std::move(ours), socket_path(),
        [this](const std::string& reason) { broken_.set_value(reason); });
    loop_ = std::thread([this] { io_.run(); });
  }

  ~AgentTest() override {
    io_.stop();
    loop_.join();
    server_.reset();
    // Its link ended: it kills what its jobs started, and goes.
    EXPECT_TRUE(agent_->wait(in(std::chrono::seconds(10)), StopFd({})).has_value());
  }

  std::filesystem::path workspace_path() const { return directory_.path() / "workspace"; }

  std::filesystem::path socket_path() const { return directory_.path() / "agent.sock"; }

  link::AgentConnection dial(std::uint32_t port = wire::kPort) {
    return link::AgentConnection::dial(socket_path(), port, {in(std::chrono::seconds(20))});
  }

  template <class Op>
  typename Op::Reply call(const Op& request) {
    return dial().call(request, {in(std::chrono::seconds(30))});
  }

  Outcome follow(const wire::StartJob& request) {
    auto connection = dial();
    return follow(connection, request);
  }

  template <class Op>
  Outcome follow(link::AgentConnection& connection, const Op& request) {
    Outcome out;
    out.job = connection.follow(request,
                                [&out](const link::OutputPiece& piece) {
                                  (piece.stream == 1 ? out.output : out.errors).append(piece.data);
                                },
                                {in(std::chrono::seconds(60))});
    return out;
  }

  Outcome run(const std::string& shell_command) { return follow(job(shell_command)); }

  /// Starts it and lets it run; what it has printed up to its first line's end.
  std::string begin(wire::StartJob request) {
    request.follow = false;
    call(request);
    return first_line(request.job_id);
  }
  std::string first_line(const std::string& job_id) {
    std::string text;
    try {
      dial().follow(wire::FollowJob{.job_id = job_id},
                    [&text](const link::OutputPiece& piece) {
                      text.append(piece.data);
                      // Leaves it to go on alone.
                      if (text.find('\n') != std::string::npos) throw cancelled("enough");
                    },
                    {in(std::chrono::seconds(30))});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCancelled) throw;
    }
    return text.substr(0, text.find('\n'));
  }
  /// Looks on without following it.
  wire::Job wait_for_end(const std::string& job_id) {
    const Work work{in(std::chrono::seconds(30))};
    auto connection = dial();
    wire::Job now;
    do {
      now = connection.call(wire::JobStatus{.job_id = job_id}, work);
    } while (now.state == wire::JobState::kRunning);
    return now;
  }

  wire::StartJob job(const std::string& shell_command) {
    wire::StartJob request;
    request.job_id = "job" + std::to_string(++jobs_);
    request.command = shell_command;
    request.follow = true;
    // What this host's root has in its login profile is no part of the test.
    request.environment = {{"HOME", directory_.path().string()}};
    return request;
  }

  TemporaryDirectory directory_;
  asio::io_context io_{1};
  std::optional<ChildProcess> agent_;
  std::promise<std::string> broken_;
  std::unique_ptr<link::LinkServer> server_;
  std::thread loop_;
  int jobs_ = 0;
};

}  // namespace pyro::agent
