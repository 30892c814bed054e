#include "services/workspace/review_log.h"

#include "common/base/clock.h"
#include "common/base/random.h"

namespace pyro::workspace {
namespace {

constexpr std::size_t kMostPaths = 20;

/// A row's id in the order of time; the random part keeps two of one moment apart.
std::string event_row(const WorkspaceRecord& workspace) {
  return fmt::format("{}{:018.6f}-{}", workspace.session_prefix(), now_epoch_seconds(),
                     random_hex(4));
}

}  // namespace

void ReviewLog::put(const WorkspaceRecord& workspace, const ReviewEvent& event) {
  rows_.put(event_row(workspace), event);
}

void ReviewLog::add(const WorkspaceRecord& workspace, std::string kind,
                    std::vector<std::string> paths) {
  if (paths.size() > kMostPaths) paths.resize(kMostPaths);
  put(workspace, {.edit = api::EditEvent{.kind = std::move(kind),
                                         .recorded_at = now_epoch_seconds(),
                                         .paths = std::move(paths)}});
}

void ReviewLog::add(const WorkspaceRecord& workspace, const api::Exported& exported) {
  put(workspace, {.exported = api::ExportEvent{.workspace_path = exported.workspace_path,
                                               .output_path = exported.output_path,
                                               .artifact_type = exported.artifact_type,
                                               .recorded_at = now_epoch_seconds()}});
}

std::vector<api::EditEvent> ReviewLog::edits(const WorkspaceRecord& workspace) const {
  std::vector<api::EditEvent> found;
  for (auto& event : rows_.last_below(workspace.session_prefix())) {
    if (event.edit) found.push_back(std::move(*event.edit));
  }
  return found;
}

std::vector<api::ExportEvent> ReviewLog::exports(const WorkspaceRecord& workspace) const {
  std::vector<api::ExportEvent> found;
  for (auto& event : rows_.last_below(workspace.session_prefix())) {
    if (event.exported) found.push_back(std::move(*event.exported));
  }
  return found;
}

void ReviewLog::forget_other_sessions(const WorkspaceRecord& workspace) {
  for (std::uint32_t session = 0; session < workspace.session; ++session) {
    rows_.erase_below(fmt::format("{}/{:06}/", workspace.id(), session));
  }
}

}  // namespace pyro::workspace
