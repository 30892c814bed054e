#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/base/files.h"
#include "common/tree/walk.h"
#include "tests/support/temporary.h"

namespace pyro::tree {

/// One entry with its content, as a test compares it: nothing that differs from copy to copy.
struct Kept {
  Entry entry;
  std::string content{};
  bool ended = false;
  bool operator==(const Kept&) const = default;
};

inline void PrintTo(const Kept& kept, std::ostream* out) {
  *out << "'" << kept.entry.path << "' kind " << static_cast<int>(kept.entry.kind) << " mode "
       << std::oct << kept.entry.mode << std::dec << " mtime " << kept.entry.mtime_ns << " size "
       << kept.entry.size << " -> '" << kept.entry.link_target << "' " << kept.content.size()
       << " bytes";
}

/// Keeps what it is given.
class Keeper : public Sink {
 public:
  void entry(const Entry& entry) override {
    kept.push_back({.entry = entry});
    kept.back().entry.inode = 0;
    kept.back().entry.ctime_ns = 0;
  }
  void data(std::string_view bytes) override { kept.back().content.append(bytes); }
  void end_file() override { kept.back().ended = true; }

  std::vector<std::string> paths() const {
    std::vector<std::string> all;
    for (const Kept& one : kept) all.push_back(one.entry.path);
    return all;
  }

  std::vector<Kept> kept;
};

inline UniqueFd open_directory(const std::filesystem::path& path) {
  return open_file(path, O_RDONLY | O_DIRECTORY);
}

inline void put(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

inline std::vector<Kept> kept_of(const std::filesystem::path& top, const std::string& path = "") {
  Keeper keeper;
  walk(open_directory(top).get(), path, {}, keeper);
  return keeper.kept;
}

inline Entry directory(std::string path) {
  return {.path = std::move(path), .kind = EntryKind::kDirectory, .mode = 0755};
}
inline Entry file(std::string path) { return {.path = std::move(path)}; }
inline Entry symlink(std::string path, std::string target) {
  return {.path = std::move(path),
          .kind = EntryKind::kSymlink,
          .mode = 0777,
          .link_target = std::move(target)};
}

}  // namespace pyro::tree
