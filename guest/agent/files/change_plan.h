#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pyro::agent::files {

enum class StepKind : char {
  kDelete = 'd',   ///< a file goes to the staging's `old`
  kPlace = 'p',    ///< what is staged goes where nothing is, a directory with all that is in it
  kReplace = 'r',  ///< what is staged changes places with what is there
};

/// By what one finds a file again that was renamed: its ctime moves then.
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
  std::uint64_t inode = 0;  ///< of the file to delete, else of what is staged
  Identity before{};        ///< what goes; not written down
};

/// All that is left to do of a change that was decided, as `.pyro/commit` holds it.
struct ChangePlan {
  std::string staging;  ///< its directory's name in `.pyro/staging`
  std::vector<Step> steps;
};

std::string encode(const ChangePlan& plan);
/// Nothing for what encode() did not write, or if a path is not clean.
std::optional<ChangePlan> decode_plan(std::string_view text);

}  // namespace pyro::agent::files
