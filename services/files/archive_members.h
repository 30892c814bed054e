#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/tree/tree.h"
#include "services/files/tar_reader.h"

namespace pyro::files {

/// The entry that a member is; nothing for the archive's top itself (`.`). Throws kInvalidArgument
/// for a member that no archive may hold.
std::optional<tree::Entry> entry_of(const TarHeader& header);

/// The last member at a path of the archive.
struct Member {
  tree::EntryKind kind = tree::EntryKind::kDirectory;
  /// Which of the archive's members has the last word on it; none for a directory that is only the
  /// parent of others.
  std::optional<std::uint64_t> last{};
  std::uint32_t mode = 0755;
  std::int64_t mtime_ns = 0;
  std::string link_target{};  ///< of a symlink
  bool given = false;
};

/// All paths of an archive, parents included.
class MemberTable {
 public:
  /// Takes the member of that number. Throws kInvalidArgument when it and what was taken before
  /// are not one tree, resource_exhausted when there are too many paths.
  void take(std::uint64_t number, const tree::Entry& entry);
  /// Once all are taken: follows each link through the others. kInvalidArgument:
  /// `symlink X escapes the workspace`.
  void check_links() const;
  /// nullptr when there is none.
  Member* find(const std::string& path);

 private:
  void take_parents(const tree::Entry& entry);
  void add(const std::string& path, const Member& member);
  bool leads_out(const std::string& link, const std::string& target) const;

  std::unordered_map<std::string, Member> members_;
  std::size_t path_bytes_ = 0;
};

}  // namespace pyro::files
