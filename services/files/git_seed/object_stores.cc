#include "services/files/git_seed/object_stores.h"

#include <algorithm>
#include <optional>
#include <string>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/source/repository.h"
#include "services/files/git_names.h"
#include "services/files/work_check.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kListLimit = 64U << 10U;
constexpr std::size_t kMostStores = 64;
/// As git's own (link_alt_odb_entries in object-file.c).
constexpr int kDeepest = 5;

/// Gathers stores, those of one before those that it borrows from.
class Stores {
 public:
  void add(const fs::path& named, int depth) {
    std::error_code failed;
    const fs::path store = fs::canonical(named, failed);
    if (failed || !fs::is_directory(store, failed)) return;
    if (std::find(found_.begin(), found_.end(), store) != found_.end()) return;
    if (found_.size() == kMostStores) {
      throw failed_precondition("it borrows objects of more than {} others", kMostStores);
    }
    if (depth > kDeepest) {
      throw failed_precondition("it borrows objects deeper than {} levels", kDeepest);
    }
    found_.push_back(store);
    const auto list = source::read_git_file(store, "info/alternates", kListLimit);
    for (const std::string& line : split(list.value_or(""), '\n')) {
      if (line.empty() || line.starts_with('#')) continue;
      const auto quoted = line.starts_with('"') ? unquote_name(line) : std::nullopt;
      add(store / (quoted ? quoted->name : line), depth + 1);
    }
  }

  std::vector<fs::path> take() { return std::move(found_); }

 private:
  std::vector<fs::path> found_;
};

/// The name of a loose object: the id without its first two digits.
bool is_rest_of_id(std::string_view name) {
  constexpr std::size_t kSha1 = 38;
  constexpr std::size_t kSha256 = 62;
  return (name.size() == kSha1 || name.size() == kSha256) &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Those with names that git reads; links count as what they lead to.
void require_ordinary_files(const fs::path& directory, const Work& work,
                            bool (*is_read)(std::string_view name)) {
  std::error_code absent;
  for (fs::directory_iterator at(directory, absent), end; !absent && at != end;
       at.increment(absent)) {
    check(work);
    if (!is_read(at->path().filename().string())) continue;
    std::error_code failed;
    // git says itself that a directory or nothing is no object.
    if (at->is_regular_file(failed) || at->is_directory(failed) || !at->exists(failed)) continue;
    throw failed_precondition("'{}', among its objects, is no ordinary file",
                              printable(at->path().string()));
  }
}

}  // namespace

std::vector<fs::path> object_stores(const fs::path& objects) {
  Stores stores;
  stores.add(objects, 0);
  return stores.take();
}

void require_ordinary_objects(const std::vector<fs::path>& stores, const Work& work) {
  for (const fs::path& store : stores) {
    require_ordinary_files(store / "pack", work, [](std::string_view) { return true; });
    for (int first = 0; first < 256; ++first) {
      require_ordinary_files(store / fmt::format("{:02x}", first), work, is_rest_of_id);
    }
  }
}

fs::path lend(const fs::path& store, const fs::path& place) {
  // `info` may be a link, to anything: git would follow it and read that.
  std::error_code unknown;
  const auto list = fs::symlink_status(store / "info/alternates", unknown);
  if (list.type() == fs::file_type::not_found) return store;
  fs::create_directories(place);
  fs::create_directory_symlink(store / "pack", place / "pack");
  for (int first = 0; first < 256; ++first) {
    const std::string name = fmt::format("{:02x}", first);
    fs::create_directory_symlink(store / name, place / name);
  }
  return place;
}

}  // namespace pyro::files
