#include "services/workspace/service.h"

#include "common/api/prepare.h"
#include "services/workspace/preparation.h"
#include "services/workspace/summary.h"

namespace pyro::workspace {

Service::Service(ServiceHost& host)
    : registry_(host.paths().registry()),
      machines_(host.client("vm")),
      files_(host.client("files")),
      workspaces_(registry_, host.paths(), machines_, files_) {}

template <class Reply>
Reply Service::noted(Reply reply) {
  reply.expires_at = workspaces_.near_expiry(reply.workspace_id);
  return reply;
}

api::Workspace Service::handle(const api::CreateWorkspace& request, bus::Call& call) {
  return workspaces_.create(request, call);
}

api::WorkspaceList Service::handle(const api::ListWorkspaces&, bus::Call&) {
  return workspaces_.list();
}

api::Workspace Service::handle(const api::WorkspaceStatus& request, bus::Call& call) {
  return workspaces_.status(request.workspace_id, call);
}

api::Workspace Service::handle(const api::UpdateWorkspace& request, bus::Call& call) {
  return workspaces_.update(request, call);
}

api::WorkspaceExecResult Service::handle(const api::ExecWorkspace& request, bus::Call& call) {
  return noted(workspaces_.exec(request, call));
}

api::ExecPoll Service::handle(const api::PollExec& request, bus::Call& call) {
  return noted(workspaces_.poll(request, call));
}

api::CancelledExec Service::handle(const api::CancelExec& request, bus::Call& call) {
  return noted(workspaces_.cancel(request, call));
}

api::FoundExec Service::handle(const api::FindExec& request, bus::Call&) {
  return workspaces_.find(request);
}

api::WorkspaceExecResult Service::handle(const api::AttachExec& request, bus::Call& call) {
  return noted(workspaces_.attach(request, call));
}

api::WorkspaceLog Service::handle(const api::WorkspaceLogs& request, bus::Call&) {
  return noted(workspaces_.log(request.workspace_id));
}

api::Workspace Service::handle(const api::ResetWorkspace& request, bus::Call& call) {
  return workspaces_.reset(request, call);
}

api::Workspace Service::handle(const api::StartWorkspace& request, bus::Call& call) {
  return workspaces_.start(request.workspace_id, call);
}

api::Workspace Service::handle(const api::StopWorkspace& request, bus::Call&) {
  return workspaces_.stop(request.workspace_id);
}

api::DeletedWorkspace Service::handle(const api::DeleteWorkspace& request, bus::Call&) {
  return workspaces_.remove(request.workspace_id, "explicit_delete");
}

api::CreatedSnapshot Service::handle(const api::CreateSnapshot& request, bus::Call& call) {
  return noted(api::CreatedSnapshot{.workspace_id = request.workspace_id,
                                    .snapshot = workspaces_.create_snapshot(request, call)});
}

api::DeletedSnapshot Service::handle(const api::DeleteSnapshot& request, bus::Call& call) {
  workspaces_.remove_snapshot(request, call);
  return noted(api::DeletedSnapshot{.workspace_id = request.workspace_id,
                                    .snapshot_name = request.snapshot_name,
                                    .deleted = true});
}

api::SnapshotList Service::handle(const api::ListSnapshots& request, bus::Call&) {
  api::SnapshotList list{.workspace_id = request.workspace_id,
                         .snapshots = workspaces_.snapshots(request.workspace_id)};
  list.count = static_cast<std::uint32_t>(list.snapshots.size());
  return noted(std::move(list));
}

api::PushedSync Service::handle(const api::PushSync& request, bus::Call& call) {
  auto pushed = workspaces_.change(request, call);
  workspaces_.reviews().add(workspaces_.find(request.workspace_id), "sync_push",
                            {pushed.workspace_sync.destination});
  return noted(std::move(pushed));
}

api::Exported Service::handle(const api::ExportPath& request, bus::Call& call) {
  auto exported = workspaces_.read(request, call);
  workspaces_.reviews().add(workspaces_.find(request.workspace_id), exported);
  return noted(std::move(exported));
}

api::Diff Service::handle(const api::DiffWorkspace& request, bus::Call& call) {
  return noted(workspaces_.read(request, call));
}

api::FileList Service::handle(const api::ListFiles& request, bus::Call& call) {
  return noted(workspaces_.read(request, call));
}

api::FileContent Service::handle(const api::ReadFile& request, bus::Call& call) {
  return noted(workspaces_.read(request, call));
}

api::FileWritten Service::handle(const api::WriteFile& request, bus::Call& call) {
  auto written = workspaces_.change(request, call);
  workspaces_.reviews().add(workspaces_.find(request.workspace_id), "file_write", {written.path});
  return noted(std::move(written));
}

api::PatchApplied Service::handle(const api::ApplyPatch& request, bus::Call& call) {
  auto applied = workspaces_.change(request, call);
  std::vector<std::string> paths;
  for (const auto& entry : applied.entries) paths.push_back(entry.path);
  workspaces_.reviews().add(workspaces_.find(request.workspace_id), "patch_apply",
                            std::move(paths));
  return noted(std::move(applied));
}

api::PreparedEnvironment Service::handle(const api::PrepareEnvironment& request, bus::Call& call) {
  return prepare(workspaces_, machines_, request, call);
}

api::WorkspaceSummary Service::handle(const api::SummarizeWorkspace& request, bus::Call& call) {
  return noted(summarize(workspaces_, request.workspace_id, call));
}

}  // namespace pyro::workspace
