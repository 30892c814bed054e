#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/api/agent_shells.h"
#include "common/api/workspace_shells.h"
#include "common/bus/call.h"
#include "common/config/paths.h"
#include "common/registry/registry.h"
#include "services/workspace/part.h"
#include "services/workspace/secrets/secrets.h"
#include "services/workspace/shells/live_shells.h"
#include "services/workspace/shells/shell_store.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// Shells of workspaces. The guest has each with the end of its output; here are the row, by which
/// all others know it, and the readers' places.
class Shells final : public Part {
 public:
  /// Open in one workspace, the stopped ones included. Each that runs holds two of the streams of
  /// its guest's link, which has 256.
  static constexpr std::uint64_t kMostOpen = 16;

  /// Takes up the shells that a former process opened.
  Shells(Registry& registry, const Paths& paths, Workspaces& workspaces, Machines& machines,
         Secrets& secrets);

  api::ShellReply handle(const api::OpenShell& request, bus::Call& call);
  api::ShellRead handle(const api::ReadShell& request, bus::Call& call);
  api::ShellWritten handle(const api::WriteShell& request, bus::Call& call);
  api::ShellSignalled handle(const api::SignalShell& request, bus::Call& call);
  api::ShellReply handle(const api::ResizeShell& request, bus::Call& call);
  api::ShellClosed handle(const api::CloseShell& request, bus::Call& call);
  api::ShellList handle(const api::ListShells& request, bus::Call& call);
  api::ShellReply handle(const api::AttachShell& request, bus::Call& call);

  std::vector<api::Shell> all(const WorkspaceRecord& record) const;

  bool is_busy(const std::string& workspace_id) const override { return live_.any(workspace_id); }
  void describe(const WorkspaceRecord& record, api::Workspace& workspace) const override;
  std::optional<api::ConnectionMaker> maker(const WorkspaceRecord& record,
                                            const std::string& job_id) const override;
  void end_all(const WorkspaceRecord& record) override;
  void collect_garbage(const WorkspaceRecord& record) override {
    store_.forget_other_sessions(record);
  }
  void forget(const std::string& workspace_id) override;

 private:
  /// A shell of a started workspace.
  struct Found {
    WorkspaceRecord workspace;
    ShellRecord shell;
    std::shared_ptr<const Redactor> redactor;  ///< or null
  };
  Found find(const std::string& workspace_id, const std::string& shell_id,
             const bus::Call& call) const;
  Found find_running(const std::string& workspace_id, const std::string& shell_id,
                     const bus::Call& call) const;

  /// A guest that does not know the shell: it does not exist.
  template <class Action>
  static auto ask(const Found& found, const Action& action);
  /// A part of its output, checked.
  api::agent::ShellPart read(const Found& found, const api::agent::ReadShell& request,
                             const Work& work);
  std::string bytes_before(const Found& found, std::uint64_t offset, const Work& work);
  void stopped(const ShellRecord& shell, const api::agent::Shell& ended);
  LiveShells::Then lost(const ShellRecord& shell, const std::stop_token& stop);
  template <class Reply>
  Reply about(const Found& found, Reply reply) const;

  Workspaces& workspaces_;
  Machines& machines_;
  Secrets& secrets_;
  ShellStore store_;
  LiveShells live_;
};

}  // namespace pyro::workspace
