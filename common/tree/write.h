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

/// The treatment of links that lead out of the tree, and of setuid, setgid and sticky bits.
enum class Trust {
  kKeep,  ///< kept: the tree remains inside a guest
  kHost,  ///< such links are refused, such bits dropped: the tree is for the host
};

/// Writes a tree into `name` below the directory `parent`, neither of which is looked at again by
/// path: every part is made new (O_EXCL) relative to a directory that was made or opened beneath
/// it, without following links, so that nothing lands outside. `name` must not exist and is made:
/// as what the entry "" says, or as a directory when the first entry is another.
/// already_exists: `name` does. kInvalidArgument: a path that comes twice, a parent that is no
/// directory of the stream, a file without its end, a link that leads out, by itself or by way of
/// others (kHost: `symlink X escapes the workspace`). resource_exhausted: over the limits.
/// Directories get their modes and times in finish(), and links are followed to where they lead;
/// until then, and after an Error, what is there is half made: it is the caller's to remove.
class Writer : public Sink {
 public:
  /// `parent` is open for as long as the writer lives.
  Writer(int parent, std::string name, Trust trust, WriterLimits limits = {});
  void entry(const Entry& entry) override;
  void data(std::string_view bytes) override;
  void end_file() override;
  /// kInvalidArgument: no entry came at all.
  void finish();
  const Totals& totals() const { return totals_; }
  /// The kind of the entry "".
  EntryKind top_kind() const { return top_kind_; }

 private:
  /// Attributes that a directory gets in the end; no time where the stream has no entry for it.
  struct Finish {
    std::uint32_t mode = 0755;
    std::optional<std::int64_t> mtime_ns{};
  };

  void count(const Entry& entry);
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
  /// The directory that was written to last, so that its next entry need not look it up.
  std::string open_path_{};
  UniqueFd open_directory_{};
  UniqueFd file_{};
  Entry current_{};
  EntryKind top_kind_ = EntryKind::kDirectory;
  std::map<std::string, Finish, std::less<>> directories_{};
  std::vector<std::string> links_{};
  std::size_t remembered_bytes_ = 0;
  Totals totals_{};
};

/// Removes `name` below `parent` with all that is in it, however deep, links not followed; nothing
/// there is no error.
void remove_tree(int parent, const std::string& name);

}  // namespace pyro::tree
