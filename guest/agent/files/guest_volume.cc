#include "guest/agent/files/guest_volume.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/error.h"
#include "guest/agent/files/inode_count.h"
#include "guest/agent/files/walked_usage.h"

namespace pyro::agent::files {
namespace {

void require(bool succeeded, std::string_view call) {
  if (!succeeded) throw system_error(call);
}

UniqueFd open_device(const std::filesystem::path& path) {
  UniqueFd device(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (device) return device;
  if (errno == ENOENT || errno == ENXIO) {
    throw failed_precondition("the machine has no workspace disk");
  }
  throw system_error(fmt::format("open '{}'", path.string()));
}

void attach(int mount, const std::filesystem::path& target) {
  require(::move_mount(mount, "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0,
          fmt::format("move_mount to '{}'", target.string()));
}

}  // namespace

UniqueFd GuestVolume::open() {
  disk_ = open_device(device_);
  // A template read the disk that was there before this one.
  require(::ioctl(disk_.get(), BLKFLSBUF, 0) == 0, "BLKFLSBUF");
  const UniqueFd context(::fsopen("ext4", FSOPEN_CLOEXEC));
  require(static_cast<bool>(context), "fsopen ext4");
  const auto set_flag = [&context](const char* name) {
    require(::fsconfig(context.get(), FSCONFIG_SET_FLAG, name, nullptr, 0) == 0,
            fmt::format("mount option '{}'", name));
  };
  require(::fsconfig(context.get(), FSCONFIG_SET_STRING, "source", device_.c_str(), 0) == 0,
          "mount option 'source'");
  set_flag("noinit_itable");
  set_flag("no_prefetch_block_bitmaps");
  require(::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0,
          fmt::format("mount '{}'", device_.string()));
  mount_.reset(::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOATIME));
  require(static_cast<bool>(mount_), "fsmount");
  UniqueFd top(::openat(mount_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  require(static_cast<bool>(top), "open the volume");
  return top;
}

/// Before Linux 6.15 no part of a detached mount can be cloned, so the whole is attached for the
/// moment. Detached again it serves its descriptors as before.
void GuestVolume::show_tree(int top) {
  if (::mkdir(shown_at_.c_str(), 0755) != 0 && errno != EEXIST) {
    throw system_error(fmt::format("mkdir '{}'", shown_at_.string()));
  }
  attach(mount_.get(), shown_at_);
  const UniqueFd tree(
      ::open_tree(top, "tree", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW));
  const int failed = tree ? 0 : errno;
  require(::umount2(shown_at_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0, "detach the volume");
  if (!tree) throw system_error("open_tree", failed);
  attach(tree.get(), shown_at_);
  mount_.reset();
}

void GuestVolume::close(UniqueFd top) {
  require(::umount2(shown_at_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0, "hide the volume");
  // With the last descriptor goes the file system, before close(2) returns.
  top.reset();
  disk_.reset();
  const UniqueFd device(::open(device_.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC));
  if (!device && errno == EBUSY) throw failed_precondition("the workspace is still in use");
  require(static_cast<bool>(device), fmt::format("open '{}'", device_.string()));
}

/// All of the file system without what lies beside the tree, which is little.
api::agent::VolumeUsage GuestVolume::usage(int top) {
  api::agent::VolumeUsage usage = count_inodes(disk_.get());
  const auto beside =
      walked_usage(top, {.wanted = [](const tree::Entry& entry) { return entry.path != "tree"; }});
  const std::uint64_t not_in_it = beside.entry_count + 1;
  // Others write meanwhile.
  usage.entry_count -= std::min(usage.entry_count, not_in_it);
  usage.bytes -= std::min(usage.bytes, beside.bytes);
  return usage;
}

void GuestVolume::freeze(int top) {
  if (::ioctl(top, FIFREEZE, 0) == 0) return;
  if (errno == EBUSY) {
    throw failed_precondition(
        "/workspace is frozen, by a process of the guest: `fsfreeze -u /workspace` in it, or a "
        "stop "
        "and a start of the workspace, ends that");
  }
  throw system_error("freeze the workspace");
}

bool GuestVolume::thaw(int top) noexcept { return ::ioctl(top, FITHAW, 0) == 0; }

}  // namespace pyro::agent::files
