#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "common/api/files.h"
#include "common/base/error.h"
#include "common/reaper/reaper.h"
#include "common/stream/output_sender.h"
#include "common/work/turns.h"
#include "services/workspace/collector.h"
#include "services/workspace/jobs.h"
#include "services/workspace/review_log.h"
#include "services/workspace/sandboxes.h"
#include "services/workspace/snapshots.h"
#include "services/workspace/workspace_table.h"

namespace pyro::workspace {

/// The workspaces of this host: every operation on one, in an order that leaves the old state or
/// the new one, plus garbage that is collected, wherever this process or another is killed.
class Workspaces {
 public:
  Workspaces(Registry& registry, Paths paths, bus::Client& machines, bus::Client& files);
  Workspaces(const Workspaces&) = delete;
  Workspaces& operator=(const Workspaces&) = delete;
  ~Workspaces();

  /// How long a workspace may be there: by its own rules, or no longer than this process at most.
  enum class Lifetime { kOwn, kOfThisService };
  api::Workspace create(const api::CreateWorkspace& request, const bus::Call& call,
                        Lifetime lifetime = Lifetime::kOwn);
  api::WorkspaceList list();
  api::Workspace status(const std::string& workspace_id, const bus::Call& call);
  api::Workspace update(const api::UpdateWorkspace& request, const bus::Call& call);
  api::Workspace start(const std::string& workspace_id, const bus::Call& call);
  api::Workspace stop(const std::string& workspace_id);
  api::Workspace reset(const api::ResetWorkspace& request, const bus::Call& call);
  api::DeletedWorkspace remove(const std::string& workspace_id, std::string_view reason);

  /// Returns when the command has ended, or as it stands when its answer is due before. With an
  /// `output_socket` its output goes there as it comes, and the result has none.
  api::WorkspaceExecResult exec(const api::ExecWorkspace& request, const bus::Call& call);
  api::FoundExec find(const api::FindExec& request) const;
  api::WorkspaceExecResult attach(const api::AttachExec& request, const bus::Call& call);
  api::ExecPoll poll(const api::PollExec& request, const bus::Call& call);
  api::CancelledExec cancel(const api::CancelExec& request, const bus::Call& call);
  api::WorkspaceLog log(const std::string& workspace_id);

  api::Snapshot create_snapshot(const api::CreateSnapshot& request, const bus::Call& call);
  void remove_snapshot(const api::DeleteSnapshot& request, const bus::Call& call);
  std::vector<api::Snapshot> snapshots(const std::string& workspace_id);

  /// A started workspace, and what runs it.
  struct Started {
    WorkspaceRecord record;
    api::Machine machine;
  };
  /// failed_precondition: `workspace x must be in 'started' state before OPERATION`
  Started require_started(const std::string& workspace_id, std::string_view method,
                          const Work& work);

  /// Has the files service do `request` there. A change takes its turn, and moves the expiry.
  template <class Op>
  typename Op::Reply read(const Op& request, const bus::Call& call) {
    const Use use(*this, request.workspace_id);
    return in_files(request, call, call.stop());
  }
  template <class Op>
  typename Op::Reply change(const Op& request, const bus::Call& call) {
    const Use use(*this, request.workspace_id);
    const auto turn = use.live().turns.begin(call.stop());
    auto reply = turn->run([&] { return in_files(request, call, turn->stop()); });
    bool changed = true;
    if constexpr (requires { reply.changed; }) changed = reply.changed;
    if (changed) table_.touch(request.workspace_id);
    return reply;
  }

  /// not_found: there is none, or it has expired and nobody works on it.
  WorkspaceRecord find(const std::string& workspace_id);
  /// When it expires, in the last part of its life and unless a command holds that off.
  std::optional<double> near_expiry(const std::string& workspace_id) const;
  /// The record with all that is known of it by now.
  api::Workspace describe(const WorkspaceRecord& record, const api::Machine& machine) const;
  const Journal& journal() const { return journal_; }
  ReviewLog& reviews() { return reviews_; }
  const Snapshots& snapshot_store() const { return snapshots_; }

 private:
  /// What this process knows of one workspace beside its record.
  struct Live {
    Turns turns;
    std::atomic<int> calls = 0;
  };
  /// A call works on the workspace: it does not expire meanwhile. not_found: there is none.
  class Use {
   public:
    Use(Workspaces& workspaces, const std::string& workspace_id);
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use();
    Live& live() const { return *live_; }

   private:
    Workspaces& workspaces_;
    std::shared_ptr<Live> live_;
  };

  template <class Op>
  typename Op::Reply in_files(const Op& request, const bus::Call& call,
                              const std::stop_token& stop) {
    const Work work = call.work().stopped_by(stop);
    const Started started = require_started(request.workspace_id, Op::kMethod.name, work);
    try {
      return files_.call(
          api::OnMachine<Op>{.vm_id = started.machine.vm_id,
                             .baseline = snapshots_.volume_of(started.record, "baseline").string(),
                             .execution_mode = started.machine.execution_mode,
                             .request = request},
          work);
    } catch (const Error& error) {
      // A guest that went meanwhile is the better reason.
      if (error.code() == ErrorCode::kUnavailable) {
        require_started(request.workspace_id, Op::kMethod.name, work);
      }
      throw;
    }
  }

  /// A command of the session: one with a job runs, or has ended just now.
  struct Command {
    CommandRecord record;
    std::shared_ptr<Job> job;
  };
  /// Without an id in its record when there is none.
  Command known(const WorkspaceRecord& record, const std::string& job_id) const;
  Command find_command(const Use& use, const WorkspaceRecord& record, const std::string& job_id,
                       const bus::Call& call);
  Command start_command(const Use& use, const api::ExecWorkspace& request, const bus::Call& call);
  api::WorkspaceExecResult answer(const Command& command, Deadline limit,
                                  std::optional<OutputSender>& live, const bus::Call& call);
  api::WorkspaceExecResult so_far(const WorkspaceRecord& record, const Command& command);
  api::WorkspaceExecResult ended_before(const WorkspaceRecord& record, const CommandRecord& command,
                                        std::optional<OutputSender>& live) const;
  Error why_ended(const WorkspaceRecord& record, const CommandRecord& command) const;
  std::shared_ptr<Live> live(const std::string& workspace_id);
  void erase(const WorkspaceRecord& record, bool expired);
  void swap_machine(const WorkspaceRecord& record, const api::ResetWorkspace& request,
                    const api::Snapshot& snapshot, const bus::Call& call,
                    const std::stop_token& stop);
  void reset_failed(const WorkspaceRecord& record, const std::string& why);

  void wake_reaper();
  std::optional<double> next_expiry();
  void reap_expired();
  void adopt_jobs();
  void collect_garbage();
  void collect_machines(const std::set<std::string>& in_making);
  void collect_directories(const std::set<std::string>& in_making);
  void collect_within(const std::string& workspace_id);

  Paths paths_;
  bus::Client& files_;
  Sandboxes sandboxes_;
  WorkspaceTable table_;
  Journal journal_;
  ReviewLog reviews_;
  Snapshots snapshots_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Live>> live_;
  std::set<std::string> in_making_;  ///< ids of workspaces that have no record yet
  std::optional<Jobs> jobs_;
  std::unique_ptr<Reaper> reaper_;  ///< under mutex_, since commands end beside our own end
  std::unique_ptr<Collector> collector_;
};

}  // namespace pyro::workspace
