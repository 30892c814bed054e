#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/tree/tree.h"
#include "services/files/git_seed/borrowed_repository.h"

namespace pyro::files {

/// What lstat(2) in the guest will say of a file beside its size and mtime.
struct SeededInode {
  std::uint64_t inode = 0;
  std::int64_t ctime_ns = 0;
};

/// Passes a tree of tracked files on and makes the index of their `.git`: the index at HEAD, where
/// each file that is as in HEAD has the attributes that the guest's git will see, so that git does
/// not read it. Such a file has HEAD's content, or the host's git found it unchanged. Keeps the
/// bits of the host's index that keep git from a path (skip-worktree, assume-unchanged).
class SeededIndex : public tree::Sink {
 public:
  /// `inode_of_last` tells of the entry that `next` got last; unset: the files are not stamped.
  SeededIndex(tree::Sink& next, const BorrowedRepository& repository, IndexFile at_head,
              const IndexFile& of_host, std::function<SeededInode()> inode_of_last);

  void entry(const tree::Entry& entry) override;
  void data(std::string_view bytes) override;
  void end_file() override;

  /// The bytes of the index, after the last file.
  std::string content() const { return index_.content(ids_); }

 private:
  /// A path of HEAD.
  struct Tracked {
    IndexEntry* entry = nullptr;
    const IndexEntry* on_host = nullptr;  ///< null: the host's index has something else there
  };

  bool host_saw_no_change(const Tracked& tracked, const tree::Entry& entry) const;
  bool has_mode(const IndexEntry& at_head, const tree::Entry& entry) const;
  void begin_hash(std::uint64_t size);
  void stamp();

  tree::Sink& next_;
  const DigestKind ids_;
  const bool has_file_modes_;
  const std::int64_t host_index_mtime_ns_;
  IndexFile index_;
  std::function<SeededInode()> inode_of_last_;
  std::unordered_map<std::string_view, Tracked> tracked_;

  /// Of the file whose data comes.
  Tracked* current_ = nullptr;
  tree::Entry current_entry_{};
  std::uint64_t bytes_ = 0;
  std::optional<Digest> hash_;
};

}  // namespace pyro::files
