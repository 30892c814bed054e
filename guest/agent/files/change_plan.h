#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pyro::agent::files {

enum class StepKind : char {
  kDelete = 'd',   ///< move a file to the staging's `old`
  kPlace = 'p',    ///< move a staged entry, a directory with its content, to a free path
  kReplace = 'r',  ///< exchange a staged entry with an existing one
};

/// Identifies a file after a rename, which changes its ctime.
struct Identity {
  std::uint64_t inode = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t size = 0;
  bool operator==(const Identity&) const = default;
};
Identity identity_of(const struct stat& info);

struct Step {
  StepKind kind = StepKind::kPlace;
  std::string path;         ///< in the tree, and the same in the staging's `new`
  std::uint64_t inode = 0;  ///< of the file to delete, else of the staged entry
  Identity before{};        ///< of the entry that goes; not encoded
};

/// The remaining steps of a decided change, as in `.pyro/commit`.
struct ChangePlan {
  std::string staging;  ///< name of its directory in `.pyro/staging`
  std::vector<Step> steps;
};

std::string encode(const ChangePlan& plan);
/// nullopt: encode() did not write it, or a path is not clean.
std::optional<ChangePlan> decode_plan(std::string_view text);

}  // namespace pyro::agent::files
