#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/api/artifact.h"
#include "common/api/workspace_diff.h"

/// Patches applied to a workspace. The workspace service answers them to doors; the files
/// service does the work (files.h).
namespace pyro::api {

struct PatchEntry {
  std::string path;
  DiffStatus status = DiffStatus::kModified;
  std::optional<std::int64_t> offset_lines;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &PatchEntry::path, "Path relative to /workspace.");
    f("status", &PatchEntry::status, "added, modified or deleted.");
    f("offset_lines", &PatchEntry::offset_lines,
      "How many lines from where the patch said its first displaced hunk was applied.");
  }
};

struct PatchApplied : WorkspaceReply {
  bool changed = false;
  ChangeCounts summary;
  std::vector<PatchEntry> entries;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("changed", &PatchApplied::changed, "Whether anything was changed.");
    f("summary", &PatchApplied::summary, "How much.");
    f("entries", &PatchApplied::entries, "What, sorted by path.");
  }
};

/// Applies a unified diff of text files: all of it or nothing.
/// failed_precondition: `patch context does not match for P`.
struct ApplyPatch {
  static constexpr Method kMethod{"workspace.patch_apply"};
  using Reply = PatchApplied;
  std::string workspace_id;
  std::string patch;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ApplyPatch>(f);
    f("patch", &ApplyPatch::patch, "The patch, a unified diff.", kRequired, max_length(kFileLimit));
  }
};

using PatchApi = Api<ApplyPatch>;

}  // namespace pyro::api
