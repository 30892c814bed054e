#pragma once

#include <array>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/agent.h"
#include "common/base/clock.h"
#include "guest/agent/files/flusher.h"
#include "guest/agent/job_processes.h"
#include "guest/agent/output_pipe.h"
#include "guest/agent/output_store.h"
#include "guest/agent/session.h"

namespace pyro::agent {

/// One shell command: its processes, its time limit, its output, and its followers. Reads the pipes
/// while every follower keeps up, and always without followers. Between the end of its
/// processes and its own end it flushes what they wrote to the disks.
class Job : public std::enable_shared_from_this<Job> {
 public:
  Job(asio::io_context& io, const api::agent::StartJob& request, int output_directory,
      files::Flusher* flusher);

  /// Throws if the shell cannot start.
  void start(Launcher& launcher, const api::agent::StartJob& request);

  const std::string& id() const { return id_; }
  bool ended() const { return state_ != api::agent::JobState::kRunning; }
  api::agent::Job describe() const;

  /// Bytes of standard output and standard error since the start.
  using Positions = std::array<std::uint64_t, 2>;

  /// Sends the output from there on, then the ended job.
  void follow(const Positions& from, const std::shared_ptr<Session>& session);

  /// The kept bytes of a stream (0 or 1), and how many it has printed.
  const OutputStore& log(std::size_t stream) const { return stores_.at(stream); }

  /// Calls `action` once it has ended, but never after the session is gone.
  void wait(const std::shared_ptr<Session>& session, std::function<void()> action);

  /// Calls `action` once it has ended, unless `waiter` is forgotten before.
  void when_ended(const void* waiter, std::function<void()> action);
  void forget_waiter(const void* waiter);

  void signal(int number);
  /// `reason`: kTimedOut or kCancelled. The job ends once every process is gone.
  void kill(api::agent::JobState reason);
  /// Runs once, when the job has ended.
  void on_end(std::function<void()> action) { on_end_ = std::move(action); }

 private:
  struct Follower {
    std::shared_ptr<Session> session;
    Positions positions{};
  };
  struct Waiter {
    const void* who;
    std::function<void()> action;
  };

  Positions printed() const { return {stores_[0].total(), stores_[1].total()}; }
  /// Refuses offsets beyond the output.
  void require_printed(const Positions& from) const;
  bool caught_up(const Follower& follower) const;
  bool may_read();
  void on_output(std::size_t stream, std::string_view data);
  void feed(const std::shared_ptr<Session>& session);
  void resume();
  void on_shell_exit(int exit_code);
  void say_at_the_end(std::string_view line);
  void say_why_it_failed();
  bool over() const { return ended_at_.has_value(); }
  void finish();
  void conclude();

  asio::io_context& io_;
  int output_directory_;
  files::Flusher* flusher_;
  std::string id_;
  std::chrono::milliseconds timeout_;
  std::uint32_t mem_mib_;
  Clock::time_point started_ = Clock::now();
  std::optional<Clock::time_point> ended_at_;
  api::agent::JobState state_ = api::agent::JobState::kRunning;
  api::agent::JobState outcome_ = api::agent::JobState::kExited;
  int exit_code_ = 0;
  std::optional<api::KilledBy> killed_by_;
  std::optional<api::LikelyCause> likely_cause_;
  bool shell_gone_ = false;
  bool processes_gone_ = false;

  std::unique_ptr<JobProcesses> processes_;
  asio::steady_timer timer_;
  std::array<OutputStore, 2> stores_;
  std::array<std::shared_ptr<OutputPipe>, 2> pipes_;
  std::list<Follower> followers_;
  std::list<Waiter> waiters_;
  std::function<void()> on_end_;
};

}  // namespace pyro::agent
