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

  /// Waits for a slow reader; kCancelled on a stop; StdoutClosed when the reader of our standard
  /// output went away (one of standard error is ignored).
  void write(std::uint32_t stream, std::string_view data);

  /// Ends a last line of standard error without a newline, for a terminal's prompt; elsewhere the
  /// guest's bytes stay as they were.
  void end_line_on_terminal() const;

 private:
  StopFd stop_;
  char last_error_byte_ = '\n';
};

}  // namespace pyro::cli
