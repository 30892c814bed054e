#include "guest/agent/files/scan.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/base/timespec.h"
#include "common/tree/beneath.h"
#include "common/tree/path.h"
#include "guest/agent/files/paths.h"

namespace pyro::agent::files {
namespace {

tree::EntryKind kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return tree::EntryKind::kDirectory;
  if (S_ISREG(mode)) return tree::EntryKind::kFile;
  return S_ISLNK(mode) ? tree::EntryKind::kSymlink : tree::EntryKind::kOther;
}

class Scanner {
 public:
  Scanner(int tree, const api::agent::ScanTree& request, tree::Sink& sink)
      : tree_(tree), request_(request), sink_(sink) {}

  void scan() {
    struct stat info {};
    const UniqueFd top = tree::open_beneath(tree_, request_.path, O_RDONLY | O_DIRECTORY);
    if (!top || ::fstat(top.get(), &info) != 0) {
      if (errno == ENOENT) throw does_not_exist(request_.path);
      if (!tree::is_gone(errno)) throw tree::path_error("open", request_.path);
      throw failed_precondition(reason::kWrongFileType, "workspace path is not a directory: {}",
                                shown(request_.path));
    }
    const bool all = changed(info);
    if (all) give(info, request_.path, -1, "");
    waiting_.push_back({.path = request_.path, .all = all});
    take_all(top.get());
  }

 private:
  struct Directory {
    std::string path;
    bool all;  ///< it has changed itself, so that every name in it is told
  };

  bool changed(const struct stat& info) const {
    return request_.all || nanoseconds_of(info.st_ctim) != request_.unchanged_ctime_ns;
  }

  /// Depth first, each directory opened when its turn comes: one descriptor at a time.
  void take_all(int top) {
    bool first = true;
    while (!waiting_.empty()) {
      const Directory directory = std::move(waiting_.back());
      waiting_.pop_back();
      if (std::exchange(first, false)) {
        take(top, directory);
        continue;
      }
      const UniqueFd opened = tree::open_beneath(tree_, directory.path, O_RDONLY | O_DIRECTORY);
      if (opened) {
        take(opened.get(), directory);
      } else if (!tree::is_gone(errno)) {
        throw tree::path_error("open", directory.path);
      }
    }
  }

  void take(int fd, const Directory& directory) {
    auto names = tree::names_in(fd, directory.path);
    std::sort(names.begin(), names.end());
    const auto first_below = static_cast<std::ptrdiff_t>(waiting_.size());
    for (const auto& name : names) {
      if (name != ".git") take_name(fd, directory, name);
    }
    // Taken from the back.
    std::reverse(waiting_.begin() + first_below, waiting_.end());
  }

  void take_name(int fd, const Directory& directory, const std::string& name) {
    struct stat info {};
    if (::fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (tree::is_gone(errno)) return;
      throw tree::path_error("stat", tree::join(directory.path, name));
    }
    const bool is_directory = S_ISDIR(info.st_mode);
    const bool has_changed = changed(info);
    if (!is_directory && !has_changed && !directory.all) return;
    std::string path = tree::join(directory.path, name);
    if (!tree::is_clean_path(path)) throw tree::too_deep(path);
    if (has_changed || directory.all) give(info, path, fd, name);
    if (is_directory) waiting_.push_back({.path = std::move(path), .all = has_changed});
  }

  void give(const struct stat& info, const std::string& path, int directory,
            const std::string& name) {
    entry_.path = path;
    entry_.kind = kind_of(info.st_mode);
    entry_.mode = info.st_mode & 07777U;
    entry_.mtime_ns = nanoseconds_of(info.st_mtim);
    entry_.ctime_ns = nanoseconds_of(info.st_ctim);
    entry_.inode = info.st_ino;
    const bool file = entry_.kind == tree::EntryKind::kFile;
    entry_.size = file ? static_cast<std::uint64_t>(info.st_size) : 0;
    entry_.link_target.clear();
    if (entry_.kind == tree::EntryKind::kSymlink) {
      std::array<char, tree::kMaxPathBytes + 1> target;
      const ssize_t length = ::readlinkat(directory, name.c_str(), target.data(), target.size());
      if (length <= 0) return;  // it went, or became something else, meanwhile
      entry_.link_target.assign(target.data(), static_cast<std::size_t>(length));
    }
    sink_.entry(entry_);
  }

  const int tree_;
  const api::agent::ScanTree& request_;
  tree::Sink& sink_;
  std::vector<Directory> waiting_;
  tree::Entry entry_;
};

}  // namespace

void scan_tree(int tree, const api::agent::ScanTree& request, tree::Sink& sink) {
  checked(request.path);
  Scanner(tree, request, sink).scan();
}

}  // namespace pyro::agent::files
