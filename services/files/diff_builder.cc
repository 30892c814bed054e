#include "services/files/diff_builder.h"

#include <strings.h>

#include <algorithm>
#include <utility>

#include "common/base/base64.h"
#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "services/files/git_names.h"
#include "services/files/patch_sections.h"

namespace pyro::files {
namespace {

using api::ArtifactType;
using api::DiffStatus;
using tree::EntryKind;

bool is_inside_git_directory(const std::string& path) {
  const auto parts = split(path, '/');
  return std::find(parts.begin(), parts.end(), ".git") != parts.end();
}

/// `git apply` refuses such a path in upper or lower case, and takes names that are `.git` only on
/// other file systems.
bool is_refused_by_git(const std::string& path) {
  const auto parts = split(path, '/');
  return std::any_of(parts.begin(), parts.end(), [](const std::string& part) {
    return ::strcasecmp(part.c_str(), ".git") == 0;
  });
}

bool is_utf8(std::string_view text) {
  const bool ascii =
      std::all_of(text.begin(), text.end(), [](char c) { return (c & '\x80') == 0; });
  return ascii || to_valid_utf8(text) == text;
}

bool is_text(std::string_view content) {
  return content.find('\0') == std::string_view::npos && is_utf8(content);
}

bool is_absent(const DiffSide& side) { return side.kind == EntryKind::kAbsent; }

bool in_patch(const DiffSide& side) {
  return side.kind == EntryKind::kFile || side.kind == EntryKind::kSymlink;
}

bool same_content(const DiffSide& one, const DiffSide& other) {
  return one.kind == other.kind && one.too_large == other.too_large && one.content == other.content;
}

bool same_mode(const DiffSide& one, const DiffSide& other) {
  return one.kind == EntryKind::kSymlink || one.mode == other.mode;
}

ArtifactType type_of(const DiffSide& side) {
  switch (side.kind) {
    case EntryKind::kFile:
      return ArtifactType::kFile;
    case EntryKind::kSymlink:
      return ArtifactType::kSymlink;
    default:
      return ArtifactType::kDirectory;
  }
}

/// git knows one permission bit.
unsigned git_mode(const DiffSide& side) {
  if (side.kind == EntryKind::kSymlink) return 0120000;
  return (side.mode & 0100U) != 0 ? 0100755 : 0100644;
}

std::string header_of(const std::string& path) {
  return fmt::format("diff --git {} {}", quote_name("a/" + path), quote_name("b/" + path));
}

/// git reads this back for a section without `---` and `+++` lines: it misreads its own header when
/// a name in it ends with a space.
std::string safe_header_of(const std::string& path) {
  if (path.find(' ') == std::string::npos) return header_of(path);
  return fmt::format("diff --git {} {}", quote_name_always("a/" + path),
                     quote_name_always("b/" + path));
}

std::string mode_section(const std::string& path, const DiffSide& before, const DiffSide& after) {
  const unsigned old_mode = git_mode(before);
  const unsigned new_mode = git_mode(after);
  if (old_mode == new_mode) return "";
  return fmt::format("{}\nold mode {:o}\nnew mode {:o}\n", safe_header_of(path), old_mode,
                     new_mode);
}

PatchForm form_of(const DiffSide& side) {
  if (side.kind == EntryKind::kSymlink) {
    return is_utf8(side.content) ? PatchForm::kText : PatchForm::kOddLink;
  }
  return is_text(side.content) ? PatchForm::kText : PatchForm::kBinary;
}

}  // namespace

bool is_same(const DiffSide& before, const DiffSide& after) {
  return same_content(before, after) && same_mode(before, after);
}

DiffStatus status_of(const DiffSide& before, const DiffSide& after) {
  if (is_absent(before)) return DiffStatus::kAdded;
  if (is_absent(after)) return DiffStatus::kDeleted;
  return before.kind == after.kind ? DiffStatus::kModified : DiffStatus::kTypeChanged;
}

void count(api::DiffSummary& summary, DiffStatus status) {
  ++summary.total;
  switch (status) {
    case DiffStatus::kAdded:
      ++summary.added;
      break;
    case DiffStatus::kModified:
      ++summary.modified;
      break;
    case DiffStatus::kDeleted:
      ++summary.deleted;
      break;
    case DiffStatus::kTypeChanged:
      ++summary.type_changed;
      break;
  }
}

void count_form(api::DiffSummary& summary, const api::DiffEntry& entry) {
  ++(entry.text_patch ? summary.text_patched : summary.non_text);
}

DiffBuilder::DiffBuilder(const std::filesystem::path& scratch, const Work& work,
                         const Redactor* redactor)
    : redactor_(redactor), git_(scratch, work), source_(git_) {}

void DiffBuilder::add(const std::string& path, const DiffSide& before, const DiffSide& after) {
  const bool alike = same_content(before, after);
  if ((alike && same_mode(before, after)) || is_inside_git_directory(path)) return;
  if (changes_.size() == kEntryLimit) {
    throw resource_exhausted(
        reason::kTooLarge,
        "more than {} paths of /workspace have changed, too many for a diff: export it instead",
        kEntryLimit);
  }
  Change change{.status = status_of(before, after),
                .artifact_type = type_of(is_absent(after) ? before : after)};
  if (is_refused_by_git(path)) {
    change.omitted = true;
  } else if (alike) {
    if (before.kind == EntryKind::kFile) change.patch = mode_section(path, before, after);
    patch_bytes_ += change.patch.size();
  } else {
    change.omitted = !put(change, path, before, after);
  }
  changes_.emplace(path, std::move(change));
}

bool DiffBuilder::put(Change& change, const std::string& path, const DiffSide& before,
                      const DiffSide& after) {
  std::size_t needed = 0;
  for (const DiffSide* side : {&before, &after}) {
    if (!in_patch(*side)) continue;
    if (side->too_large || side->content.size() > kContentLimit) return false;
    needed += side->content.size();
  }
  if (source_.kept_bytes() + needed > kSourceLimit) return false;

  PatchForm form_before = form_of(before);
  PatchForm form_after = form_of(after);
  // One section that shows both sides needs both in one form; a change of type is two sections.
  const bool one_section = before.kind == after.kind;
  if (one_section) form_before = form_after = std::max(form_before, form_after);
  using State = PatchSource::State;
  const auto put_side = [&](PatchForm form, State state, const DiffSide& side) {
    if (!in_patch(side)) return;
    const unsigned mode = form == PatchForm::kOddLink ? 0100644 : git_mode(side);
    source_.put(form, state, path, mode, source_.keep(side.content));
    ++change.sections;
  };
  put_side(form_before, State::kBefore, before);
  put_side(form_after, State::kAfter, after);
  if (one_section) change.sections = 1;
  const auto text_or_nothing = [](const DiffSide& side, PatchForm form) {
    return is_absent(side) || (side.kind == EntryKind::kFile && form == PatchForm::kText);
  };
  change.is_text = text_or_nothing(before, form_before) && text_or_nothing(after, form_after);
  return true;
}

void DiffBuilder::collect(PatchForm form, const std::filesystem::path& patch,
                          const ChangesByHeader& by_header) {
  for_each_section(patch, [&](std::string_view header, std::string_view section) {
    const auto found = by_header.find(std::string(header));
    if (found == by_header.end() || found->second->second.sections == 0) {
      throw internal_error("git made a patch of an unknown path");
    }
    take_section(form, *found->second, section);
  });
}

void DiffBuilder::take_section(PatchForm form, Changed& changed, std::string_view section) {
  auto& [path, change] = changed;
  --change.sections;
  if (change.omitted) return;
  if (patch_bytes_ + section.size() > kPatchLimit) {
    patch_bytes_ -= change.patch.size();
    change.patch.clear();
    change.omitted = true;
    return;
  }
  std::string text = form == PatchForm::kOddLink ? as_link_section(section) : std::string(section);
  if (section.find("\n--- ") == section.npos) {
    text.replace(0, text.find('\n'), safe_header_of(path));
  }
  patch_bytes_ += text.size();
  // In a change of type the deletion comes first.
  const bool first = text.find("\ndeleted file mode ") == text.find('\n');
  change.patch.insert(first ? 0 : change.patch.size(), text);
}

api::Diff DiffBuilder::build(const DiffPart& part) {
  ChangesByHeader by_header;
  for (auto& changed : changes_) {
    if (changed.second.sections > 0) by_header.emplace(header_of(changed.first), &changed);
  }
  for (const auto& [form, patch] : source_.make_patches()) collect(form, patch, by_header);

  api::Diff diff;
  diff.changed = !changes_.empty();
  std::size_t bytes = 0;
  for (auto& [path, change] : changes_) {
    if (change.sections > 0) {
      throw failed_precondition(reason::kChangedMeanwhile,
                                "'{}' changed while it was compared: try again", printable(path));
    }
    api::DiffEntry entry{.path = to_valid_utf8(path),
                         .status = change.status,
                         .artifact_type = change.artifact_type};
    if (entry.path != path) entry.path_bytes = to_base64(path);
    std::string patch = std::exchange(change.patch, {});
    if (redactor_ != nullptr) patch = redactor_->redact(patch);
    if (!change.omitted && change.is_text) entry.text_patch = patch;
    count(diff.summary, entry.status);
    count_form(diff.summary, entry);
    if (part.path ? path != *part.path : diff.summary.total <= part.offset) continue;
    if (diff.truncated) continue;
    bytes += kEntryBytes + path.size() + patch.size();
    if (part.bytes && bytes > *part.bytes && !diff.entries.empty()) {
      diff.truncated = true;
      diff.next_offset = part.offset + diff.entries.size();
      continue;
    }
    if (change.omitted) diff.patch_omits.push_back(entry.path);
    diff.patch += patch;
    diff.entries.push_back(std::move(entry));
  }
  return diff;
}

}  // namespace pyro::files
