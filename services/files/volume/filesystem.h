#pragma once

#include <ext2fs/ext2fs.h>

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "common/base/unique_fd.h"

namespace pyro::volume {

/// The one block size of our volumes.
inline constexpr std::uint32_t kBlockBytes = 4096;

/// The directory at the volume's top that the guest sees as /workspace.
inline constexpr std::string_view kTreeName = "tree";

/// Throws `CALL: TEXT` unless libext2fs returned 0. A full host disk is kResourceExhausted,
/// anything else kInternal.
void check(errcode_t answer, std::string_view call);

/// An ext4 file system in an unmounted file, opened with libext2fs.
class Filesystem {
 public:
  enum class Access { kRead, kWrite };
  /// kFailedPrecondition: not a file system of ours, or with a journal to replay.
  Filesystem(const std::filesystem::path& file, Access access);
  Filesystem(const Filesystem&) = delete;
  Filesystem& operator=(const Filesystem&) = delete;
  /// Without close() the data still in libext2fs is lost.
  ~Filesystem();

  operator ext2_filsys() const { return filesystem_; }
  ext2_filsys operator->() const { return filesystem_; }
  /// The file itself, for blocks outside the cache of libext2fs.
  int fd() const { return fd_.get(); }

  /// The inode of `name` in the directory `parent`; 0: no such name.
  ext2_ino_t lookup(ext2_ino_t parent, std::string_view name) const;
  /// The inode of kTreeName.
  ext2_ino_t tree() const;

  /// Writes everything in libext2fs to the file, without fsync.
  void close();

 private:
  UniqueFd fd_;
  ext2_filsys filesystem_ = nullptr;
};

}  // namespace pyro::volume
