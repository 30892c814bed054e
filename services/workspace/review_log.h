#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/api/workspace_export.h"
#include "common/api/workspace_summary.h"
#include "common/registry/registry.h"
#include "services/workspace/workspace_record.h"

namespace pyro::workspace {

/// A row of the table `workspace_events`: one of the two.
struct ReviewEvent {
  std::optional<api::EditEvent> edit;
  std::optional<api::ExportEvent> exported;

  template <class Fields>
  static void describe(Fields& f) {
    f("edit", &ReviewEvent::edit, "Something was written from outside.");
    f("export", &ReviewEvent::exported, "Something was exported.");
  }
};

/// What was done to a workspace beside its commands, for its summary. Thread-safe.
class ReviewLog {
 public:
  explicit ReviewLog(Registry& registry) : rows_(registry, "workspace_events") {}

  /// An edit names at most its first 20 paths.
  void add(const WorkspaceRecord& workspace, std::string kind, std::vector<std::string> paths);
  void add(const WorkspaceRecord& workspace, const api::Exported& exported);

  /// Of the session, the latest first.
  std::vector<api::EditEvent> edits(const WorkspaceRecord& workspace) const;
  std::vector<api::ExportEvent> exports(const WorkspaceRecord& workspace) const;

  void forget_other_sessions(const WorkspaceRecord& workspace);
  void forget(const std::string& workspace_id) { rows_.erase_below(workspace_id + "/"); }

 private:
  void put(const WorkspaceRecord& workspace, const ReviewEvent& event);
  RecordTable<ReviewEvent> rows_;
};

}  // namespace pyro::workspace
