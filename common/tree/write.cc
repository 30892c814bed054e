#include "common/tree/write.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/tree/beneath.h"
#include "common/tree/path.h"
#include "common/tree/stream.h"

namespace pyro::tree {
namespace {

/// Limit of all paths of directories and links, which are kept until the end: it bounds the memory
/// of a hostile stream.
constexpr std::size_t kMaxRememberedBytes = 256U << 20U;

std::array<timespec, 2> only_mtime(std::int64_t mtime_ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t nanoseconds = (mtime_ns % kSecond + kSecond) % kSecond;
  timespec mtime{};
  mtime.tv_sec = mtime_ns / kSecond - (mtime_ns % kSecond < 0 ? 1 : 0);
  mtime.tv_nsec = nanoseconds;
  timespec atime{};
  atime.tv_nsec = UTIME_OMIT;
  return {atime, mtime};
}

void set_mode_and_time(int fd, std::uint32_t mode, std::optional<std::int64_t> mtime_ns,
                       const std::string& path) {
  if (::fchmod(fd, mode) != 0) throw path_error("chmod", path);
  if (!mtime_ns) return;
  if (::futimens(fd, only_mtime(*mtime_ns).data()) != 0) throw path_error("set time", path);
}

void refuse_what_is_no_entry(const Entry& entry) {
  const std::string shown = printable(entry.path);
  if (!is_clean_path(entry.path)) throw invalid_argument("'{}' is no path in a tree", shown);
  if (entry.kind == EntryKind::kAbsent) throw invalid_argument("'{}' is not there", shown);
  if (entry.kind == EntryKind::kSymlink &&
      (entry.link_target.empty() || entry.link_target.find('\0') != std::string::npos)) {
    throw invalid_argument("symlink '{}' leads to no path", shown);
  }
}

}  // namespace

Writer::Writer(int parent, std::string name, Trust trust, WriterLimits limits)
    : parent_(parent), name_(std::move(name)), trust_(trust), limits_(limits) {
  if (name_.empty() || !is_clean_path(name_) || name_ != name_of(name_)) {
    throw invalid_argument("'{}' is no name in a directory", printable(name_));
  }
}

void Writer::entry(const Entry& entry) {
  if (file_) throw invalid_argument("file '{}' has no end", printable(current_.path));
  refuse_what_is_no_entry(entry);
  count(entry);
  if (begun_ && entry.path.empty()) throw invalid_argument("path '.' comes twice");
  if (!begun_) begin(entry);
  if (entry.path.empty()) return;
  make(directory_of(entry), std::string(name_of(entry.path)), entry);
}

void Writer::count(const Entry& entry) {
  if (totals_.entries + totals_.skipped >= limits_.entries) {
    throw resource_exhausted(reason::kTooLarge, "the tree has more than {} entries",
                             limits_.entries);
  }
  if (entry.kind == EntryKind::kOther) {
    ++totals_.skipped;
  } else if (!entry.path.empty() || entry.kind != EntryKind::kDirectory) {
    ++totals_.entries;
  }
}

void Writer::begin(const Entry& first) {
  begun_ = true;
  if (first.path.empty()) {
    top_kind_ = first.kind;
    make(parent_, name_, first);
  } else {
    Entry directory;
    directory.kind = EntryKind::kDirectory;
    make(parent_, name_, directory);
    directories_[""] = {};
  }
  if (top_kind_ != EntryKind::kDirectory) return;
  top_ = open_beneath(parent_, name_, O_RDONLY | O_DIRECTORY);
  if (!top_) throw path_error("open", name_);
}

int Writer::directory_of(const Entry& entry) {
  const std::string parent(parent_of(entry.path));
  if (!directories_.contains(parent)) {
    throw invalid_argument("'{}' comes without its directory", printable(entry.path));
  }
  if (parent.empty()) return top_.get();
  if (!open_directory_ || open_path_ != parent) {
    const bool below = open_directory_ && parent_of(parent) == open_path_;
    open_directory_ = below ? open_beneath(open_directory_.get(), std::string(name_of(parent)),
                                           O_PATH | O_DIRECTORY)
                            : open_beneath(top_.get(), parent, O_PATH | O_DIRECTORY);
    if (!open_directory_) throw path_error("open", parent);
    open_path_ = parent;
  }
  return open_directory_.get();
}

void Writer::make(int directory, const std::string& name, const Entry& entry) {
  const auto made = [&](bool succeeded, std::string_view call) {
    if (succeeded) return;
    if (errno == EEXIST && !entry.path.empty()) {
      throw invalid_argument("path '{}' comes twice", printable(entry.path));
    }
    throw path_error(call, entry.path.empty() ? name_ : entry.path);
  };
  switch (entry.kind) {
    case EntryKind::kDirectory:
      made(::mkdirat(directory, name.c_str(), 0700) == 0, "mkdir");
      remember(entry.path);
      directories_[entry.path] = {.mode = entry.mode, .mtime_ns = entry.mtime_ns};
      return;
    case EntryKind::kFile:
      file_ = open_beneath(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
      made(static_cast<bool>(file_), "create");
      current_ = entry;
      return;
    case EntryKind::kSymlink:
      if (trust_ == Trust::kHost && leads_out(entry.path, entry.link_target)) {
        throw escapes(entry.path);
      }
      made(::symlinkat(entry.link_target.c_str(), directory, name.c_str()) == 0, "symlink");
      finish_link(directory, name, entry);
      return;
    case EntryKind::kOther:
    case EntryKind::kAbsent:
      return;
  }
}

void Writer::finish_link(int directory, const std::string& name, const Entry& entry) {
  const auto times = only_mtime(entry.mtime_ns);
  if (::utimensat(directory, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0) {
    throw path_error("set time", entry.path);
  }
  if (trust_ != Trust::kHost || entry.path.empty()) return;
  remember(entry.path);
  links_.push_back(entry.path);
}

void Writer::remember(const std::string& path) {
  remembered_bytes_ += path.size();
  if (remembered_bytes_ <= kMaxRememberedBytes) return;
  throw resource_exhausted(reason::kTooLarge,
                           "the paths of the tree's directories and links take more than {}",
                           human_size(kMaxRememberedBytes));
}

void Writer::data(std::string_view bytes) {
  if (!file_) throw invalid_argument("data outside of a file");
  count_bytes(bytes.size());
  with_context(fmt::format("'{}'", printable(current_.path)),
               [&] { write_all(file_.get(), bytes); });
  ends_in_hole_ = false;
}

void Writer::hole(std::uint64_t bytes) {
  if (!file_) throw invalid_argument("a hole outside of a file");
  if (bytes > kMaxHoleBytes) throw invalid_argument("a hole of {} bytes", bytes);
  count_bytes(bytes);
  if (::lseek(file_.get(), static_cast<off_t>(bytes), SEEK_CUR) < 0) {
    throw path_error("seek", current_.path);
  }
  ends_in_hole_ = true;
}

void Writer::count_bytes(std::uint64_t bytes) {
  if (bytes > limits_.bytes - totals_.bytes) {
    throw resource_exhausted(reason::kTooLarge, "the files of the tree have more than {}",
                             human_size(limits_.bytes));
  }
  totals_.bytes += bytes;
}

void Writer::end_file() {
  if (!file_) throw invalid_argument("an end outside of a file");
  if (std::exchange(ends_in_hole_, false) &&
      ::ftruncate(file_.get(), ::lseek(file_.get(), 0, SEEK_CUR)) != 0) {
    throw path_error("set size", current_.path);
  }
  set_mode_and_time(file_.get(), current_.mode & allowed_bits(), current_.mtime_ns, current_.path);
  file_.reset();
}

std::uint32_t Writer::allowed_bits() const { return trust_ == Trust::kHost ? 0777 : 07777; }

void Writer::check_links() const {
  for (const std::string& link : links_) {
    if (leads_above(top_.get(), link)) throw escapes(link);
  }
}

void Writer::finish() {
  if (file_) throw invalid_argument("file '{}' has no end", printable(current_.path));
  if (!begun_) throw invalid_argument("the tree is empty");
  // Before the directories have their modes, some of which may bar the way.
  check_links();
  // The entries of a directory sort behind it, and are finished first.
  for (auto at = directories_.rbegin(); at != directories_.rend(); ++at) {
    const auto& [path, last] = *at;
    const UniqueFd directory = open_beneath(top_.get(), path, O_RDONLY | O_DIRECTORY);
    if (!directory) throw path_error("open", path);
    set_mode_and_time(directory.get(), last.mode & allowed_bits(), last.mtime_ns, path);
  }
}

}  // namespace pyro::tree
