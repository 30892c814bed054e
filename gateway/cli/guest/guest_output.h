#pragma once

#include <cstdint>
#include <stop_token>
#include <string_view>

#include "common/process/wait.h"

namespace pyro::cli {

/// Writes a guest's output to our own standard output and error as it comes, byte for byte.
class GuestOutput {
 public:
  explicit GuestOutput(const std::stop_token& stop) : stop_(stop) {}

  /// Waits for a slow reader. kCancelled: a stop. StdoutClosed: the reader of standard output is
  /// gone (ignores that for standard error).
  void write(std::uint32_t stream, std::string_view data);

  /// Ends an unfinished last line of standard error, for a terminal's prompt; changes nothing
  /// elsewhere.
  void end_line_on_terminal() const;

 private:
  StopFd stop_;
  char last_error_byte_ = '\n';
};

}  // namespace pyro::cli
