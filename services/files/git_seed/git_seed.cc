#include "services/files/git_seed/git_seed.h"

#include <fcntl.h>

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/source/repository.h"
#include "common/tree/path.h"
#include "common/tree/walk.h"
#include "services/files/git_seed/borrowed_repository.h"
#include "services/files/git_seed/fresh_git_directory.h"
#include "services/files/git_seed/host_view.h"
#include "services/files/git_seed/ignored_selection.h"
#include "services/files/git_seed/limits.h"
#include "services/files/reporting_sink.h"
#include "services/files/work_check.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

/// What the seed takes, seen from the top of all.
struct Tracked {
  std::unordered_set<std::string> files;
  std::unordered_set<std::string> directories;

  void add_file(const std::string& path) {
    if (files.insert(path).second) count(path);
  }
  /// A file, or a directory with all that is in it.
  void add_whole(const std::string& path) {
    if (whole_.insert(path).second) count(path);
    add_directories_above(path);
  }
  bool takes(const tree::Entry& entry) const {
    const std::string& path = entry.path;
    if (path.empty()) return true;
    const bool is_directory = entry.kind == tree::EntryKind::kDirectory;
    if ((is_directory ? directories : files).contains(path)) return true;
    return !whole_.empty() && tree::name_of(path) != ".git" && is_in_whole(path);
  }
  void add_directory(std::string_view path) {
    if (directories.emplace(path).second) count(path);
  }
  void add_directories_above(std::string_view path) {
    for (path = tree::parent_of(path); !path.empty(); path = tree::parent_of(path)) {
      if (directories.contains(std::string(path))) return;
      add_directory(path);
    }
  }

 private:
  std::unordered_set<std::string> whole_;
  std::size_t bytes_ = 0;

  bool is_in_whole(std::string_view path) const {
    for (; !path.empty(); path = tree::parent_of(path)) {
      if (whole_.contains(std::string(path))) return true;
    }
    return false;
  }

  /// A list of bounded length can have many times that length in directories.
  void count(std::string_view path) {
    constexpr std::size_t kMostBytes = 1U << 30U;
    bytes_ += path.size();
    if (bytes_ > kMostBytes) {
      throw resource_exhausted(
          reason::kTooLarge,
          "the tracked paths and their directories take more than {}: name a smaller seed_path",
          human_size(kMostBytes));
    }
  }
};

/// A failure in `read` becomes one of the repository of `work_tree`, with the ways out.
template <class Read>
auto reading(const fs::path& work_tree, Read&& read) {
  try {
    return read();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kFailedPrecondition) throw;
    throw source::broken_repository(work_tree, error.message());
  }
}

/// Gathers what is tracked in a work tree and in the submodules that are checked out in it.
class Gathering {
 public:
  Gathering(fs::path root, const GitSeedPlaces& places, const Work& work)
      : root_(std::move(root)),
        top_(open_file(root_, O_PATH | O_DIRECTORY)),
        places_(places),
        work_(work) {}

  void add(const std::vector<IndexEntry>& entries, const std::string& prefix, int nesting) {
    check(work_);
    for (const IndexEntry& entry : entries) {
      const std::string path = tree::join(prefix, entry.path);
      tracked_.add_directories_above(path);
      if (entry.is_submodule()) {
        add_submodule(path, nesting);
      } else {
        tracked_.add_file(path);
      }
    }
  }

  void add_ignored(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) tracked_.add_whole(path);
  }

  const Tracked& tracked() const { return tracked_; }

 private:
  void add_submodule(const std::string& path, int nesting) {
    tracked_.add_directory(path);
    const std::string git = path + "/.git";
    if (!tree::is_clean_path(git) ||
        tree::look_at(top_.get(), path).kind != tree::EntryKind::kDirectory ||
        tree::look_at(top_.get(), git).kind == tree::EntryKind::kAbsent) {
      return;
    }
    const source::Repository repository = source::open_repository(root_ / path);
    add(reading(
            repository.work_tree,
            [&] {
              if (nesting == source::kSubmoduleNesting)
                throw failed_precondition("its submodules never end");
              return BorrowedRepository(repository, places_.scratch, work_).read_index().entries;
            }),
        path, nesting + 1);
  }

  fs::path root_;
  UniqueFd top_;
  const GitSeedPlaces& places_;
  const Work& work_;
  Tracked tracked_;
};

void give_tracked(const fs::path& root, const Tracked& tracked, tree::Sink& sink,
                  const Work& work) {
  const UniqueFd top = open_file(root, O_RDONLY | O_DIRECTORY);
  const auto wanted = [&tracked](const tree::Entry& entry) { return tracked.takes(entry); };
  tree::walk(top.get(), "", {.check = [&work] { check(work); }, .wanted = wanted}, sink);
}

void add_notes(std::vector<std::string>& notes, const fs::path& root, const Tracked& tracked,
               const PackedHistory* history) {
  if (tracked.files.empty()) {
    notes.push_back(
        fmt::format("Git tracks no file of '{}', so none is here: `git add` those that are wanted, "
                    "or name the directory as seed_path",
                    printable(root.string())));
  }
  if (history != nullptr && history->ends_early) {
    notes.push_back(fmt::format(
        "the repository of '{}' is a partial clone: the history here ends where its objects are "
        "missing (`git fetch --refetch --no-filter` completes it)",
        printable(root.string())));
  }
}

}  // namespace

std::vector<std::string> give_git_seed(const fs::path& root, const GitSeedPlaces& places,
                                       const GitSeedOptions& options, tree::Sink& sink,
                                       const Work& work) {
  const source::Repository repository = source::open_repository(root, options.git_directory);
  const auto borrowed = reading(
      root, [&] { return std::make_unique<BorrowedRepository>(repository, places.scratch, work); });
  const HostView view = reading(root, [&] { return host_view(*borrowed); });
  std::optional<PackedHistory> history;
  IndexFile at_head;
  if (!repository.head.empty()) {
    history = reading(root, [&] { return packed_history(places, *borrowed); });
    at_head = IndexFile::parse(read_to_end(history->index.get(), git_limit::kIndexBytes),
                               borrowed->ids());
  }
  const IndexFile of_host = reading(root, [&] { return borrowed->read_index(); });
  Gathering gathering(root, places, work);
  gathering.add(of_host.entries, "", 0);
  std::vector<std::string> notes;
  if (!options.include_ignored.empty()) {
    const auto ignored =
        reading(root, [&] { return select_ignored(*borrowed, view, options.include_ignored); });
    if (ignored.empty()) {
      notes.push_back(fmt::format("Git ignores nothing in '{}' that matches {}",
                                  printable(root.string()),
                                  printable(join(options.include_ignored, ", "))));
    }
    gathering.add_ignored(ignored);
  }
  ReportingSink reporting(sink, work);
  SeededIndex index(reporting, *borrowed, std::move(at_head), of_host, options.inode_of_last);
  with_context(fmt::format("seed from '{}'", printable(root.string())),
               [&] { give_tracked(root, gathering.tracked(), index, work); });
  const PackedHistory* packed = history ? &*history : nullptr;
  give_fresh_git_directory(*borrowed, view, packed, index.content(), reporting);
  add_notes(notes, root, gathering.tracked(), packed);
  return notes;
}

}  // namespace pyro::files
