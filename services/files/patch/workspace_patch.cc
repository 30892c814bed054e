#include "services/files/patch/workspace_patch.h"

#include <set>

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/tree/path.h"
#include "services/files/fetched_files.h"
#include "services/files/guest_change.h"
#include "services/files/patch/apply.h"
#include "services/files/patch/patch_limits.h"
#include "services/files/workspace_path.h"

namespace pyro::files {
namespace {

std::map<std::string, CurrentFile> fetch_current(GuestTree& guest,
                                                 const std::vector<std::string>& paths) {
  std::map<std::string, CurrentFile> files;
  std::size_t bytes = 0;
  fetch_files(guest, paths, kPatchedFileLimit, [&](FetchedFile file) {
    bytes += file.content.size();
    if (file.too_large || bytes > kPatchedFilesLimit) {
      throw resource_exhausted(reason::kTooLarge,
                               "{} is too large to be patched: the files of a patch may have {} "
                               "each and {} together",
                               printable(file.entry.path), human_size(kPatchedFileLimit),
                               human_size(kPatchedFilesLimit));
    }
    files[file.entry.path] = {.kind = file.entry.kind,
                              .mode = file.entry.mode,
                              .content = file.entry.kind == tree::EntryKind::kSymlink
                                             ? std::move(file.entry.link_target)
                                             : std::move(file.content),
                              .inode = file.entry.inode,
                              .ctime_ns = file.entry.ctime_ns};
  });
  return files;
}

/// Stages the directories above a path that were not staged yet, the topmost first.
void stage_directories(std::string_view path, tree::Sink& sink, std::set<std::string>& staged) {
  const std::string_view directory = tree::parent_of(path);
  if (staged.contains(std::string(directory))) return;
  if (!directory.empty()) stage_directories(directory, sink, staged);
  sink.entry({.path = std::string(directory), .kind = tree::EntryKind::kDirectory, .mode = 0755});
  staged.emplace(directory);
}

void put_in_place(GuestTree& guest, PatchOutcome outcome) {
  GuestChange change(guest, "");
  std::set<std::string> staged;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  for (const auto& file : outcome.writes) {
    stage_directories(file.path, change.sink(), staged);
    if (file.is_link) {
      change.sink().entry({.path = file.path,
                           .kind = tree::EntryKind::kSymlink,
                           .mode = 0777,
                           .link_target = file.content});
      continue;
    }
    change.sink().entry(
        {.path = file.path,
         .mode = file.mode,
         .mtime_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(),
         .size = file.content.size()});
    for (std::string_view left = file.content; !left.empty();) {
      const std::string_view piece = left.substr(0, tree::kMaxDataBytes);
      change.sink().data(piece);
      left.remove_prefix(piece.size());
    }
    change.sink().end_file();
  }
  change.commit(std::move(outcome.expectations), std::move(outcome.deletions));
}

void count_entry(api::ChangeCounts& summary, const api::PatchEntry& entry) {
  ++summary.total;
  summary.added += entry.status == api::DiffStatus::kAdded ? 1 : 0;
  summary.modified += entry.status == api::DiffStatus::kModified ? 1 : 0;
  summary.deleted += entry.status == api::DiffStatus::kDeleted ? 1 : 0;
}

/// The patch, wherever the caller has it.
std::string patch_of(GuestTree& guest, const api::ApplyPatch& request) {
  const int given = (request.patch ? 1 : 0) + (request.patch_file ? 1 : 0) +
                    (request.patch_bytes.data.empty() ? 0 : 1);
  if (given != 1) throw invalid_argument("give either patch or patch_file");
  if (request.patch) return *request.patch;
  if (!request.patch_file) return request.patch_bytes.data;
  api::agent::FilePart file = guest.call(api::agent::ReadPart{
      .path = workspace_path(*request.patch_file), .max_bytes = api::kPatchFileLimit});
  if (file.size_bytes > api::kPatchFileLimit) {
    throw resource_exhausted(
        reason::kTooLarge, "the patch in {} is over {}",
        printable(absolute_workspace_path(workspace_path(*request.patch_file))),
        human_size(api::kPatchFileLimit));
  }
  return std::move(file.content.data);
}

}  // namespace

api::PatchApplied patch_workspace(GuestTree& guest, const api::ApplyPatch& request,
                                  const std::filesystem::path& scratch, const Work& work) {
  const auto fetch = [&guest](const std::vector<std::string>& paths) {
    return fetch_current(guest, paths);
  };
  const std::string patch = patch_of(guest, request);
  PatchOutcome outcome = apply_patch(patch, fetch, scratch, work);
  api::PatchApplied applied{.changed = !outcome.entries.empty(),
                            .entries = std::move(outcome.entries)};
  for (const auto& path : outcome.left_out) applied.left_out.push_back(to_valid_utf8(path));
  for (const auto& entry : applied.entries) count_entry(applied.summary, entry);
  if (applied.changed) put_in_place(guest, std::move(outcome));
  return applied;
}

}  // namespace pyro::files
