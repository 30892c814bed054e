#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "common/tree/tree.h"

namespace pyro::volume {

/// Reads the tree of a volume that VolumeWriter wrote. Opens it read-only; each thread needs its
/// own reader. Paths are clean and relative to the tree, "" is the tree; links are not followed,
/// and nothing leads out of the tree. A damaged volume is an Error, never a crash or a loop.
class VolumeReader {
 public:
  explicit VolumeReader(const std::filesystem::path& file);
  ~VolumeReader();
  VolumeReader(const VolumeReader&) = delete;
  VolumeReader& operator=(const VolumeReader&) = delete;

  /// The ctime that VolumeWriter gave everything.
  std::int64_t unchanged_ctime_ns() const;
  /// kAbsent: no such path.
  tree::Entry find(std::string_view path) const;
  /// The entries of a directory, sorted by the bytes of the names. not_found: no such directory.
  std::vector<tree::Entry> list(std::string_view directory) const;
  /// Passes on the content of a file in pieces. not_found: no such file.
  void read(std::string_view path, const std::function<void(std::string_view)>& take) const;
  /// Passes on the content of the file with this inode, which holds `bytes`, holes as such.
  /// not_found: VolumeWriter wrote no such file.
  void read_inode(std::uint64_t inode, std::uint64_t bytes, tree::Sink& content) const;
  /// Passes on the whole tree with content, the top first, names sorted by their bytes.
  void walk(tree::Sink& sink) const;

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace pyro::volume
