#include "common/tree/walk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/timespec.h"
#include "common/tree/beneath.h"
#include "common/tree/path.h"

namespace pyro::tree {
namespace {

constexpr std::size_t kPieceBytes = 64U << 10U;

EntryKind kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return EntryKind::kDirectory;
  if (S_ISREG(mode)) return EntryKind::kFile;
  return S_ISLNK(mode) ? EntryKind::kSymlink : EntryKind::kOther;
}

void fill(Entry& entry, const struct stat& info) {
  entry.kind = kind_of(info.st_mode);
  entry.mode = info.st_mode & 07777U;
  entry.mtime_ns = nanoseconds_of(info.st_mtim);
  entry.ctime_ns = nanoseconds_of(info.st_ctim);
  entry.inode = info.st_ino;
  entry.size = entry.kind == EntryKind::kFile ? static_cast<std::uint64_t>(info.st_size) : 0;
  entry.shared_on_device = entry.kind == EntryKind::kFile && info.st_nlink > 1 ? info.st_dev : 0;
}

/// False when the link is gone meanwhile.
bool fill_target(Entry& entry, int directory, const char* name) {
  std::array<char, kMaxPathBytes + 1> target;
  const ssize_t length = ::readlinkat(directory, name, target.data(), target.size());
  if (length < 0 && (is_gone(errno) || errno == EINVAL)) return false;
  if (length < 0) throw path_error("read link", entry.path);
  entry.link_target.assign(target.data(), static_cast<std::size_t>(length));
  return true;
}

/// A part of a file: a hole, and the data behind it.
struct Extent {
  std::uint64_t hole = 0;
  std::uint64_t data = 0;
};

/// From `at` on, and not beyond the size of `entry`. Leaves the file's position at the data.
Extent next_extent(int file, std::uint64_t at, const Entry& entry) {
  const auto seek = [&](std::uint64_t from, int whence) {
    const off_t found = ::lseek(file, static_cast<off_t>(from), whence);
    if (found < 0 && errno != ENXIO) throw path_error("find a hole", entry.path);
    return found < 0 ? entry.size : std::min(static_cast<std::uint64_t>(found), entry.size);
  };
  const std::uint64_t data = std::max(seek(at, SEEK_DATA), at);
  if (data == entry.size) return {.hole = data - at};
  const std::uint64_t end = std::max(seek(data, SEEK_HOLE), data + 1);
  if (::lseek(file, static_cast<off_t>(data), SEEK_SET) < 0) throw path_error("seek", entry.path);
  return {.hole = data - at, .data = end - data};
}

class Walker {
 public:
  Walker(int top, const std::string& path, const WalkOptions& options, Sink& sink)
      : top_(top), start_(path), options_(options), sink_(sink) {}

  Totals walk();

 private:
  /// A directory on the way down and what of it is still to come.
  struct Level {
    std::string path;  ///< relative to the walk
    std::vector<std::string> names;
    std::size_t next = 0;
  };

  void enter(int above, const std::string& name, std::string path);
  bool reopen(const Level& level);
  void visit(const std::string& name, std::string path);
  void give(int directory, const std::string& name, Entry entry);
  void give_file(int directory, const std::string& name, Entry entry);
  void send_content(int file, const Entry& entry, bool may_have_holes);
  void count(const Entry& entry);
  void check() const {
    if (options_.check) options_.check();
  }

  const int top_;
  const std::string& start_;
  const WalkOptions& options_;
  Sink& sink_;
  std::vector<Level> levels_;
  /// The directory of levels_.back(), or none once a deeper one took its place: one descriptor
  /// however deep the tree is.
  UniqueFd directory_;
  std::string buffer_;
  Totals totals_;
};

Totals Walker::walk() {
  Entry first = look_at(top_, start_);
  if (first.kind == EntryKind::kAbsent) throw not_found("'{}' does not exist", printable(start_));
  first.path.clear();
  give(top_, start_, std::move(first));
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.next == level.names.size() || (!directory_ && !reopen(level))) {
      levels_.pop_back();
      directory_.reset();
      continue;
    }
    const std::string name = std::move(level.names[level.next++]);
    check();
    visit(name, join(level.path, name));
  }
  return totals_;
}

bool Walker::reopen(const Level& level) {
  directory_ = open_beneath(top_, join(start_, level.path), O_PATH | O_DIRECTORY);
  if (!directory_ && !is_gone(errno)) throw path_error("open", level.path);
  return static_cast<bool>(directory_);
}

void Walker::enter(int above, const std::string& name, std::string path) {
  UniqueFd opened = open_beneath(above, name, O_RDONLY | O_DIRECTORY);
  if (!opened && is_gone(errno)) return;
  if (!opened) throw path_error("open", path);
  Level level{.path = std::move(path), .names = {}};
  level.names = names_in(opened.get(), level.path);
  std::sort(level.names.begin(), level.names.end());
  levels_.push_back(std::move(level));
  directory_ = std::move(opened);
}

void Walker::visit(const std::string& name, std::string path) {
  struct stat info {};
  if (::fstatat(directory_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (is_gone(errno)) return;
    throw path_error("stat", path);
  }
  Entry entry;
  entry.path = std::move(path);
  if (!is_clean_path(entry.path)) throw too_deep(entry.path);
  fill(entry, info);
  if (S_ISLNK(info.st_mode) && !fill_target(entry, directory_.get(), name.c_str())) return;
  give(directory_.get(), name, std::move(entry));
}

void Walker::give(int directory, const std::string& name, Entry entry) {
  if (options_.wanted && !options_.wanted(entry)) return;
  const bool is_known = entry.ctime_ns == options_.known_ctime_ns;
  if (entry.kind == EntryKind::kFile && options_.content == Content::kWith && !is_known) {
    return give_file(directory, name, std::move(entry));
  }
  count(entry);
  sink_.entry(entry);
  if (entry.kind == EntryKind::kFile) totals_.bytes += entry.size;
  const bool entered = entry.path.empty() || options_.recursive == Recursive::kYes;
  if (entry.kind == EntryKind::kDirectory && entered) {
    enter(directory, name, std::move(entry.path));
  }
}

void Walker::give_file(int directory, const std::string& name, Entry entry) {
  // O_NONBLOCK: a FIFO may have taken the file's place.
  const UniqueFd file = open_beneath(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file && is_gone(errno)) return;
  if (!file) throw path_error("open", entry.path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) throw path_error("stat", entry.path);
  if (!S_ISREG(info.st_mode)) return;
  fill(entry, info);
  count(entry);
  sink_.entry(entry);
  constexpr std::uint64_t kBlock = 512;
  const bool sparse = static_cast<std::uint64_t>(info.st_blocks) * kBlock < entry.size;
  send_content(file.get(), entry, sparse && options_.holes == Holes::kAsHoles);
  sink_.end_file();
}

void Walker::send_content(int file, const Entry& entry, bool may_have_holes) {
  if (buffer_.empty()) buffer_.resize(kPieceBytes);
  std::uint64_t until_hole = may_have_holes ? 0 : entry.size;
  // No further than the size that was met: a file that grows must not be read for ever.
  for (std::uint64_t left = entry.size; left > 0;) {
    if (until_hole == 0) {
      const Extent next = next_extent(file, entry.size - left, entry);
      if (next.hole > 0) sink_.hole(next.hole);
      totals_.bytes += next.hole;
      left -= next.hole;
      until_hole = next.data;
      if (left == 0) return;
    }
    const std::size_t wanted = std::min({left, until_hole, std::uint64_t{buffer_.size()}});
    const ssize_t bytes = ::read(file, buffer_.data(), wanted);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) throw path_error("read", entry.path);
    if (bytes == 0) return;
    sink_.data(std::string_view(buffer_).substr(0, static_cast<std::size_t>(bytes)));
    totals_.bytes += static_cast<std::uint64_t>(bytes);
    left -= static_cast<std::uint64_t>(bytes);
    until_hole -= static_cast<std::uint64_t>(bytes);
    check();
  }
}

void Walker::count(const Entry& entry) {
  if (entry.kind == EntryKind::kOther) {
    ++totals_.skipped;
  } else if (!entry.path.empty() || entry.kind != EntryKind::kDirectory) {
    ++totals_.entries;
  }
}

}  // namespace

Totals walk(int top, const std::string& path, const WalkOptions& options, Sink& sink) {
  return Walker(top, path, options, sink).walk();
}

Entry look_at(int top, const std::string& path) {
  if (!is_clean_path(path)) throw invalid_argument("'{}' is no path in a tree", printable(path));
  Entry entry;
  entry.path = path;
  entry.kind = EntryKind::kAbsent;
  entry.mode = 0;
  const UniqueFd found = open_beneath(top, path, O_PATH | O_NOFOLLOW);
  if (!found && is_gone(errno)) return entry;
  struct stat info {};
  if (!found || ::fstat(found.get(), &info) != 0) throw path_error("open", path);
  fill(entry, info);
  if (entry.kind == EntryKind::kSymlink && !fill_target(entry, found.get(), "")) {
    throw path_error("read link", path);
  }
  return entry;
}

}  // namespace pyro::tree
