#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/tree/tree.h"
#include "services/files/tar_reader.h"

namespace pyro::files {

/// The entry of a member; nullopt for the archive's top itself (`.`). kInvalidArgument: a forbidden
/// member.
std::optional<tree::Entry> entry_of(const TarHeader& header);

/// The last member at a path of the archive.
struct Member {
  tree::EntryKind kind = tree::EntryKind::kDirectory;
  /// The number of the last member at the path; nullopt for a directory without its own member.
  std::optional<std::uint64_t> last{};
  std::uint32_t mode = 0755;
  std::int64_t mtime_ns = 0;
  std::string link_target{};  ///< of a symlink
  bool given = false;
};

/// All paths of an archive, parents included.
class MemberTable {
 public:
  /// Takes the member of that number.
  /// kInvalidArgument: it does not fit the earlier members. resource_exhausted: too many paths.
  void take(std::uint64_t number, const tree::Entry& entry);
  /// Call it after all members: follows each link through the others. kInvalidArgument:
  /// `symlink X escapes the workspace`.
  void check_links() const;
  /// nullptr: no such path.
  Member* find(const std::string& path);

 private:
  void take_parents(const tree::Entry& entry);
  void add(const std::string& path, const Member& member);
  bool leads_out(const std::string& link, const std::string& target) const;

  std::unordered_map<std::string, Member> members_;
  std::size_t path_bytes_ = 0;
};

}  // namespace pyro::files
