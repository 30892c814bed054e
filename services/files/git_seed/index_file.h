#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/digest/digest.h"

namespace pyro::files {

/// What git remembers of a file's lstat(2), each field cut to its low 32 bits. All zero: nothing,
/// git reads the file. Source: gitformat-index(5).
struct FileStat {
  std::uint32_t ctime_seconds = 0;
  std::uint32_t ctime_nanoseconds = 0;
  std::uint32_t mtime_seconds = 0;
  std::uint32_t mtime_nanoseconds = 0;
  std::uint32_t device = 0;
  std::uint32_t inode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t size = 0;
};

/// A path in an index.
struct IndexEntry {
  std::string path;        ///< raw bytes
  std::uint32_t mode = 0;  ///< git's: 0100644, 0100755, 0120000, 0160000
  std::string id;          ///< of the object, 20 or 32 raw bytes
  int stage = 0;           ///< 1 to 3 of a conflict
  bool assume_unchanged = false;
  bool skip_worktree = false;
  FileStat stat{};

  bool is_submodule() const { return mode == 0160000; }
  bool is_symlink() const { return mode == 0120000; }
};

/// An index of git, version 2 or 3, in memory.
struct IndexFile {
  std::vector<IndexEntry> entries{};
  std::string extensions{};  ///< as they are in the file: the cache of trees

  /// Of bytes that git itself wrote; `kind`: of its ids. kInternal: they are no such index.
  static IndexFile parse(std::string_view content, DigestKind kind);
  /// The file's bytes with their checksum.
  std::string content(DigestKind kind) const;
};

}  // namespace pyro::files
