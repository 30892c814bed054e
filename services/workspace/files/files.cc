#include "services/workspace/files/files.h"

#include <utility>

#include "common/base/error.h"
#include "common/fault/fault.h"
#include "services/workspace/snapshots/volume_check.h"
#include "services/workspace/workspace_paths.h"

namespace pyro::workspace {
template <class Op>
typename Op::Reply Files::ask(const Workspaces::Started& started, const Op& request,
                              const Work& work, ReviewLog::Entry* entry) {
  const WorkspacePaths files(paths_, started.record.id());
  try {
    return files_.call(api::OnMachine<Op>{.vm_id = started.machine.vm_id,
                                          .baseline = files.baseline().string(),
                                          .execution_mode = started.machine.execution_mode,
                                          .request = request,
                                          .secrets = secrets_.file_of(started.record)},
                       work);
  } catch (const Error& error) {
    if (entry != nullptr) entry->failed(error);
    // A guest that went meanwhile is the better reason.
    if (error.code() == ErrorCode::kUnavailable) {
      workspaces_.require_started(request.workspace_id, Op::kMethod.name, work);
    }
    throw;
  }
}

template <class Op>
typename Op::Reply Files::read(const Op& request, const bus::Call& call) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const auto started =
      workspaces_.require_started(request.workspace_id, Op::kMethod.name, call.work());
  return workspaces_.about(request.workspace_id, ask(started, request, call.work()));
}

template <class Op, class PathsOf>
typename Op::Reply Files::change(const Op& request, const bus::Call& call, const std::string& kind,
                                 const std::vector<std::string>& asked_paths,
                                 const PathsOf& paths_of) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const auto turn = use.turns().begin(call.stop());
  const Work work = call.work().stopped_by(turn->stop());
  auto reply = turn->run([&] {
    const auto started = workspaces_.require_started(request.workspace_id, Op::kMethod.name, work);
    const auto entry = reviews_.begin_edit(started.record, kind, asked_paths);
    fault::point("workspace.files.noted");
    auto done = ask(started, request, work, entry.get());
    fault::point("workspace.files.answered");
    entry->confirm(paths_of(done));
    fault::point("workspace.files.confirmed");
    return done;
  });
  bool changed = true;
  if constexpr (requires { reply.changed; }) changed = reply.changed;
  if (changed) workspaces_.table().touch(request.workspace_id);
  return workspaces_.about(request.workspace_id, std::move(reply));
}

api::PushedSync Files::handle(const api::PushSync& request, bus::Call& call) {
  return change(request, call, "sync_push", {request.dest}, [](const api::PushedSync& pushed) {
    return std::vector{pushed.workspace_sync.destination};
  });
}

api::FileWritten Files::handle(const api::WriteFile& request, bus::Call& call) {
  return change(request, call, "file_write", {request.path},
                [](const api::FileWritten& written) { return std::vector{written.path}; });
}

/// Which paths a patch writes is known by its reply alone.
api::PatchApplied Files::handle(const api::ApplyPatch& request, bus::Call& call) {
  return change(request, call, "patch_apply", {}, [](const api::PatchApplied& applied) {
    std::vector<std::string> paths;
    for (const auto& entry : applied.entries) paths.push_back(entry.path);
    return paths;
  });
}

api::Exported Files::handle(const api::ExportPath& request, bus::Call& call) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const auto started =
      workspaces_.require_started(request.workspace_id, api::ExportPath::kMethod.name, call.work());
  const auto entry = reviews_.begin_export(
      started.record, {.workspace_path = request.path, .output_path = request.output_path});
  fault::point("workspace.files.noted");
  auto exported = ask(started, request, call.work(), entry.get());
  fault::point("workspace.files.answered");
  entry->confirm(exported);
  fault::point("workspace.files.confirmed");
  return workspaces_.about(request.workspace_id, std::move(exported));
}

api::Diff Files::handle(const api::DiffWorkspace& request, bus::Call& call) {
  require_baseline(workspaces_.find(request.workspace_id),
                   WorkspacePaths(paths_, request.workspace_id).baseline());
  return read(request, call);
}

api::FileList Files::handle(const api::ListFiles& request, bus::Call& call) {
  return read(request, call);
}

api::FileContent Files::handle(const api::ReadFile& request, bus::Call& call) {
  return read(request, call);
}

}  // namespace pyro::workspace
