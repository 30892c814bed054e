#pragma once

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
#include "services/workspace/commands/job.h"
#include "services/workspace/network/connections.h"

namespace pyro::workspace {

/// The commands that run in workspaces. Each is a job of its guest's agent and has a thread here
/// that takes its output and records its end, with or without a caller; the next process finds a
/// command again that outlives this one. Thread-safe.
class Jobs {
 public:
  /// In one workspace. Each holds one of the streams of its guest's link, which has 256, and a
  /// cancel or a stop needs one as well.
  static constexpr std::size_t kMostAtOnce = 32;

  struct Hooks {
    /// The end of a command of that workspace was recorded, and no caller has heard of it yet. When
    /// this throws, both are done again.
    std::function<void(const std::string& workspace_id)> recorded;
    /// A command is of no more concern: any() no longer counts it.
    std::function<void()> done;
  };
  Jobs(Paths paths, Journal& journal, Connections& connections, Hooks hooks);
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;
  /// Lets go of the running commands; they continue in their guests.
  ~Jobs();

  struct Start {
    const WorkspaceRecord& workspace;
    const api::Machine& machine;
    std::string command;
    std::string cwd;
    std::map<std::string, std::string> environment;
    std::shared_ptr<const Redactor> redactor;
    std::chrono::seconds timeout;
    std::string job_id;
  };
  /// Returns once it runs, or once that is unknown: its job then knows in the end. Its time runs
  /// from this call on. deadline_exceeded (guest_silent): the guest takes no command. One whose
  /// start
  /// is stopped runs on all the same, unless it was the caller that cancelled.
  /// resource_exhausted: too many run in the workspace.
  std::shared_ptr<Job> start(const Start& what, const bus::Call& call, const std::stop_token& stop);

  /// Whether commands that have ended left processes in the machine. False also when its guest does
  /// not say so in time.
  bool left_running(const std::string& vm_id) const;

  /// One that runs, or null.
  std::shared_ptr<Job> find(const WorkspaceRecord& workspace, const std::string& job_id) const;

  /// Ends what a command that has ended left running in the machine.
  api::agent::EndedLeft end_left(const CommandRecord& command, const std::string& vm_id) const;

  /// Ends it and all its processes; returns once they are gone and it is recorded, or when the
  /// guest does not do it in time.
  void cancel(const WorkspaceRecord& workspace, const std::shared_ptr<Job>& job);
  /// The same for all of a workspace, whose guest goes.
  void cancel_all(const WorkspaceRecord& workspace);

  /// Takes up a command that a former process had started.
  void adopt(const CommandRecord& command, const std::string& vm_id,
             const std::shared_ptr<const Redactor>& redactor = nullptr);

  bool any(const std::string& workspace_id) const;

 private:
  struct Running {
    Running(CommandRecord command, std::string vm, const std::shared_ptr<const Redactor>& redactor)
        : begun(std::move(command)),
          vm_id(std::move(vm)),
          job(std::make_shared<Job>(begun, redactor)) {}
    CommandRecord begun;
    std::string vm_id;
    std::optional<link::AgentConnection> agent;  ///< that started it
    bool began = false;                          ///< its agent has said so
    std::shared_ptr<Job> job;
    bool done = false;
    std::jthread thread;
  };

  enum class Followed { kToItsEnd, kNeverBegan, kLetGo };
  api::agent::Job follow(Running& running, const std::stop_token& stop);
  Followed follow_to_end(Running& running, api::agent::Job& ended, const std::stop_token& stop);
  void run(Running& running, const std::stop_token& stop);
  void record_end(Running& running, const api::agent::Job& ended, const std::stop_token& stop);
  void take_back(Running& running, const std::stop_token& stop);
  void take_back(std::unique_ptr<Running> running);
  template <class Matches>
  void end_and_wait(const WorkspaceRecord& workspace, const Matches& matches);
  void require_room(const std::string& workspace_id) const;
  std::shared_ptr<Job> launch(std::unique_ptr<Running> running);
  bool may_run(const Running& running, const Work& work);
  void forget(Running& running, const std::stop_token& stop);
  void collect_finished();
  void kill(const CommandRecord& command, const std::string& vm_id);

  Paths paths_;
  Journal& journal_;
  Connections& connections_;
  Hooks hooks_;
  mutable std::mutex mutex_;
  std::list<std::unique_ptr<Running>> running_;
};

}  // namespace pyro::workspace
