#include "services/files/diff.h"

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

/// Fills a builder with what has changed.
class DiffRun {
 public:
  DiffRun(GuestTree& guest, const volume::VolumeReader& baseline, DiffBuilder& builder,
          const Work& work)
      : guest_(guest), baseline_(baseline), builder_(builder), work_(work) {}

  void add(const ChangedPaths& changed) {
    for (const auto& [path, entry] : changed.gone) builder_.add(path, before(entry, {}), {});
    for (const auto& [path, entry] : changed.empty_directories) add_empty_directory(entry);
    std::vector<std::string> to_fetch;
    for (const auto& [path, entry] : changed.present) {
      if (!add_without_content(entry)) to_fetch.push_back(path);
    }
    fetch_files(guest_, to_fetch, DiffBuilder::kContentLimit,
                [this](FetchedFile file) { add_fetched(std::move(file)); });
  }

 private:
  void add_empty_directory(const Entry& now) {
    const Entry was = baseline_.find(now.path);
    const DiffSide after{.kind = EntryKind::kDirectory, .mode = now.mode};
    // Its lost entries are changes of their own.
    if (was.kind == EntryKind::kDirectory) {
      builder_.add(now.path, {.kind = EntryKind::kDirectory, .mode = was.mode}, after);
    } else {
      builder_.add(now.path, before(was, {}), after);
    }
  }

  /// False: the file's content is needed.
  bool add_without_content(const Entry& now) {
    const Entry was = baseline_.find(now.path);
    if (now.kind == EntryKind::kSymlink) {
      builder_.add(now.path, before(was, {}), after_link(now));
      return true;
    }
    if (now.kind != EntryKind::kFile) {
      builder_.add(now.path, before(was, {}), {});
      return true;
    }
    const bool comparable = was.kind == EntryKind::kFile && was.size == now.size;
    if (now.size <= DiffBuilder::kContentLimit || comparable) return false;
    builder_.add(now.path, before(was, now.size), too_large_to_compare(now, "after"));
    return true;
  }

  void add_fetched(FetchedFile file) {
    const Entry& now = file.entry;
    DiffSide after;
    if (now.kind == EntryKind::kFile) {
      after = {.kind = EntryKind::kFile,
               .mode = now.mode,
               .content = std::move(file.content),
               .too_large = file.too_large};
    } else if (now.kind == EntryKind::kSymlink) {
      after = after_link(now);
    }
    builder_.add(now.path, before(baseline_.find(now.path), now.size), after);
  }

  static DiffSide after_link(const Entry& now) {
    return {.kind = EntryKind::kSymlink, .mode = now.mode, .content = now.link_target};
  }

  /// The side of the baseline; `size_now` is of a file whose content it may be compared with.
  DiffSide before(const Entry& was, std::optional<std::uint64_t> size_now) const {
    switch (was.kind) {
      case EntryKind::kSymlink:
        return {.kind = was.kind, .mode = was.mode, .content = was.link_target};
      case EntryKind::kDirectory:
        if (!is_empty(was.path)) return {};
        return {.kind = was.kind, .mode = was.mode};
      case EntryKind::kFile:
        break;
      case EntryKind::kOther:
      case EntryKind::kAbsent:
        return {};
    }
    if (was.size > DiffBuilder::kContentLimit && was.size != size_now) {
      return too_large_to_compare(was, "before");
    }
    BoundedContent content(DiffBuilder::kContentLimit);
    baseline_.read(was.path, [&](std::string_view piece) {
      check(work_);
      content.append(piece);
    });
    const bool too_large = content.too_large();
    return {.kind = was.kind, .mode = was.mode, .content = content.take(), .too_large = too_large};
  }

  bool is_empty(const std::string& directory) const {
    for (const auto& entry : baseline_.list(directory)) {
      if (tree::name_of(entry.path) != ".git") return false;
    }
    return true;
  }

  GuestTree& guest_;
  const volume::VolumeReader& baseline_;
  DiffBuilder& builder_;
  const Work& work_;
};

}  // namespace

api::Diff diff_workspace(GuestTree& guest, const api::OnMachine<api::DiffWorkspace>& request,
                         const std::filesystem::path& scratch, const Work& work) {
  const DiffPart part = part_of(request.request);
  const volume::VolumeReader baseline(request.baseline);
  ChangedPaths changed = find_changed_paths(guest, baseline, work);
  std::uint32_t ignored = 0;
  if (!request.request.include_ignored) {
    ignored = leave_out_ignored(guest, baseline, changed, part.path, scratch, work);
  }
  DiffBuilder builder(scratch, work);
  DiffRun(guest, baseline, builder, work).add(changed);
  api::Diff diff = builder.build(part);
  diff.summary.ignored_count = ignored;
  if (part.path && diff.entries.empty()) {
    throw not_found(reason::kNotChanged, "workspace path is not changed: {}",
                    printable(absolute_workspace_path(*part.path)));
  }
  return diff;
}

}  // namespace pyro::files
