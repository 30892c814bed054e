#include "services/files/volume/filesystem.h"

#include <et/com_err.h>
#include <ext2fs/ext2_err.h>
#include <fcntl.h>

#include <string>

#include "common/base/error.h"
#include "common/base/files.h"
#include "services/files/volume/file_channel.h"
#include "services/files/volume/inode.h"

namespace pyro::volume {
namespace {

/// com_err keeps one list of tables for the process.
void load_error_texts() {
  static const bool loaded = [] {
    ::initialize_ext2_error_table();
    return true;
  }();
  static_cast<void>(loaded);
}

/// Below this com_err's codes are errno's.
constexpr errcode_t kFirstTableCode = 256;

void require_ours(const ext2_super_block& super, const std::filesystem::path& file) {
  const auto refuse = [&file](std::string_view why) {
    throw failed_precondition("'{}' is no workspace volume: {}", file.string(), why);
  };
  if (EXT2_BLOCK_SIZE(&super) != kBlockBytes) refuse("other blocks");
  if (EXT2_INODE_SIZE(&super) != kInodeBytes) refuse("other inodes");
  auto& features = const_cast<ext2_super_block&>(super);  // the library's questions are not const
  if (ext2fs_has_feature_extents(&features) == 0) refuse("no extents");
  if (ext2fs_has_feature_metadata_csum(&features) == 0) refuse("no checksums");
  if (ext2fs_has_feature_bigalloc(&features) != 0) refuse("clusters");
  if (ext2fs_has_feature_journal_needs_recovery(&features) != 0) refuse("its journal is not empty");
}

}  // namespace

void check(errcode_t answer, std::string_view call) {
  if (answer == 0) return;
  if (answer < kFirstTableCode) throw system_error(call, static_cast<int>(answer));
  load_error_texts();
  throw internal_error("{}: {}", call, ::error_message(answer));
}

Filesystem::Filesystem(const std::filesystem::path& file, Access access) {
  const bool writing = access == Access::kWrite;
  fd_ = open_file(file, writing ? O_RDWR : O_RDONLY);
  const std::string name = std::to_string(fd_.get());
  check(ext2fs_open2(name.c_str(), nullptr, EXT2_FLAG_64BITS | (writing ? EXT2_FLAG_RW : 0), 0, 0,
                     file_channels(), &filesystem_),
        "open volume");
  try {
    require_ours(*filesystem_->super, file);
  } catch (...) {
    ext2fs_free(filesystem_);
    throw;
  }
}

Filesystem::~Filesystem() {
  if (filesystem_ != nullptr) ext2fs_free(filesystem_);
}

ext2_ino_t Filesystem::lookup(ext2_ino_t parent, std::string_view name) const {
  ext2_ino_t inode = 0;
  const errcode_t answer = ext2fs_lookup(filesystem_, parent, name.data(),
                                         static_cast<int>(name.size()), nullptr, &inode);
  if (answer == EXT2_ET_FILE_NOT_FOUND) return 0;
  check(answer, "look up");
  return inode;
}

ext2_ino_t Filesystem::tree() const {
  const ext2_ino_t inode = lookup(EXT2_ROOT_INO, kTreeName);
  if (inode == 0) throw failed_precondition("the volume has no '{}'", kTreeName);
  return inode;
}

void Filesystem::close() {
  check(ext2fs_flush(filesystem_), "write volume");
  ext2fs_free(filesystem_);
  filesystem_ = nullptr;
}

}  // namespace pyro::volume
