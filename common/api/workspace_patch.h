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

/// The largest patch that is given as a file.
inline constexpr std::size_t kPatchFileLimit = 16U << 20U;

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
  std::vector<std::string> left_out;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("changed", &PatchApplied::changed, "Whether anything was changed.");
    f("summary", &PatchApplied::summary, "How much.");
    f("entries", &PatchApplied::entries,
      "What, sorted by path. A renamed file is added and deleted.");
    f("left_out", &PatchApplied::left_out,
      "Submodules that the patch moves to another commit: that is no change of a file.");
  }
};

/// Applies a patch as `git apply` does, and forms of it that models write: all of it or nothing.
/// failed_precondition: `patch context does not match for P: …`.
struct ApplyPatch {
  static constexpr Method kMethod{"workspace.patch_apply"};
  using Reply = PatchApplied;
  std::string workspace_id;
  std::optional<std::string> patch;
  std::optional<std::string> patch_file;
  Bytes patch_bytes;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ApplyPatch>(f);
    f("patch", &ApplyPatch::patch, "The patch, a unified diff. Give this or patch_file.",
      max_length(kFileLimit));
    f("patch_file", &ApplyPatch::patch_file,
      "A file below /workspace that holds the patch, of at most 16 MiB and in any encoding.",
      max_length(4096));
    f("patch_bytes", &ApplyPatch::patch_bytes, "The patch, in any encoding.", kHidden,
      max_length(kPatchFileLimit));
  }
};

using PatchApi = Api<ApplyPatch>;

}  // namespace pyro::api
