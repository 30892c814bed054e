#pragma once

#include <optional>
#include <string>

#include "common/api/workspace_network.h"
#include "services/workspace/workspace_record.h"

namespace pyro::workspace {

/// The data of one noun (commands, snapshots, …) about workspaces, beside their records.
/// `Workspaces` knows its parts by this alone; a part adds itself.
class Part {
 public:
  Part() = default;
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  /// Whether something of it runs in the workspace, which then does not expire.
  virtual bool is_busy(const std::string& workspace_id) const {
    static_cast<void>(workspace_id);
    return false;
  }
  /// Whether something of it goes on in the machine on its own. Asks the guest: not within a turn.
  virtual bool left_running(const WorkspaceRecord& record) const {
    static_cast<void>(record);
    return false;
  }
  /// Adds what it knows to a reply.
  virtual void describe(const WorkspaceRecord& record, api::Workspace& workspace) const {
    static_cast<void>(record);
    static_cast<void>(workspace);
  }
  /// Whose job of a guest's agent it is; nullopt: not one of this noun, or not known any more.
  virtual std::optional<api::ConnectionMaker> maker(const WorkspaceRecord& record,
                                                    const std::string& job_id) const {
    static_cast<void>(record);
    static_cast<void>(job_id);
    return std::nullopt;
  }
  /// Ends what runs in the workspace, whose machine goes. Called within a turn of it.
  virtual void end_all(const WorkspaceRecord& record) { static_cast<void>(record); }
  /// Removes what no row names and what is of another session. Called within a turn of it.
  virtual void collect_garbage(const WorkspaceRecord& record) { static_cast<void>(record); }
  /// Removes its rows of a workspace that is gone; its files go with the directory.
  virtual void forget(const std::string& workspace_id) { static_cast<void>(workspace_id); }

 protected:
  ~Part() = default;
};

}  // namespace pyro::workspace
