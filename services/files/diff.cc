#include "services/files/diff.h"

#include <algorithm>
#include <functional>
#include <span>
#include <vector>

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/tree/path.h"
#include "services/files/changed_paths.h"
#include "services/files/diff_builder.h"
#include "services/files/fetched_files.h"
#include "services/files/ignored_paths.h"
#include "services/files/volume/volume_reader.h"
#include "services/files/work_check.h"
#include "services/files/workspace_path.h"

namespace pyro::files {
namespace {

using tree::Entry;
using tree::EntryKind;

/// A side known by its size only: it differs from any other.
DiffSide too_large_to_compare(const Entry& entry, const char* which) {
  return {.kind = entry.kind, .mode = entry.mode, .content = which, .too_large = true};
}

DiffPart part_of(const api::DiffWorkspace& request) {
  if (!request.path) return {.offset = request.offset, .bytes = request.page_bytes};
  if (request.offset != 0) throw invalid_argument("path and offset exclude each other");
  return {.path = workspace_path(*request.path)};
}

/// A path that may have changed.
struct Candidate {
  const std::string* path;
  Entry before;  ///< as the baseline has it
  Entry after;   ///< as the guest told it, or absent
};

/// In the order of their paths.
std::vector<Candidate> candidates_of(const ChangedPaths& changed,
                                     const volume::VolumeReader& baseline, const Work& work) {
  std::vector<Candidate> all;
  all.reserve(changed.gone.size() + changed.empty_directories.size() + changed.present.size());
  for (const auto& [path, entry] : changed.gone) {
    all.push_back({&path, entry, {.path = path, .kind = EntryKind::kAbsent}});
  }
  for (const auto* now : {&changed.empty_directories, &changed.present}) {
    for (const auto& [path, entry] : *now) {
      check(work);
      all.push_back({&path, baseline.find(path), entry});
    }
  }
  std::ranges::sort(all, {}, [](const Candidate& one) -> const std::string& { return *one.path; });
  return all;
}

/// The sides of candidates, and their content.
class Sides {
 public:
  Sides(GuestTree& guest, const volume::VolumeReader& baseline, const Work& work)
      : guest_(guest), baseline_(baseline), work_(work) {}

  enum class Verdict { kSame, kDiffers, kUnknown };
  /// As far as attributes tell.
  Verdict compare(const Candidate& one) const {
    const DiffSide before = bare_before(one);
    const DiffSide after = bare_after(one.after);
    if (before.kind != after.kind) return Verdict::kDiffers;
    const auto differs_if = [](bool differs) {
      return differs ? Verdict::kDiffers : Verdict::kSame;
    };
    switch (after.kind) {
      case EntryKind::kFile:
        return one.before.size != one.after.size || before.mode != after.mode ? Verdict::kDiffers
                                                                              : Verdict::kUnknown;
      case EntryKind::kSymlink:
        return differs_if(before.content != after.content);
      case EntryKind::kDirectory:
        return differs_if(before.mode != after.mode);
      case EntryKind::kOther:
      case EntryKind::kAbsent:
        break;
    }
    return Verdict::kSame;
  }

  api::DiffStatus status(const Candidate& one) const {
    return status_of(bare_before(one), bare_after(one.after));
  }

  /// Passes on both sides of each, with content. `those` are in the order of their paths; so is
  /// what comes with content, and what comes without it.
  using Take = std::function<void(const Candidate&, const DiffSide&, const DiffSide&)>;
  void read(std::span<const Candidate* const> those, const Take& take) {
    std::vector<const Candidate*> to_fetch;
    std::vector<std::string> paths;
    for (const Candidate* one : those) {
      check(work_);
      if (needs_fetching(*one)) {
        to_fetch.push_back(one);
        paths.push_back(*one->path);
      } else {
        take(*one, before(*one, std::nullopt), after_unfetched(*one));
      }
    }
    auto next = to_fetch.begin();
    fetch_files(guest_, paths, DiffBuilder::kContentLimit, [&](FetchedFile file) {
      const Candidate& one = **next++;
      DiffSide after = bare_after(file.entry);
      if (after.kind == EntryKind::kFile) {
        after.content = std::move(file.content);
        after.too_large = file.too_large;
      }
      take(one, before(one, file.entry.size), after);
    });
  }

 private:
  static DiffSide bare_after(const Entry& now) {
    switch (now.kind) {
      case EntryKind::kFile:
      case EntryKind::kSymlink:
      case EntryKind::kDirectory:
        return {.kind = now.kind, .mode = now.mode, .content = now.link_target};
      case EntryKind::kOther:
      case EntryKind::kAbsent:
        break;
    }
    return {};
  }

  /// A directory counts if it is empty; that one is empty now says that what was in it are changes
  /// of their own.
  DiffSide bare_before(const Candidate& one) const {
    const Entry& was = one.before;
    if (was.kind == EntryKind::kDirectory && one.after.kind != EntryKind::kDirectory &&
        !is_empty(was.path)) {
      return {};
    }
    return bare_after(was);
  }

  static bool is_large(const Entry& entry) { return entry.size > DiffBuilder::kContentLimit; }

  static bool needs_fetching(const Candidate& one) {
    const bool comparable =
        one.before.kind == EntryKind::kFile && one.before.size == one.after.size;
    return one.after.kind == EntryKind::kFile && (!is_large(one.after) || comparable);
  }

  static DiffSide after_unfetched(const Candidate& one) {
    if (one.after.kind == EntryKind::kFile) return too_large_to_compare(one.after, "after");
    return bare_after(one.after);
  }

  /// `size_now` is of a file whose content it may be compared with.
  DiffSide before(const Candidate& one, std::optional<std::uint64_t> size_now) const {
    DiffSide side = bare_before(one);
    if (side.kind != EntryKind::kFile) return side;
    if (is_large(one.before) && one.before.size != size_now) {
      return too_large_to_compare(one.before, "before");
    }
    BoundedContent content(DiffBuilder::kContentLimit);
    baseline_.read(one.before.path, [&](std::string_view piece) {
      check(work_);
      content.append(piece);
    });
    side.too_large = content.too_large();
    side.content = content.take();
    return side;
  }

  bool is_empty(const std::string& directory) const {
    for (const auto& entry : baseline_.list(directory)) {
      if (tree::name_of(entry.path) != ".git") return false;
    }
    return true;
  }

  GuestTree& guest_;
  const volume::VolumeReader& baseline_;
  const Work& work_;
};

/// So many are read as a whole, each side once.
constexpr std::size_t kReadAtOnce = 1000;
constexpr std::uint64_t kReadBytesAtOnce = 64U << 20U;

bool are_few(const std::vector<Candidate>& candidates) {
  std::uint64_t bytes = 0;
  for (const auto& one : candidates) bytes += one.before.size + one.after.size;
  return candidates.size() <= kReadAtOnce && bytes <= kReadBytesAtOnce;
}

/// Of many changes: those that differ, in the order of their paths. Reads only files of which the
/// attributes do not tell it, and keeps nothing of them.
std::vector<const Candidate*> those_that_differ(const std::vector<Candidate>& candidates,
                                                Sides& sides) {
  std::vector<const Candidate*> differ;
  std::vector<const Candidate*> unknown;
  for (const auto& one : candidates) {
    const auto verdict = sides.compare(one);
    if (verdict == Sides::Verdict::kDiffers) differ.push_back(&one);
    if (verdict == Sides::Verdict::kUnknown) unknown.push_back(&one);
  }
  const auto first_unknown = static_cast<std::ptrdiff_t>(differ.size());
  sides.read(unknown, [&](const Candidate& one, const DiffSide& before, const DiffSide& after) {
    if (!is_same(before, after)) differ.push_back(&one);
  });
  std::inplace_merge(differ.begin(), differ.begin() + first_unknown, differ.end(),
                     [](const Candidate* a, const Candidate* b) { return *a->path < *b->path; });
  return differ;
}

/// As many from `first` on as fill about the part, by what their content may take in a patch.
std::span<const Candidate* const> page_of(const std::vector<const Candidate*>& differ,
                                          const DiffPart& part) {
  constexpr std::uint64_t kOfAModifiedFile = 2000;
  const std::span all(differ);
  if (part.path) {
    const auto found = std::ranges::find_if(
        all, [&part](const Candidate* one) { return *one->path == *part.path; });
    return found == all.end() ? all.first(0) : std::span(found, 1);
  }
  const std::size_t first = std::min(part.offset, all.size());
  std::size_t last = first;
  std::uint64_t bytes = 0;
  while (last < all.size() && last - first < DiffBuilder::kEntryLimit &&
         bytes <= part.bytes.value_or(DiffBuilder::kPatchLimit)) {
    const Candidate& one = *all[last++];
    const std::uint64_t sizes = one.before.size + one.after.size;
    const bool modified = one.before.kind == EntryKind::kFile && one.after.kind == EntryKind::kFile;
    bytes += DiffBuilder::kEntryBytes + one.path->size() +
             (modified ? std::min(sizes, kOfAModifiedFile) : sizes);
  }
  return all.subspan(first, last - first);
}

/// All changes counted, those of the part read.
api::Diff diff_of_many(const std::vector<Candidate>& candidates, Sides& sides, DiffBuilder& builder,
                       const DiffPart& part) {
  const auto differ = those_that_differ(candidates, sides);
  const auto page = page_of(differ, part);
  sides.read(page, [&](const Candidate& one, const DiffSide& before, const DiffSide& after) {
    builder.add(*one.path, before, after);
  });
  api::Diff diff = builder.build({.bytes = part.bytes});
  diff.changed = !differ.empty();
  diff.summary = {};
  for (const Candidate* one : differ) count(diff.summary, sides.status(*one));
  for (const auto& entry : diff.entries) count_form(diff.summary, entry);
  if (part.path) return diff;
  // What is the same again meanwhile has no entry, so that entries do not tell how many were taken.
  const std::size_t first = std::min(part.offset, differ.size());
  const std::size_t taken =
      diff.truncated ? static_cast<std::size_t>(*diff.next_offset) : page.size();
  diff.truncated = first + taken < differ.size();
  diff.next_offset.reset();
  if (diff.truncated) diff.next_offset = first + taken;
  return diff;
}

}  // namespace

api::Diff diff_workspace(GuestTree& guest, const api::OnMachine<api::DiffWorkspace>& request,
                         const std::filesystem::path& scratch, const Work& work,
                         const Redactor* redactor) {
  const DiffPart part = part_of(request.request);
  const volume::VolumeReader baseline(request.baseline);
  ChangedPaths changed = find_changed_paths(guest, baseline, work);
  std::uint32_t ignored = 0;
  if (!request.request.include_ignored) {
    ignored = leave_out_ignored(guest, baseline, changed, part.path, scratch, work);
  }
  const auto candidates = candidates_of(changed, baseline, work);
  DiffBuilder builder(scratch, work, redactor);
  Sides sides(guest, baseline, work);
  api::Diff diff;
  if (are_few(candidates)) {
    std::vector<const Candidate*> all;
    for (const auto& one : candidates) all.push_back(&one);
    sides.read(all, [&](const Candidate& one, const DiffSide& before, const DiffSide& after) {
      builder.add(*one.path, before, after);
    });
    diff = builder.build(part);
  } else {
    diff = diff_of_many(candidates, sides, builder, part);
  }
  diff.summary.ignored_count = ignored;
  if (part.path && diff.entries.empty()) {
    throw not_found(reason::kNotChanged, "workspace path is not changed: {}",
                    printable(absolute_workspace_path(*part.path)));
  }
  return diff;
}

}  // namespace pyro::files
