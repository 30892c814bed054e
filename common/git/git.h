#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/files.h"
#include "common/process/child_process.h"
#include "common/work/work.h"

namespace pyro {

/// git itself, run on the host in an empty directory of its own that goes with it. Nothing of the
/// caller reaches it: no configuration, no variable, no repository around the directory, no hook.
class Git {
 public:
  /// The conditions of a run, beside its words.
  struct Run {
    std::vector<std::string> arguments;
    int input = -1;   ///< its standard input; -1: none
    int output = -1;  ///< where its standard output goes instead of into the result
    std::map<std::string, std::string> variables{};  ///< of its environment
    std::function<void(std::string_view)> on_error_line{};
    Limits limits = kLimits;
    Clock::duration time = std::chrono::hours(2);  ///< at most, of what the deadline leaves
  };

  /// Enough for the largest of projects, and not all of a host: what git reads may be made to take
  /// as much as it gets.
  static constexpr Limits kLimits{.address_space_bytes = 4ULL << 30U,
                                  .file_size_bytes = 16ULL << 30U};

  /// Makes the directory below `scratch`. failed_precondition: git is not installed.
  Git(const std::filesystem::path& scratch, Work work);

  const std::filesystem::path& directory() const { return directory_.path(); }

  /// Runs git in the directory until it ends, the deadline or a stop.
  CommandResult run(const Run& run) const;
  /// The same, and a status other than 0 is an Error with git's last words.
  void run_checked(const Run& run) const;

  /// A run, and what it printed: a file that is at its begin.
  struct Listing {
    CommandResult result;
    UniqueFd file;
  };
  /// Runs git with a file for its standard output. When that would have more than `limit_bytes` the
  /// result's status is one that wrote_too_much().
  Listing list(Run run, std::uint64_t limit_bytes) const;

 private:
  Command command(const Run& run) const;
  Deadline deadline(const Run& run) const;

  Work work_;
  TemporaryDirectory directory_;
  std::string program_;
};

}  // namespace pyro
