#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/tree/tree.h"

namespace pyro::tree {

struct WriterLimits {
  std::uint64_t entries = ~std::uint64_t{0};
  std::uint64_t bytes = ~std::uint64_t{0};
};

/// How to treat links that lead out of the tree, and setuid, setgid and sticky bits.
enum class Trust {
  kKeep,  ///< keep them: the tree remains inside a guest
  kHost,  ///< refuse such links, drop such bits: the tree is for the host
};

/// Writes a tree into `name` below the directory `parent`. Makes every part new (O_EXCL) relative
/// to an open directory beneath `parent`, without following links, so that nothing lands outside.
/// `name` must not exist: the entry "" decides what it is; if another entry comes first, a
/// directory.
/// already_exists: `name` exists. kInvalidArgument: a duplicate path, a parent that is not a
/// directory of the stream, a file without its end, a link that leads out, directly or through
/// others (kHost: `symlink X escapes the workspace`). resource_exhausted: over the limits.
/// finish() sets the modes and times of directories, and checks where links lead. Before it, and
/// after an Error, the tree is incomplete: the caller removes it.
class Writer : public Sink {
 public:
  /// `parent` must be open while the writer lives.
  Writer(int parent, std::string name, Trust trust, WriterLimits limits = {});
  void entry(const Entry& entry) override;
  void data(std::string_view bytes) override;
  void hole(std::uint64_t bytes) override;
  void end_file() override;
  /// kInvalidArgument: the stream had no entry.
  void finish();
  const Totals& totals() const { return totals_; }
  /// The kind of the entry "".
  EntryKind top_kind() const { return top_kind_; }

 private:
  /// Final attributes of a directory; no time if the stream has no entry for it.
  struct Finish {
    std::uint32_t mode = 0755;
    std::optional<std::int64_t> mtime_ns{};
  };

  void count(const Entry& entry);
  void count_bytes(std::uint64_t bytes);
  void begin(const Entry& first);
  int directory_of(const Entry& entry);
  void make(int directory, const std::string& name, const Entry& entry);
  void finish_link(int directory, const std::string& name, const Entry& entry);
  void remember(const std::string& path);
  void check_links() const;
  std::uint32_t allowed_bits() const;

  const int parent_;
  const std::string name_;
  const Trust trust_;
  const WriterLimits limits_;
  bool begun_ = false;
  UniqueFd top_{};
  /// The last written directory: a cache for its next entry.
  std::string open_path_{};
  UniqueFd open_directory_{};
  UniqueFd file_{};
  bool ends_in_hole_ = false;
  Entry current_{};
  EntryKind top_kind_ = EntryKind::kDirectory;
  std::map<std::string, Finish, std::less<>> directories_{};
  std::vector<std::string> links_{};
  std::size_t remembered_bytes_ = 0;
  Totals totals_{};
};

/// Removes `name` below `parent` with all its content, at any depth, without following links; a
/// missing `name` is no error.
void remove_tree(int parent, const std::string& name);

}  // namespace pyro::tree
