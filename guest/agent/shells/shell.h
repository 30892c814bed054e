#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/api/agent_shells.h"
#include "common/base/clock.h"
#include "guest/agent/job_processes.h"
#include "guest/agent/session.h"
#include "guest/agent/shells/scrollback.h"
#include "guest/agent/shells/terminal.h"

namespace pyro::agent {

/// A shell on a terminal of its own: its processes, the end of its output, and those that wait for
/// either. It stops when its program ends, and remains readable until it is closed.
class Shell : public std::enable_shared_from_this<Shell> {
 public:
  Shell(asio::io_context& io, const api::agent::OpenShell& request);

  /// Throws if the program cannot start.
  void start(Launcher& launcher, const api::agent::OpenShell& request);

  api::agent::Shell describe() const;

  /// Answers at once, or when the terminal was idle for as long as the request says.
  void read(const api::agent::ReadShell& request, const std::shared_ptr<Session>& session);
  /// Sends the output from there on, then answers with the stopped shell.
  void follow(std::uint64_t offset, const std::shared_ptr<Session>& session);
  /// Answers with the stopped shell.
  void await(const std::shared_ptr<Session>& session);

  void write(const std::string& write_id, std::string_view data);
  void signal(int number);
  void resize(WindowSize size);

  /// Calls `closed` once every process is gone; of several the first.
  void close(std::chrono::milliseconds hangup, std::function<void()> closed);

 private:
  struct Reader {
    Reader(asio::io_context& io, api::agent::ReadShell asked, std::shared_ptr<Session> by)
        : request(std::move(asked)), session(std::move(by)), timer(io) {}
    api::agent::ReadShell request;
    std::shared_ptr<Session> session;
    asio::steady_timer timer;
    Clock::time_point begun = Clock::now();
  };
  struct Follower {
    std::shared_ptr<Session> session;
    std::uint64_t position = 0;
  };

  bool stopped() const { return state_ == api::agent::ShellState::kStopped; }
  void require_running() const;
  void require_printed(std::uint64_t offset) const;
  void answer(const api::agent::ReadShell& request, Session& session) const;
  void wait_for_idle(const std::shared_ptr<Reader>& reader);
  void drop(const Session* session);
  void on_output(std::string_view data);
  void feed(const std::shared_ptr<Session>& session);
  void on_program_end();
  void stop();
  void kill();
  void finish_close();

  asio::io_context& io_;
  std::string id_;
  WindowSize size_;
  api::agent::ShellState state_ = api::agent::ShellState::kRunning;
  int exit_code_ = 0;
  bool program_gone_ = false;
  bool processes_gone_ = false;
  bool closing_ = false;

  std::unique_ptr<JobProcesses> processes_;
  std::shared_ptr<Terminal> terminal_;
  Scrollback output_;
  Clock::time_point last_output_ = Clock::now();
  std::deque<std::string> writes_;  ///< the ids of the last ones
  std::list<std::shared_ptr<Reader>> readers_;
  std::list<Follower> followers_;
  std::list<std::shared_ptr<Session>> waiters_;
  std::list<std::function<void()>> closers_;
  asio::steady_timer last_output_timer_;
  asio::steady_timer close_timer_;
};

}  // namespace pyro::agent
