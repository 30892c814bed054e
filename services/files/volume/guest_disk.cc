#include "services/files/volume/guest_disk.h"

#include <ext2fs/ext2fs.h>
#include <fcntl.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/files.h"
#include "services/files/volume/file_channel.h"
#include "services/files/volume/filesystem.h"
#include "services/files/volume/journal.h"

namespace pyro::volume {
namespace {

/// Of names and blocks of directories that one GuestDisk looks at.
constexpr std::uint64_t kMostSteps = 20'000'000;
constexpr std::uint64_t kStepsOfBlock = 64;

Error damaged(std::string_view what) { return internal_error("the disk is damaged: {}", what); }

tree::EntryKind kind_of(std::uint16_t mode) {
  if (LINUX_S_ISDIR(mode)) return tree::EntryKind::kDirectory;
  if (LINUX_S_ISREG(mode)) return tree::EntryKind::kFile;
  return LINUX_S_ISLNK(mode) ? tree::EntryKind::kSymlink : tree::EntryKind::kOther;
}

/// Of a walk over a directory, for the callback of the library.
struct Walk {
  const std::function<bool(std::string_view, std::uint32_t)>& take;
  std::uint64_t& steps;
  bool endless = false;
  std::exception_ptr failure{};
};

/// Called by the library: nothing may be thrown through it.
int take_name(ext2_ino_t, int entry, ext2_dir_entry* found, int offset, int, char*,
              void* walk_data) noexcept {
  auto& walk = *static_cast<Walk*>(walk_data);
  walk.steps += offset == 0 ? kStepsOfBlock : 1;
  if (walk.steps > kMostSteps) {
    walk.endless = true;
    return DIRENT_ABORT;
  }
  const auto size = static_cast<std::size_t>(ext2fs_dirent_name_len(found));
  if (entry != DIRENT_OTHER_FILE || size == 0 || found->inode == 0) return 0;
  try {
    return walk.take({found->name, size}, found->inode) ? 0 : DIRENT_ABORT;
  } catch (...) {
    walk.failure = std::current_exception();
    return DIRENT_ABORT;
  }
}

}  // namespace

class GuestDisk::Work {
 public:
  explicit Work(const std::filesystem::path& file) : fd_(open_file(file, O_RDONLY)) {
    const std::string name = std::to_string(fd_.get());
    check(
        ext2fs_open2(name.c_str(), nullptr, EXT2_FLAG_64BITS, 0, 0, file_channels(), &filesystem_),
        "open the disk");
    try {
      if (ext2fs_has_feature_journal_needs_recovery(filesystem_->super) != 0) {
        show_replayed(filesystem_->io, replay_journal(filesystem_));
        check(ext2fs_flush_icache(filesystem_), "read the disk");
      }
    } catch (...) {
      ext2fs_free(filesystem_);
      throw;
    }
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  ~Work() { ext2fs_free(filesystem_); }

  DiskNode look_at(ext2_ino_t number) const {
    const ext2_inode inode = inode_of(number);
    DiskNode node{.inode = number, .kind = kind_of(inode.i_mode)};
    if (node.kind == tree::EntryKind::kFile) node.size = size_of(inode);
    node.is_whiteout =
        LINUX_S_ISCHR(inode.i_mode) && inode.i_block[0] == 0 && inode.i_block[1] == 0;
    return node;
  }

  void list(const DiskNode& directory,
            const std::function<bool(std::string_view, std::uint32_t)>& take) const {
    Walk walk{take, steps_};
    const errcode_t answer = ext2fs_dir_iterate2(
        filesystem_, directory.inode, DIRENT_FLAG_INCLUDE_EMPTY, nullptr, take_name, &walk);
    if (walk.failure) std::rethrow_exception(walk.failure);
    if (walk.endless) throw damaged("a directory without an end");
    check(answer, "read a directory of the disk");
  }

  std::string read(ext2_ino_t number, std::uint64_t offset, std::uint64_t max_bytes) const;
  std::string link_target(ext2_ino_t number) const;
  bool is_opaque(ext2_ino_t directory) const;

 private:
  ext2_inode inode_of(ext2_ino_t number) const {
    ext2_inode inode{};
    check(ext2fs_read_inode(filesystem_, number, &inode), "read an inode of the disk");
    return inode;
  }
  static std::uint64_t size_of(const ext2_inode& inode) {
    return inode.i_size | std::uint64_t{inode.i_size_high} << 32U;
  }

  UniqueFd fd_;
  ext2_filsys filesystem_ = nullptr;
  mutable std::uint64_t steps_ = 0;
};

std::string GuestDisk::Work::read(ext2_ino_t number, std::uint64_t offset,
                                  std::uint64_t max_bytes) const {
  ext2_inode inode = inode_of(number);
  const std::uint64_t size = size_of(inode);
  if (offset >= size) return {};
  std::string content(std::min(max_bytes, size - offset), '\0');
  ext2_file_t file = nullptr;
  check(ext2fs_file_open2(filesystem_, number, &inode, 0, &file), "open a file of the disk");
  const Cleanup close([file] { ext2fs_file_close(file); });
  check(ext2fs_file_llseek(file, offset, EXT2_SEEK_SET, nullptr), "read a file of the disk");
  for (std::size_t at = 0; at < content.size();) {
    unsigned int got = 0;
    check(ext2fs_file_read(file, content.data() + at, static_cast<unsigned>(content.size() - at),
                           &got),
          "read a file of the disk");
    if (got == 0) throw damaged("a file ends before its end");
    at += got;
  }
  return content;
}

std::string GuestDisk::Work::link_target(ext2_ino_t number) const {
  ext2_inode inode = inode_of(number);
  const std::uint64_t size = size_of(inode);
  if (size == 0 || size > tree::kMaxPathBytes) throw damaged("a link of an impossible length");
  std::string target;
  if (ext2fs_is_fast_symlink(&inode) != 0 && size <= sizeof inode.i_block) {
    target.assign(reinterpret_cast<const char*>(inode.i_block), size);
  } else {
    target = read(number, 0, size);
  }
  if (target.find('\0') != std::string::npos) throw damaged("a link with a zero in it");
  return target;
}

bool GuestDisk::Work::is_opaque(ext2_ino_t directory) const {
  ext2_xattr_handle* attributes = nullptr;
  check(ext2fs_xattrs_open(filesystem_, directory, &attributes), "read attributes of the disk");
  const Cleanup close([&attributes] { ext2fs_xattrs_close(&attributes); });
  check(ext2fs_xattrs_read(attributes), "read attributes of the disk");
  void* value = nullptr;
  std::size_t size = 0;
  const errcode_t answer = ext2fs_xattr_get(attributes, "trusted.overlay.opaque", &value, &size);
  if (answer == EXT2_ET_EA_KEY_NOT_FOUND) return false;
  check(answer, "read attributes of the disk");
  const bool opaque = size == 1 && *static_cast<const char*>(value) == 'y';
  ext2fs_free_mem(&value);
  return opaque;
}

GuestDisk::GuestDisk(const std::filesystem::path& file) : work_(std::make_unique<Work>(file)) {}
GuestDisk::~GuestDisk() = default;

DiskNode GuestDisk::root() const { return work_->look_at(EXT2_ROOT_INO); }
DiskNode GuestDisk::look_at(std::uint32_t inode) const { return work_->look_at(inode); }

std::optional<DiskNode> GuestDisk::find(const DiskNode& directory, std::string_view name) const {
  std::uint32_t found = 0;
  work_->list(directory, [&](std::string_view there, std::uint32_t inode) {
    if (there == name) found = inode;
    return found == 0;
  });
  return found == 0 ? std::nullopt : std::optional(work_->look_at(found));
}

void GuestDisk::list(const DiskNode& directory,
                     const std::function<bool(std::string_view, std::uint32_t)>& take) const {
  work_->list(directory, take);
}

std::string GuestDisk::read(const DiskNode& file, std::uint64_t offset,
                            std::uint64_t max_bytes) const {
  return work_->read(file.inode, offset, max_bytes);
}

std::string GuestDisk::link_target(const DiskNode& link) const {
  return work_->link_target(link.inode);
}

bool GuestDisk::is_opaque(const DiskNode& directory) const {
  return work_->is_opaque(directory.inode);
}

}  // namespace pyro::volume
