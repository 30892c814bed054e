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
#include "services/files/git_seed/packed_history.h"
#include "services/files/reporting_sink.h"
#include "services/files/work_check.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

/// The tracked files, seen from the top of all.
struct Tracked {
  std::unordered_set<std::string> files;
  std::unordered_set<std::string> directories;

  void add_file(const std::string& path) {
    if (files.insert(path).second) count(path);
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
  std::size_t bytes_ = 0;

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
      if (entry.is_submodule) {
        add_submodule(path, nesting);
      } else {
        tracked_.add_file(path);
      }
    }
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
    add(reading(repository.work_tree,
                [&] {
                  if (nesting == source::kSubmoduleNesting)
                    throw failed_precondition("its submodules never end");
                  return BorrowedRepository(repository, places_.scratch, work_).list_index();
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
  const auto wanted = [&tracked](const tree::Entry& entry) {
    if (entry.path.empty()) return true;
    const auto& names =
        entry.kind == tree::EntryKind::kDirectory ? tracked.directories : tracked.files;
    return names.contains(entry.path);
  };
  tree::walk(top.get(), "", {.check = [&work] { check(work); }, .wanted = wanted}, sink);
}

}  // namespace

void give_git_seed(const fs::path& root, const GitSeedPlaces& places, tree::Sink& sink,
                   const Work& work) {
  const source::Repository repository = source::open_repository(root);
  const auto borrowed = reading(
      root, [&] { return std::make_unique<BorrowedRepository>(repository, places.scratch, work); });
  std::optional<PackedHistory> history;
  if (!repository.head.empty()) {
    history = reading(root, [&] { return packed_history(places, repository, *borrowed, work); });
  }
  Gathering gathering(root, places, work);
  gathering.add(reading(root, [&] { return borrowed->list_index(); }), "", 0);
  ReportingSink reporting(sink, work);
  with_context(fmt::format("seed from '{}'", printable(root.string())),
               [&] { give_tracked(root, gathering.tracked(), reporting, work); });
  give_fresh_git_directory(repository, *borrowed, history ? &*history : nullptr, reporting, work);
}

}  // namespace pyro::files
