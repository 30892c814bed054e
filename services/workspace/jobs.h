#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/bus/call.h"
#include "common/config/paths.h"
#include "common/link/agent_client.h"
#include "common/stream/output_sender.h"
#include "services/workspace/journal.h"

namespace pyro::workspace {

/// One command of a workspace that runs, or has ended.
class Job {
 public:
  /// How it ended, and what it printed. The state is kRunning when this service ended first.
  struct Outcome {
    CommandRecord command;
    CommandOutput output;
  };

  /// Waits for its end; nullptr when `stop` or the deadline came first.
  std::shared_ptr<const Outcome> wait(Deadline deadline, const std::stop_token& stop);

 private:
  friend class Jobs;
  void end(Outcome outcome);
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::shared_ptr<const Outcome> outcome_;
};

/// The commands that run in workspaces. Each is a job of its guest's agent and has a thread here
/// that takes what it prints and records how it ends, whoever waits for it; a command that outlives
/// this process is found again by the next one. Thread-safe.
class Jobs {
 public:
  struct Hooks {
    /// A command of that workspace has ended and is recorded.
    std::function<void(const std::string& workspace_id)> ended;
  };
  Jobs(Paths paths, Journal& journal, Hooks hooks);
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;
  /// Lets go of what runs; it goes on in its guest.
  ~Jobs();

  struct Start {
    const WorkspaceRecord& workspace;
    const api::Machine& machine;
    std::string command;
    std::string cwd;
    std::map<std::string, std::string> environment;
    std::chrono::seconds timeout;
    /// Gets what it prints as it comes, until its caller goes; it is kept for the outcome as well.
    std::unique_ptr<OutputSender> live;
  };
  /// Returns once it runs.
  std::shared_ptr<Job> start(Start what, Deadline deadline, const std::stop_token& stop);

  /// Ends it and all its processes; returns once they are gone and it is recorded, or when the
  /// guest does not do it in time.
  void cancel(const WorkspaceRecord& workspace, const std::shared_ptr<Job>& job);
  /// The same for all of a workspace, whose guest goes.
  void cancel_all(const WorkspaceRecord& workspace);

  /// Takes up a command that a former process had started.
  void adopt(const CommandRecord& command, const std::string& vm_id);

  bool any(const std::string& workspace_id) const;

 private:
  struct Running {
    CommandRecord begun;
    std::string vm_id;
    std::unique_ptr<OutputSender> live;
    std::optional<link::AgentConnection> agent;  ///< that started it
    std::shared_ptr<Job> job = std::make_shared<Job>();
    bool done = false;
    std::jthread thread;
  };

  api::agent::Job follow(Running& running, CommandOutput& output, const StopFd& stop);
  std::optional<api::agent::Job> follow_to_end(Running& running, CommandOutput& output,
                                               const std::stop_token& stop);
  void record(Running& running, const std::stop_token& stop);
  template <class Matches>
  void end_and_wait(const WorkspaceRecord& workspace, const Matches& matches);
  void launch(std::unique_ptr<Running> running);
  void collect_finished();
  void kill(const CommandRecord& command, const std::string& vm_id);

  Paths paths_;
  Journal& journal_;
  Hooks hooks_;
  mutable std::mutex mutex_;
  std::list<std::unique_ptr<Running>> running_;
};

}  // namespace pyro::workspace
