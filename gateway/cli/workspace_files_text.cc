#include "gateway/cli/workspace_files_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/text.h"
#include "gateway/cli/human.h"
#include "gateway/cli/table.h"
#include "gateway/cli/workspace_text.h"

namespace pyro::cli {
namespace {

/// A path is shown whole as far as a path can be.
constexpr std::size_t kWholePathColumns = 4096;
constexpr std::size_t kNamed = 10;

std::string path_text(std::string_view path) { return one_line(path, kWholePathColumns); }

/// `3 paths: 1 added, 2 modified`; DiffSummary or PatchSummary.
template <class Summary>
std::string counts_text(const Summary& summary, std::string_view what) {
  std::vector<std::string> parts;
  const auto part = [&parts](std::uint32_t number, std::string_view kind) {
    if (number > 0) parts.push_back(fmt::format("{} {}", number, kind));
  };
  part(summary.added, "added");
  part(summary.modified, "modified");
  part(summary.deleted, "deleted");
  if constexpr (requires { summary.type_changed; }) part(summary.type_changed, "type changed");
  return fmt::format("{}: {}", count_of(summary.total, what), join(parts, ", "));
}

std::string list_row(const api::FileEntry& entry) {
  const std::string path = path_text(entry.path);
  if (entry.artifact_type == api::ArtifactType::kDirectory) return path + "/";
  return entry.link_target ? path + " -> " + path_text(*entry.link_target) : path;
}

}  // namespace

std::string diff_note(const api::Diff& diff) {
  if (!diff.changed) return "nothing changed since the workspace was created\n";
  std::string text = counts_text(diff.summary, "path") + "\n";
  std::vector<std::string> not_text;
  for (const auto& entry : diff.entries) {
    const bool omitted = std::find(diff.patch_omits.begin(), diff.patch_omits.end(), entry.path) !=
                         diff.patch_omits.end();
    if (!entry.text_patch && !omitted) not_text.push_back(entry.path);
  }
  if (!not_text.empty()) text += "changed, but not as text: " + some_of(not_text, kNamed) + "\n";
  if (!diff.patch_omits.empty()) {
    text += fmt::format(
        "too large for the patch: {}; pyro workspace export {} PATH --output HOST_PATH\n",
        some_of(diff.patch_omits, kNamed), diff.workspace_id);
  }
  return text;
}

std::string file_list_text(const api::FileList& list) {
  if (list.entries.empty()) return path_text(list.path) + " is empty\n";
  std::vector<std::vector<std::string>> rows{{"TYPE", "SIZE", "PATH"}};
  for (const auto& entry : list.entries) {
    const bool file = entry.artifact_type == api::ArtifactType::kFile;
    rows.push_back({std::string(api::name_of(entry.artifact_type)),
                    file ? human_size(entry.size_bytes) : "-", list_row(entry)});
  }
  return table(rows);
}

std::string file_text(const api::FileContent& content) {
  std::string text = printable(content.content);
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return text;
}

std::string file_read_note(const api::FileContent& content) {
  if (content.content.empty() && content.size_bytes == 0) {
    return fmt::format("{} is empty\n", path_text(content.path));
  }
  if (content.next_offset) {
    return fmt::format("bytes {} to {} of {}; the rest: --offset {}\n", content.offset,
                       *content.next_offset, content.size_bytes, *content.next_offset);
  }
  if (content.offset == 0) return "";
  return fmt::format("bytes {} to {} of {}\n", std::min(content.offset, content.size_bytes),
                     content.size_bytes, content.size_bytes);
}

std::string file_written_text(const api::FileWritten& written) {
  return fmt::format("wrote {} ({})\n", path_text(written.path), human_size(written.size_bytes));
}

std::string patch_applied_text(const api::PatchApplied& applied) {
  if (!applied.changed) return "the patch changed nothing\n";
  std::string text = counts_text(applied.summary, "file") + "\n";
  for (const auto& entry : applied.entries) {
    text += fmt::format("  {} {}", api::name_of(entry.status), path_text(entry.path));
    if (entry.offset_lines) text += fmt::format(" (displaced by {} lines)", *entry.offset_lines);
    text += "\n";
  }
  return text;
}

std::string pushed_text(const api::PushedSync& pushed) {
  const auto& sync = pushed.workspace_sync;
  return fmt::format("pushed {} to {} ({}{})\n", path_text(sync.source_path),
                     path_text(sync.destination), amount_text(sync.entry_count, sync.bytes_written),
                     skipped_text(sync.skipped_count));
}

std::string exported_text(const api::Exported& exported) {
  return fmt::format("exported {} {} to {} ({}{})\n", api::name_of(exported.artifact_type),
                     path_text(exported.workspace_path), path_text(exported.output_path),
                     amount_text(exported.entry_count, exported.bytes_written),
                     skipped_text(exported.skipped_count));
}

std::string created_snapshot_text(const api::CreatedSnapshot& created) {
  const auto& snapshot = created.snapshot;
  return fmt::format(
      "snapshot {0} holds {1}; back to it: pyro workspace reset {2} --snapshot {0}\n",
      snapshot.snapshot_name, amount_text(snapshot.entry_count, snapshot.bytes_written),
      created.workspace_id);
}

std::string deleted_snapshot_text(const api::DeletedSnapshot& deleted) {
  return fmt::format("snapshot {} {}\n", deleted.snapshot_name,
                     deleted.deleted ? "is deleted" : "was not deleted");
}

std::string snapshot_list_text(const api::SnapshotList& list, double now) {
  std::vector<std::vector<std::string>> rows{{"NAME", "KIND", "CREATED", "ENTRIES", "SIZE"}};
  for (const auto& snapshot : list.snapshots) {
    rows.push_back({snapshot.snapshot_name, std::string(api::name_of(snapshot.kind)),
                    human_ago(snapshot.created_at, now), std::to_string(snapshot.entry_count),
                    human_size(snapshot.bytes_written)});
  }
  return table(rows);
}

}  // namespace pyro::cli
