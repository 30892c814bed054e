#pragma once

#include "common/api/prepare.h"
#include "common/api/workspace_commands.h"
#include "common/api/workspace_diff.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_files.h"
#include "common/api/workspace_patch.h"
#include "common/api/workspace_snapshots.h"
#include "common/api/workspace_summary.h"
#include "common/api/workspace_sync.h"
#include "common/bus/call.h"
#include "common/registry/registry.h"
#include "common/service/service_host.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// The workspace service: checks the request, calls a noun, builds the reply.
class Service {
 public:
  explicit Service(ServiceHost& host);

  api::Workspace handle(const api::CreateWorkspace& request, bus::Call& call);
  api::WorkspaceList handle(const api::ListWorkspaces& request, bus::Call& call);
  api::Workspace handle(const api::WorkspaceStatus& request, bus::Call& call);
  api::Workspace handle(const api::UpdateWorkspace& request, bus::Call& call);
  api::WorkspaceExecResult handle(const api::ExecWorkspace& request, bus::Call& call);
  api::ExecPoll handle(const api::PollExec& request, bus::Call& call);
  api::CancelledExec handle(const api::CancelExec& request, bus::Call& call);
  api::FoundExec handle(const api::FindExec& request, bus::Call& call);
  api::WorkspaceExecResult handle(const api::AttachExec& request, bus::Call& call);
  api::WorkspaceLog handle(const api::WorkspaceLogs& request, bus::Call& call);
  api::Workspace handle(const api::ResetWorkspace& request, bus::Call& call);
  api::Workspace handle(const api::StartWorkspace& request, bus::Call& call);
  api::Workspace handle(const api::StopWorkspace& request, bus::Call& call);
  api::DeletedWorkspace handle(const api::DeleteWorkspace& request, bus::Call& call);
  api::CreatedSnapshot handle(const api::CreateSnapshot& request, bus::Call& call);
  api::DeletedSnapshot handle(const api::DeleteSnapshot& request, bus::Call& call);
  api::SnapshotList handle(const api::ListSnapshots& request, bus::Call& call);
  api::PushedSync handle(const api::PushSync& request, bus::Call& call);
  api::Exported handle(const api::ExportPath& request, bus::Call& call);
  api::Diff handle(const api::DiffWorkspace& request, bus::Call& call);
  api::FileList handle(const api::ListFiles& request, bus::Call& call);
  api::FileContent handle(const api::ReadFile& request, bus::Call& call);
  api::FileWritten handle(const api::WriteFile& request, bus::Call& call);
  api::PatchApplied handle(const api::ApplyPatch& request, bus::Call& call);
  api::PreparedEnvironment handle(const api::PrepareEnvironment& request, bus::Call& call);
  api::WorkspaceSummary handle(const api::SummarizeWorkspace& request, bus::Call& call);

 private:
  /// The reply, which names the expiry in the last fifth of the workspace's life.
  template <class Reply>
  Reply noted(Reply reply);

  Registry registry_;
  bus::Client machines_;
  bus::Client files_;
  Workspaces workspaces_;
};

}  // namespace pyro::workspace
