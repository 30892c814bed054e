#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/artifact.h"
#include "common/api/page.h"
#include "common/api/workspace.h"

/// The changes in a workspace. The workspace service answers them to doors; the files service does
/// the work (files.h).
namespace pyro::api {

enum class DiffStatus { kAdded, kModified, kDeleted, kTypeChanged };
constexpr std::array<std::pair<DiffStatus, std::string_view>, 4> enum_names(DiffStatus) {
  return {{{DiffStatus::kAdded, "added"},
           {DiffStatus::kModified, "modified"},
           {DiffStatus::kDeleted, "deleted"},
           {DiffStatus::kTypeChanged, "type_changed"}}};
}

struct DiffEntry {
  std::string path;
  DiffStatus status = DiffStatus::kModified;
  ArtifactType artifact_type = ArtifactType::kFile;
  std::optional<std::string> text_patch;
  std::optional<std::string> path_bytes;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &DiffEntry::path, "Path relative to /workspace.");
    f("status", &DiffEntry::status, "added, modified, deleted or type_changed.");
    f("artifact_type", &DiffEntry::artifact_type,
      "Its kind, now or when it was deleted: file, directory (an empty one) or symlink.");
    f("text_patch", &DiffEntry::text_patch,
      "Its part of the patch, for text files; null for others and for changes of mode alone.");
    f("path_bytes", &DiffEntry::path_bytes,
      "The path's bytes in base64, when it is not valid UTF-8.");
  }
};

struct ChangeCounts {
  std::uint32_t total = 0;
  std::uint32_t added = 0;
  std::uint32_t modified = 0;
  std::uint32_t deleted = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("total", &ChangeCounts::total, "Changed paths.");
    f("added", &ChangeCounts::added, "Those that are new.");
    f("modified", &ChangeCounts::modified, "Those whose content, mode or target changed.");
    f("deleted", &ChangeCounts::deleted, "Those that are gone.");
  }
};

struct DiffSummary : ChangeCounts {
  std::uint32_t type_changed = 0;
  std::uint32_t text_patched = 0;
  std::uint32_t non_text = 0;
  std::uint32_t ignored_count = 0;

  template <class Fields>
  static void describe(Fields& f) {
    ChangeCounts::describe(f);
    f("type_changed", &DiffSummary::type_changed, "Those that are of another type now.");
    f("text_patched", &DiffSummary::text_patched,
      "Entries with a text_patch; of more than 1,000 changes those in this answer.");
    f("non_text", &DiffSummary::non_text, "Entries without one, likewise.");
    f("ignored_count", &DiffSummary::ignored_count,
      "Changed paths that are left out of all of it, since Git ignores them here.");
  }
};

struct Diff : WorkspaceReply, PageEnd {
  bool changed = false;
  DiffSummary summary;
  std::vector<DiffEntry> entries;
  std::string patch;
  std::vector<std::string> patch_omits;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("changed", &Diff::changed, "Whether anything differs from the state at creation.");
    f("summary", &Diff::summary, "How much.");
    f("entries", &Diff::entries, "What, sorted by path: those that were asked for.");
    f("patch", &Diff::patch, "One git-format patch of the entries, for git apply.");
    f("patch_omits", &Diff::patch_omits,
      "Paths that the patch leaves out because they are too large for it: export those.");
    PageEnd::describe(f);
  }
};

/// /workspace against its state at creation: all of it, or the entries that are asked for. The
/// summary is of all of it. A large diff comes in parts also when no page was asked for. In a Git
/// repository what its ignore rules leave out is no change; a path that is asked for is. not_found:
/// `workspace path is not changed: P`. failed_precondition: the rules cannot be read.
struct DiffWorkspace {
  static constexpr Method kMethod{"workspace.diff", Idempotent::kYes};
  using Reply = Diff;
  std::string workspace_id;
  std::optional<std::string> path;
  std::uint32_t offset = 0;
  bool include_ignored = false;
  std::optional<std::uint32_t> page_bytes;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<DiffWorkspace>(f);
    f("path", &DiffWorkspace::path, "Only the entry of this path.", max_length(4096));
    describe_offset<DiffWorkspace>(f);
    f("include_ignored", &DiffWorkspace::include_ignored,
      "Also what .gitignore leaves out, such as build output.");
    f("page_bytes", &DiffWorkspace::page_bytes,
      "As many entries as take about so many bytes with their parts of the patch; at least one.",
      kHidden);
  }
};

using DiffApi = Api<DiffWorkspace>;

}  // namespace pyro::api
