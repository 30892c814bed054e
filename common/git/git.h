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

/// The end of what git said of its failure, printable and without its progress.
std::string git_says(const CommandResult& result);

/// Runs git on the host in its own empty directory, which it removes. Isolated from the caller: no
/// configuration, no variable, no repository around the directory, no hook.
class Git {
 public:
  /// The conditions of a run, beside its arguments.
  struct Run {
    std::vector<std::string> arguments;
    int input = -1;                                  ///< standard input; -1: none
    int output = -1;                                 ///< standard output, instead of the result
    std::map<std::string, std::string> variables{};  ///< environment variables
    std::function<void(std::string_view)> on_error_line{};
    Limits limits = kLimits;
    Clock::duration time = std::chrono::hours(2);  ///< limit, within the deadline
  };

  /// Enough for the largest projects, but not all of a host: hostile input can make git take all it
  /// gets.
  static constexpr Limits kLimits{.address_space_bytes = 4ULL << 30U,
                                  .file_size_bytes = 16ULL << 30U};

  /// Makes the directory below `scratch`. failed_precondition: git is not installed.
  Git(const std::filesystem::path& scratch, Work work);

  const std::filesystem::path& directory() const { return directory_.path(); }

  /// Runs git in the directory until its end, the deadline or a stop.
  CommandResult run(const Run& run) const;
  /// The same; a status other than 0 is an Error with git's last output.
  void run_checked(const Run& run) const;

  /// A run and its output, a file at its start.
  struct Listing {
    CommandResult result;
    UniqueFd file;
  };
  /// Runs git with a file as its standard output. If the output exceeds `limit_bytes`, the status
  /// is one that wrote_too_much().
  Listing list(Run run, std::uint64_t limit_bytes) const;

 private:
  Command command(const Run& run) const;
  Deadline deadline(const Run& run) const;

  Work work_;
  TemporaryDirectory directory_;
  std::string program_;
};

}  // namespace pyro
