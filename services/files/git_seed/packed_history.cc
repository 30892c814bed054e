#include "services/files/git_seed/packed_history.h"

#include <fcntl.h>

#include <optional>
#include <utility>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/digest/sha256.h"
#include "common/fault/fault.h"
#include "common/tree/write.h"
#include "common/work/work_lock.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

std::optional<PackedHistory> open_history(const fs::path& place) {
  std::error_code failed;
  if (!fs::is_directory(place, failed)) return std::nullopt;
  PackedHistory history;
  for (const auto& entry : fs::directory_iterator(place)) {
    const fs::path& path = entry.path();
    if (path.extension() == ".pack") {
      history.name = path.stem().string();
      history.pack = open_file(path, O_RDONLY);
    } else if (path.extension() == ".idx") {
      history.idx = open_file(path, O_RDONLY);
    } else if (path.filename() == "index") {
      history.index = open_file(path, O_RDONLY);
    }
  }
  if (!history.pack || !history.idx || !history.index) return std::nullopt;
  return history;
}

/// All but `kept`: what killed ones began, and earlier states.
void remove_others(const fs::path& place, const std::string& kept) {
  const UniqueFd opened = open_file(place, O_PATH | O_DIRECTORY);
  for (const auto& entry : fs::directory_iterator(place)) {
    const std::string name = entry.path().filename().string();
    if (name != kept) tree::remove_tree(opened.get(), name);
  }
}

/// Sources whose history is kept; of more the least recently seeded go.
constexpr std::size_t kKeptSources = 32;

/// A reader of one has its files open. One under packing is locked, and remains.
void forget_old_sources(const fs::path& directory) {
  const UniqueFd opened = open_file(directory, O_PATH | O_DIRECTORY);
  for (const fs::path& source : directories_beyond_the_latest(directory, kKeptSources)) {
    const std::string name = source.filename().string();
    if (const auto lock = WorkLock::attempt(directory / (name + ".lock"))) {
      tree::remove_tree(opened.get(), name);
    }
  }
}

}  // namespace

PackedHistory packed_history(const GitSeedPlaces& places, const source::Repository& repository,
                             const BorrowedRepository& borrowed, const Work& work) {
  const fs::path& directory = places.histories;
  make_private_directory(directory);
  const std::string source =
      sha256_of_text((places.source.empty() ? repository.git_directory : places.source).string());
  const WorkLock lock =
      WorkLock::acquire(directory / (source + ".lock"), "another seed of the same project", work);
  const fs::path place = directory / source;
  make_private_directory(place);  // locked, or it could be forgotten before it is used
  const std::string state = sha256_of_text(repository.head + '\n' + borrowed.shallow());
  std::error_code untouched;  // it may be forgotten a little early
  fs::last_write_time(place, fs::file_time_type::clock::now(), untouched);
  if (auto history = open_history(place / state)) return std::move(*history);
  forget_old_sources(directory);
  remove_others(place, "");
  TemporaryDirectory made(place, "new");
  borrowed.pack_head(made.path());
  fault::point("files.history.packed");
  for (const auto& entry : fs::directory_iterator(made.path())) sync_path(entry.path());
  sync_path(made.path());
  fs::rename(made.path(), place / state);
  made.release();
  fault::point("files.history.in_place");
  auto history = open_history(place / state);
  if (!history) throw internal_error("git packed the history of HEAD into no files");
  return std::move(*history);
}

}  // namespace pyro::files
