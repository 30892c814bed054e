#pragma once

#include <string>
#include <vector>

#include "common/process/child_process.h"

namespace pyro::test {

/// A command under way whose output is read as it comes: standard output and error together.
class RunningCommand {
 public:
  explicit RunningCommand(std::vector<std::string> argv);

  /// Reads until `text` was printed; false when the command ended or a minute passed first.
  bool wait_for_text(const std::string& text);
  /// Reads to the end; its exit status, or nullopt when it did not end within a minute.
  std::optional<int> finish();

  void signal(int number) const { process_.signal(number); }
  const std::string& output() const { return output_; }

 private:
  /// False at the end of its output, or when nothing came in time.
  bool read_more(Deadline deadline);

  UniqueFd output_fd_;
  ChildProcess process_;
  std::string output_;
};

}  // namespace pyro::test
