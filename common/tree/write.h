#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/base/unique_fd.h"
#include "common/tree/tree.h"

namespace pyro::tree {

struct WriterLimits {
  std::uint64_t entries = ~std::uint64_t{0};
  std::uint64_t bytes = ~std::uint64_t{0};
};

/// What becomes of links that lead out of the tree, and of setuid, setgid and sticky bits.
enum class Trust {
  kKeep,  ///< as they are: the tree stays inside of a guest
  kHost,  ///< such links are refused, such bits dropped: the tree is for the host
};

/// Writes a tree into `name` below the directory `parent`, neither of which is looked at again by
/// path: every part is made new (O_EXCL) relative to a directory that was made or opened beneath
/// it, without following links, so that nothing lands outside. `name` must not exist and is made:
/// as what the entry "" says, or as a directory when the first entry is another.
/// kInvalidArgument: a path that comes twice, a parent that is no directory of the stream, a link
/// that leads out (kHost: `symlink X escapes the workspace`). resource_exhausted: over the limits.
/// Directories get their modes and times in finish().
class Writer : public Sink {
 public:
  Writer(int parent, std::string name, Trust trust, WriterLimits limits = {});
  ~Writer() override;
  void entry(const Entry& entry) override;
  void data(std::string_view bytes) override;
  void end_file() override;
  void finish();
  const Totals& totals() const { return totals_; }
  /// What the entry "" was.
  EntryKind top_kind() const { return top_kind_; }

 private:
  UniqueFd open_parent(std::string_view path);
  void make_file(int parent, const std::string& name, const Entry& entry);

  int parent_;
  std::string name_;
  Trust trust_;
  WriterLimits limits_;
  UniqueFd top_;
  UniqueFd file_;
  Entry current_;
  EntryKind top_kind_ = EntryKind::kDirectory;
  std::map<std::string, Entry> directories_;
  Totals totals_;
};

/// Removes `name` below `parent` with all that is in it, links not followed; nothing there is no
/// error.
void remove_tree(int parent, const std::string& name);

}  // namespace pyro::tree
