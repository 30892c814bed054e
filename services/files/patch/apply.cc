#include "services/files/patch/apply.h"

#include <algorithm>
#include <set>

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "services/files/patch/git_apply.h"
#include "services/files/patch/patch_refusal.h"
#include "services/files/patch/patch_text.h"

namespace pyro::files {
namespace {

using tree::EntryKind;

std::uint32_t mode_after(const FilePatch& patch, const CurrentFile& now) {
  const std::uint32_t mode = patch.change == FileChange::kAdd ? 0644 : now.mode;
  if (!patch.executable) return mode;
  // Readers may run it, as in git's own 100755.
  return *patch.executable ? mode | ((mode & 0444U) >> 2U) : mode & ~0111U;
}

api::DiffStatus status_of(FileChange change) {
  switch (change) {
    case FileChange::kAdd:
      return api::DiffStatus::kAdded;
    case FileChange::kDelete:
      return api::DiffStatus::kDeleted;
    case FileChange::kModify:
      break;
  }
  return api::DiffStatus::kModified;
}

void require_fitting(const FilePatch& patch, const CurrentFile& now) {
  const bool to_add = patch.change == FileChange::kAdd;
  if (now.kind != (to_add ? EntryKind::kAbsent : EntryKind::kFile)) {
    throw patch_mismatch(patch.path);
  }
  if (now.content.size() > kPatchedFileLimit) {
    throw resource_exhausted(reason::kTooLarge, "{} is larger than {}: it cannot be patched",
                             printable(patch.path), human_size(kPatchedFileLimit));
  }
  const bool of_empty_file = patch.change == FileChange::kDelete && patch.hunks.empty();
  if (of_empty_file && !now.content.empty()) throw patch_mismatch(patch.path);
}

/// No file of the patch can be below another that is a file afterwards.
void require_separate(const std::vector<FilePatch>& patches) {
  std::set<std::string_view> files;
  for (const auto& patch : patches) {
    if (patch.change != FileChange::kDelete) files.insert(patch.path);
  }
  for (const std::string_view file : files) {
    for (auto end = file.rfind('/'); end != file.npos && end > 0; end = file.rfind('/', end - 1)) {
      if (files.contains(file.substr(0, end))) throw patch_mismatch(file);
    }
  }
}

api::agent::Expectation expectation_of(const std::string& path, const CurrentFile& now) {
  return {.path = path,
          .absent = now.kind == EntryKind::kAbsent,
          .inode = now.inode,
          .ctime_ns = now.ctime_ns};
}

/// The files at the paths, one for each patch. A patch without /dev/null may still add one.
std::vector<CurrentFile> fetch_all(std::vector<FilePatch>& patches, const FetchFiles& fetch) {
  std::vector<std::string> paths;
  paths.reserve(patches.size());
  for (const auto& patch : patches) paths.push_back(patch.path);
  auto found = fetch(paths);
  std::vector<CurrentFile> files;
  for (auto& patch : patches) {
    CurrentFile file = std::move(found[patch.path]);
    const bool may_add = patch.change == FileChange::kModify && patch.begins_at_nothing;
    if (may_add && file.kind == EntryKind::kAbsent) patch.change = FileChange::kAdd;
    require_fitting(patch, file);
    files.push_back(std::move(file));
  }
  return files;
}

/// The contents afterwards; files without hunks keep theirs.
std::vector<GitPatchOutput> patch_contents(const std::vector<FilePatch>& patches,
                                           const std::vector<CurrentFile>& files,
                                           const std::filesystem::path& scratch, const Work& work) {
  std::vector<GitPatchOutput> all(patches.size());
  std::vector<GitPatchInput> inputs;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < patches.size(); ++i) {
    if (patches[i].hunks.empty()) {
      all[i].content = files[i].content;
    } else {
      inputs.push_back({.patch = &patches[i], .content = files[i].content});
      places.push_back(i);
    }
  }
  if (inputs.empty()) return all;
  auto outputs = git_apply(inputs, scratch, work);
  for (std::size_t i = 0; i < places.size(); ++i) all[places[i]] = std::move(outputs[i]);
  return all;
}

}  // namespace

PatchOutcome apply_patch(std::string_view patch, const FetchFiles& fetch,
                         const std::filesystem::path& scratch, const Work& work) {
  std::vector<FilePatch> patches = parse_patch(patch);
  std::sort(patches.begin(), patches.end(),
            [](const FilePatch& a, const FilePatch& b) { return a.path < b.path; });
  require_separate(patches);
  const std::vector<CurrentFile> files = fetch_all(patches, fetch);
  std::vector<GitPatchOutput> outputs = patch_contents(patches, files, scratch, work);

  PatchOutcome outcome;
  for (std::size_t i = 0; i < patches.size(); ++i) {
    const FilePatch& file = patches[i];
    outcome.expectations.push_back(expectation_of(file.path, files[i]));
    const std::uint32_t mode = mode_after(file, files[i]);
    if (file.change == FileChange::kModify && outputs[i].content == files[i].content &&
        mode == files[i].mode) {
      continue;
    }
    outcome.entries.push_back({.path = to_valid_utf8(file.path),
                               .status = status_of(file.change),
                               .offset_lines = outputs[i].offset_lines});
    if (file.change == FileChange::kDelete) {
      outcome.deletions.push_back(file.path);
    } else {
      outcome.writes.push_back({file.path, mode, std::move(outputs[i].content)});
    }
  }
  return outcome;
}

}  // namespace pyro::files
