#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/api/workspace_commands.h"
#include "common/base/clock.h"
#include "common/bus/call.h"
#include "common/config/paths.h"
#include "common/registry/registry.h"
#include "common/stream/output_sender.h"
#include "services/workspace/commands/jobs.h"
#include "services/workspace/commands/journal.h"
#include "services/workspace/network/connections.h"
#include "services/workspace/part.h"
#include "services/workspace/secrets/secrets.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// Commands of workspaces. Those that run are in jobs.h, their history in journal.h.
class Commands final : public Part {
 public:
  /// Takes up the commands that a former process started.
  Commands(Registry& registry, const Paths& paths, Workspaces& workspaces, Connections& connections,
           Secrets& secrets);

  /// Returns when the command has ended, or as it stands when its answer is due before. With an
  /// `output_socket` its output goes there as it comes, and the result has none.
  api::WorkspaceExecResult handle(const api::ExecWorkspace& request, bus::Call& call);
  api::WorkspaceExecResult handle(const api::AttachExec& request, bus::Call& call);
  api::FoundExec handle(const api::FindExec& request, bus::Call& call);
  api::ExecPoll handle(const api::PollExec& request, bus::Call& call);
  api::CancelledExec handle(const api::CancelExec& request, bus::Call& call);
  api::WorkspaceLog handle(const api::WorkspaceLogs& request, bus::Call& call);

  const Journal& journal() const { return journal_; }

  bool is_busy(const std::string& workspace_id) const override { return jobs_.any(workspace_id); }
  std::optional<api::ConnectionMaker> maker(const WorkspaceRecord& record,
                                            const std::string& job_id) const override;
  bool left_running(const WorkspaceRecord& record) const override {
    return jobs_.left_running(record.vm_id);
  }
  void describe(const WorkspaceRecord& record, api::Workspace& workspace) const override;
  void end_all(const WorkspaceRecord& record) override { jobs_.cancel_all(record); }
  void collect_garbage(const WorkspaceRecord& record) override {
    journal_.forget_other_sessions(record);
  }
  void forget(const std::string& workspace_id) override { journal_.forget(workspace_id); }

 private:
  /// A command of the session: one with a job runs, or has ended just now.
  struct Command {
    CommandRecord record;
    std::shared_ptr<Job> job;
  };
  void adopt();
  /// Without an id in its record when there is none.
  Command known(const WorkspaceRecord& record, const std::string& job_id) const;
  Command find(const Workspaces::Use& use, const WorkspaceRecord& record, const std::string& job_id,
               const bus::Call& call) const;
  Command start(const Workspaces::Use& use, const api::ExecWorkspace& request,
                const bus::Call& call);
  api::WorkspaceExecResult answer(const Command& command, Deadline limit,
                                  std::optional<OutputSender>& live, const bus::Call& call);
  api::WorkspaceExecResult so_far(const WorkspaceRecord& record, const Command& command);
  api::WorkspaceExecResult ended_before(const WorkspaceRecord& record, const CommandRecord& command,
                                        std::optional<OutputSender>& live) const;
  Error why_ended(const WorkspaceRecord& record, const CommandRecord& command) const;

  Workspaces& workspaces_;
  Secrets& secrets_;
  Journal journal_;
  Jobs jobs_;
};

}  // namespace pyro::workspace
