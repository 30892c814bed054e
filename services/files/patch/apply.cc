#include "services/files/patch/apply.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <set>

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/tree/path.h"
#include "services/files/patch/git_apply.h"
#include "services/files/patch/patch_limits.h"
#include "services/files/patch/patch_refusal.h"
#include "services/files/patch/patch_text.h"

namespace pyro::files {
namespace {

using tree::EntryKind;

/// How often git runs for one patch: for each mail of a series, and each time that a section
/// changes what another one made.
constexpr int kMostRuns = 256;

/// A file or a link during the work. Copies share it.
struct PatchedFile {
  EntryKind kind;
  std::uint32_t mode;
  std::string content;
};
using PatchedFilePtr = std::shared_ptr<const PatchedFile>;
/// What is absent is not in it.
using PatchedFiles = std::map<std::string, PatchedFilePtr, std::less<>>;

std::uint32_t mode_after(const FilePatch& patch, std::uint32_t before) {
  if (!patch.new_mode) return before;
  // Readers may run it, as in git's own 100755.
  return *patch.new_mode == PatchMode::kExecutable ? before | ((before & 0444U) >> 2U)
                                                   : before & ~0111U;
}

std::string_view kind_in_words(EntryKind kind) {
  switch (kind) {
    case EntryKind::kSymlink:
      return "it is a symbolic link, and the patch is one of a file";
    case EntryKind::kDirectory:
      return "it is a directory";
    case EntryKind::kOther:
      return "it is no regular file";
    case EntryKind::kFile:
      return "it is a file, and the patch is one of a symbolic link";
    case EntryKind::kAbsent:
      break;
  }
  return "it does not exist";
}

api::agent::Expectation expectation_of(const std::string& path, const CurrentFile& now) {
  return {.path = path,
          .absent = now.kind == EntryKind::kAbsent,
          .inode = now.inode,
          .ctime_ns = now.ctime_ns};
}

/// Applies the sections one after the other; those that do not build on each other in one run of
/// git.
class PatchRun {
 public:
  PatchRun(const std::vector<FilePatch>& sections, std::map<std::string, CurrentFile> found,
           std::filesystem::path scratch, const Work& work)
      : sections_(sections), found_(std::move(found)), scratch_(std::move(scratch)), work_(work) {
    for (auto& [path, file] : found_) {
      if (file.kind != EntryKind::kFile && file.kind != EntryKind::kSymlink) continue;
      if (file.content.size() > kPatchedFileLimit) throw too_large(path);
      now_[path] =
          std::make_shared<PatchedFile>(PatchedFile{file.kind, file.mode, std::move(file.content)});
    }
    before_ = now_;
  }

  PatchOutcome run() {
    begin_mail(0);
    for (const auto& section : sections_) {
      if (section.mail != mail_) begin_mail(section.mail);
      if (section.is_submodule()) {
        left_out_.insert(section.path);
      } else {
        apply(section);
      }
    }
    flush();
    require_separate();
    return outcome();
  }

 private:
  struct Pending {
    const FilePatch* section;
    PatchedFilePtr before;  ///< null for a new file
  };

  static Error too_large(std::string_view path) {
    return resource_exhausted(reason::kTooLarge, "{} is larger than {}: it cannot be patched",
                              printable(path), human_size(kPatchedFileLimit));
  }

  void begin_mail(std::size_t mail) {
    flush();
    mail_ = mail;
    start_ = now_;
    written_.clear();
    leaving_.clear();
    for (const auto& section : sections_) {
      if (section.mail == mail && section.change == FileChange::kRename) {
        leaving_.insert(section.source);
      }
    }
  }

  void apply(const FilePatch& section) {
    const bool moves = !section.source.empty();
    if (is_pending(section.path) || (moves && is_pending(section.source))) flush();
    if (section.change == FileChange::kAdd || moves) require_free(section.path, section.source);
    PatchedFilePtr before;
    if (moves) {
      // As git does: whatever other sections of this patch make of it.
      before = require_kind(section, start_, section.source);
    } else if (section.change != FileChange::kAdd && !may_add(section)) {
      before = require_kind(section, now_, section.path);
    }
    if (section.change == FileChange::kRename && !written_.contains(section.source)) {
      now_.erase(section.source);
    }
    if (!section.hunks.empty() || !section.binary.empty()) {
      pending_.push_back({&section, before});
      return;
    }
    if (section.change == FileChange::kDelete && !section.whatever_is_there &&
        !before->content.empty()) {
      throw patch_mismatch(section.path, "it is not empty, and the patch deletes an empty file");
    }
    put(section, before, before ? before->content : std::string());
  }

  bool is_pending(const std::string& path) const {
    return std::any_of(pending_.begin(), pending_.end(),
                       [&path](const Pending& one) { return one.section->path == path; });
  }

  /// diff(1) without -N shows a new file like this, without /dev/null.
  bool may_add(const FilePatch& section) const {
    return section.change == FileChange::kModify && !now_.contains(section.path) &&
           !is_other(section.path) && section.hunks.size() == 1 && section.hunks[0].start &&
           section.hunks[0].start->before == 0 && section.hunks[0].old_lines() == 0;
  }

  /// Whether what is there is no file or link, which no patch changes.
  bool is_other(const std::string& path) const {
    const auto found = found_.find(path);
    return found != found_.end() &&
           (found->second.kind == EntryKind::kDirectory || found->second.kind == EntryKind::kOther);
  }

  void require_free(const std::string& path, const std::string& source) const {
    if (is_other(path)) throw patch_mismatch(path, kind_in_words(found_.at(path).kind));
    const bool leaves = leaving_.contains(path) && !written_.contains(path);
    if (!now_.contains(path) || leaves || path == source) return;
    throw patch_mismatch(path, now_.at(path)->kind == EntryKind::kSymlink
                                   ? "it exists already, as a symbolic link"
                                   : "it exists already");
  }

  PatchedFilePtr require_kind(const FilePatch& section, const PatchedFiles& files,
                              const std::string& path) const {
    if (is_other(path)) throw patch_mismatch(path, kind_in_words(found_.at(path).kind));
    const auto file = files.find(path);
    if (file == files.end()) throw patch_mismatch(path, kind_in_words(EntryKind::kAbsent));
    const bool is_link = file->second->kind == EntryKind::kSymlink;
    // A name or a deletion alone fits both.
    const bool fits_both =
        section.hunks.empty() && section.binary.empty() && !section.old_mode && !section.new_mode;
    if (is_link != section.is_link() && !fits_both) {
      throw patch_mismatch(path, kind_in_words(file->second->kind));
    }
    return file->second;
  }

  void flush() {
    if (pending_.empty()) return;
    if (++runs_ > kMostRuns) {
      throw invalid_argument(reason::kPatchUnsupported,
                             "the patch changes what it has changed more than {} times: apply it "
                             "in parts",
                             kMostRuns);
    }
    std::vector<GitPatchInput> inputs;
    std::vector<FilePatch> additions;
    additions.reserve(pending_.size());
    for (const auto& [section, before] : pending_) {
      const FilePatch* patch = section;
      if (!before && section->change == FileChange::kModify) {
        additions.push_back(*section);
        additions.back().change = FileChange::kAdd;
        patch = &additions.back();
      }
      const std::string_view content = before ? std::string_view(before->content) : "";
      inputs.push_back({.patch = patch, .content = content});
    }
    auto outputs = git_apply(inputs, scratch_, work_);
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      const FilePatch& section = *pending_[i].section;
      put(section, pending_[i].before, std::move(outputs[i].content));
      if (outputs[i].offset_lines) offsets_.emplace(section.path, *outputs[i].offset_lines);
    }
    pending_.clear();
  }

  void put(const FilePatch& section, const PatchedFilePtr& before, std::string content) {
    if (section.change == FileChange::kDelete) {
      now_.erase(section.path);
      return;
    }
    PatchedFile file{EntryKind::kFile, before ? before->mode : 0644, std::move(content)};
    if (section.new_mode == PatchMode::kLink || (before && before->kind == EntryKind::kSymlink)) {
      file = as_link(section.path, std::move(file.content));
    } else {
      file.mode = mode_after(section, file.mode);
    }
    bytes_ += file.content.size();
    if (file.content.size() > kPatchedFileLimit) throw too_large(section.path);
    if (bytes_ > kPatchedFilesLimit) {
      throw resource_exhausted(reason::kTooLarge,
                               "the files of the patch are over {} together afterwards",
                               human_size(kPatchedFilesLimit));
    }
    now_[section.path] = std::make_shared<PatchedFile>(std::move(file));
    written_.insert(section.path);
  }

  static PatchedFile as_link(const std::string& path, std::string target) {
    if (target.ends_with('\n')) target.pop_back();
    if (target.empty() || target.size() > tree::kMaxPathBytes ||
        target.find('\0') != std::string::npos) {
      throw invalid_argument(reason::kPatchUnsupported,
                             "the patch makes {} a symbolic link to what no path can be",
                             printable(path));
    }
    require_inside(path, target);
    return {EntryKind::kSymlink, 0777, std::move(target)};
  }

  static void require_inside(const std::string& path, std::string_view target) {
    constexpr std::string_view kTop = "/workspace/";
    const bool leads_out = target.starts_with(kTop)
                               ? tree::leads_out("link", target.substr(kTop.size()))
                               : tree::leads_out(path, target);
    if (!leads_out) return;
    throw invalid_argument(reason::kOutsideWorkspace,
                           "the patch makes {} a symbolic link to '{}', which leads out of "
                           "/workspace",
                           printable(path), printable(target));
  }

  /// No file of the patch can be below another that is a file afterwards.
  void require_separate() const {
    for (const auto& [path, file] : now_) {
      for (auto above = tree::parent_of(path); !above.empty(); above = tree::parent_of(above)) {
        const auto found = now_.find(above);
        if (found == now_.end()) continue;
        throw patch_mismatch(path, fmt::format("{} is no directory", printable(above)));
      }
    }
  }

  PatchOutcome outcome() const {
    PatchOutcome outcome{.left_out = {left_out_.begin(), left_out_.end()}};
    for (const auto& [path, file] : found_) {
      outcome.expectations.push_back(expectation_of(path, file));
      add_change(outcome, path);
    }
    return outcome;
  }

  static PatchedFilePtr at(const PatchedFiles& files, const std::string& path) {
    const auto found = files.find(path);
    return found == files.end() ? nullptr : found->second;
  }

  void add_change(PatchOutcome& outcome, const std::string& path) const {
    const PatchedFilePtr was = at(before_, path);
    const PatchedFilePtr is = at(now_, path);
    if (was == is) return;
    if (was && is && was->kind == is->kind && was->mode == is->mode &&
        was->content == is->content) {
      return;
    }
    api::PatchEntry entry{.path = to_valid_utf8(path),
                          .status = !was  ? api::DiffStatus::kAdded
                                    : !is ? api::DiffStatus::kDeleted
                                          : api::DiffStatus::kModified};
    if (const auto offset = offsets_.find(path); offset != offsets_.end()) {
      entry.offset_lines = offset->second;
    }
    outcome.entries.push_back(std::move(entry));
    if (was && (!is || was->kind != is->kind)) outcome.deletions.push_back(path);
    if (is) {
      outcome.writes.push_back({path, is->mode, is->content, is->kind == EntryKind::kSymlink});
    }
  }

  const std::vector<FilePatch>& sections_;
  std::map<std::string, CurrentFile> found_;
  std::filesystem::path scratch_;
  const Work& work_;
  PatchedFiles before_;  ///< before the patch
  PatchedFiles start_;   ///< before this mail
  PatchedFiles now_;
  std::set<std::string> written_;  ///< in this mail
  std::set<std::string> leaving_;  ///< renamed in this mail
  std::set<std::string> left_out_;
  std::vector<Pending> pending_;
  std::map<std::string, std::int64_t> offsets_;
  std::size_t mail_ = 0;
  std::uint64_t bytes_ = 0;
  int runs_ = 0;
};

}  // namespace

PatchOutcome apply_patch(std::string_view patch, const FetchFiles& fetch,
                         const std::filesystem::path& scratch, const Work& work) {
  const std::vector<FilePatch> sections = parse_patch(patch);
  std::set<std::string> paths;
  for (const auto& section : sections) {
    if (section.is_submodule()) continue;
    paths.insert(section.path);
    if (!section.source.empty()) paths.insert(section.source);
  }
  auto found = fetch({paths.begin(), paths.end()});
  for (const auto& path : paths) found.try_emplace(path);
  return PatchRun(sections, std::move(found), scratch, work).run();
}

}  // namespace pyro::files
