#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <string_view>

#include "common/api/shell_state.h"
#include "common/base/unique_fd.h"

namespace pyro::cli {

/// Our own terminal in raw mode, for as long as this lives: every key is a byte on standard input.
class RawTerminal {
 public:
  /// failed_precondition: standard input or output is no terminal.
  RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal() { restore(); }

  /// Before the end of the process, if that comes sooner.
  void restore() noexcept;
  /// A program of the shell draws on the screen beside the lines, or has given that up.
  void saw(std::string_view output);

  struct Size {
    std::uint32_t cols;
    std::uint32_t rows;
  };
  /// Of now, within what a shell may have.
  static Size size();
  /// Readable after a change of the size; read(2) from it.
  int size_changed() const { return size_changed_.get(); }

 private:
  std::optional<termios> before_;
  UniqueFd size_changed_;
  std::string tail_;
  bool full_screen_ = false;
};

}  // namespace pyro::cli
