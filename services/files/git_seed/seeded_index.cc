#include "services/files/git_seed/seeded_index.h"

#include <fmt/core.h>

#include <utility>

namespace pyro::files {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

struct IndexTime {
  std::uint32_t seconds;
  std::uint32_t nanoseconds;
};

IndexTime index_time(std::int64_t ns) {
  std::int64_t seconds = ns / kSecond;
  std::int64_t rest = ns % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  return {static_cast<std::uint32_t>(seconds), static_cast<std::uint32_t>(rest)};
}

bool is_time(std::uint32_t seconds, std::uint32_t nanoseconds, std::int64_t ns) {
  const IndexTime time = index_time(ns);
  // A git that does not use them leaves the nanoseconds out.
  return seconds == time.seconds && (nanoseconds == time.nanoseconds || nanoseconds == 0);
}

}  // namespace

SeededIndex::SeededIndex(tree::Sink& next, const BorrowedRepository& repository, IndexFile at_head,
                         const IndexFile& of_host, std::function<SeededInode()> inode_of_last)
    : next_(next),
      ids_(repository.ids()),
      has_file_modes_(has_file_modes(repository.settings())),
      host_index_mtime_ns_(repository.index_mtime_ns()),
      index_(std::move(at_head)),
      inode_of_last_(std::move(inode_of_last)) {
  tracked_.reserve(index_.entries.size());
  for (IndexEntry& entry : index_.entries) {
    if (!entry.is_submodule()) tracked_[entry.path].entry = &entry;
  }
  for (const IndexEntry& entry : of_host.entries) {
    const auto found = tracked_.find(entry.path);
    if (found == tracked_.end() || entry.stage != 0) continue;
    IndexEntry& at = *found->second.entry;
    at.skip_worktree = entry.skip_worktree;
    at.assume_unchanged = entry.assume_unchanged;
    if (at.id == entry.id && at.mode == entry.mode) found->second.on_host = &entry;
  }
}

/// As git decides it from an index (ie_match_stat in read-cache.c): the file is as it was when git
/// compared it, and has not changed since in the time in which it would not show.
bool SeededIndex::host_saw_no_change(const Tracked& tracked, const tree::Entry& entry) const {
  if (tracked.on_host == nullptr) return false;
  const FileStat& known = tracked.on_host->stat;
  return is_time(known.mtime_seconds, known.mtime_nanoseconds, entry.mtime_ns) &&
         is_time(known.ctime_seconds, known.ctime_nanoseconds, entry.ctime_ns) &&
         known.inode == static_cast<std::uint32_t>(entry.inode) &&
         known.size == static_cast<std::uint32_t>(entry.size) &&
         entry.mtime_ns / kSecond < host_index_mtime_ns_ / kSecond;
}

bool SeededIndex::has_mode(const IndexEntry& at_head, const tree::Entry& entry) const {
  if (at_head.is_symlink()) return entry.kind == tree::EntryKind::kSymlink;
  if (entry.kind != tree::EntryKind::kFile) return false;
  return !has_file_modes_ || ((at_head.mode & 0100) != 0) == ((entry.mode & 0100) != 0);
}

void SeededIndex::begin_hash(std::uint64_t size) {
  hash_.emplace(ids_);
  hash_->add(fmt::format("blob {}", size));
  hash_->add(std::string_view("\0", 1));
}

void SeededIndex::stamp() {
  const SeededInode inode = inode_of_last_();
  const IndexTime mtime = index_time(current_entry_.mtime_ns);
  const IndexTime ctime = index_time(inode.ctime_ns);
  current_->entry->stat = {.ctime_seconds = ctime.seconds,
                           .ctime_nanoseconds = ctime.nanoseconds,
                           .mtime_seconds = mtime.seconds,
                           .mtime_nanoseconds = mtime.nanoseconds,
                           .inode = static_cast<std::uint32_t>(inode.inode),
                           .size = static_cast<std::uint32_t>(bytes_)};
}

void SeededIndex::entry(const tree::Entry& entry) {
  next_.entry(entry);
  hash_.reset();
  current_ = nullptr;
  if (!inode_of_last_) return;
  const auto found = tracked_.find(entry.path);
  if (found == tracked_.end() || entry.kind == tree::EntryKind::kDirectory) return;
  current_ = &found->second;
  current_entry_ = entry;
  bytes_ = 0;
  if (entry.kind == tree::EntryKind::kSymlink) {
    bytes_ = entry.link_target.size();
    begin_hash(bytes_);
    hash_->add(entry.link_target);
    if (has_mode(*current_->entry, entry) && hash_->finish() == current_->entry->id) stamp();
    hash_.reset();
    current_ = nullptr;
  } else if (!host_saw_no_change(*current_, entry)) {
    begin_hash(entry.size);
  }
}

void SeededIndex::data(std::string_view bytes) {
  next_.data(bytes);
  bytes_ += bytes.size();
  if (hash_) hash_->add(bytes);
}

void SeededIndex::end_file() {
  next_.end_file();
  if (current_ == nullptr) return;
  const bool is_same =
      hash_ ? has_mode(*current_->entry, current_entry_) && hash_->finish() == current_->entry->id
            : bytes_ == current_entry_.size;
  if (is_same && bytes_ == current_entry_.size) stamp();
  hash_.reset();
  current_ = nullptr;
}

}  // namespace pyro::files
