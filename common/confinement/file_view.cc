#include "common/confinement/file_view.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "common/base/error.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

/// A directory that each host has, and that the view covers until it is the root.
constexpr const char* kStage = "/proc";

}  // namespace

FileView::FileView(const ConfinementPlan& plan) {
  constexpr std::uint64_t kNever = MOUNT_ATTR_NOSUID;
  add(plan.programs, kNever | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
  add(plan.readable, kNever | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  add(plan.writable, kNever | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  add(plan.devices, kNever | MOUNT_ATTR_NOEXEC);
}

void FileView::add(const std::vector<std::string>& paths, std::uint64_t attributes) {
  for (const auto& path : paths) {
    const fs::path clean = fs::path(path).lexically_normal();
    if (!clean.is_absolute() || !clean.has_filename()) {
      throw invalid_argument("a confined program's file needs an absolute path: '{}'", path);
    }
    Entry entry{.path = clean.string(),
                .step = fmt::format("show '{}'", clean.string()),
                .parents = {},
                .attributes = attributes};
    fs::path parent;
    for (const auto& part : clean.relative_path().parent_path()) {
      parent /= part;
      entry.parents.push_back(parent.string());
    }
    entry.directory = fs::is_directory(clean);
    entries_.push_back(std::move(entry));
  }
}

/// A detached copy of the file's or directory's mount.
const char* FileView::take(Entry& entry) {
  entry.tree =
      ::open_tree(AT_FDCWD, entry.path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (entry.tree < 0) return entry.step.c_str();
  mount_attr wanted{};
  wanted.attr_set = entry.attributes;
  return ::mount_setattr(entry.tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted, sizeof wanted) == 0
             ? nullptr
             : entry.step.c_str();
}

const char* FileView::put(const Entry& entry) {
  for (const auto& parent : entry.parents) {
    if (::mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST) return entry.step.c_str();
  }
  if (entry.directory) {
    if (::mkdir(entry.place(), 0755) != 0 && errno != EEXIST) return entry.step.c_str();
  } else {
    const int made = ::open(entry.place(), O_CREAT | O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0444);
    if (made < 0) return entry.step.c_str();
    ::close(made);
  }
  if (::move_mount(entry.tree, "", AT_FDCWD, entry.place(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return entry.step.c_str();
  }
  ::close(entry.tree);
  return nullptr;
}

const char* FileView::enter() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "mount /";
  for (auto& entry : entries_) {
    if (const char* failed = take(entry)) return failed;
  }
  if (::mount("pyro", kStage, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=1m") !=
      0) {
    return "mount tmpfs";
  }
  if (::chdir(kStage) != 0) return "chdir";
  for (const auto& entry : entries_) {
    if (const char* failed = put(entry)) return failed;
  }
  // The old root lies over the new one until it is taken away.
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return "pivot_root";
  if (::umount2(".", MNT_DETACH) != 0) return "umount";
  if (::chdir("/") != 0) return "chdir";
  mount_attr read_only{};
  read_only.attr_set = MOUNT_ATTR_RDONLY;
  return ::mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof read_only) == 0 ? nullptr
                                                                              : "mount_setattr /";
}

}  // namespace pyro
