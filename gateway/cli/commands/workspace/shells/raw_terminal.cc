#include "gateway/cli/commands/workspace/shells/raw_terminal.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "common/base/error.h"

namespace pyro::cli {
namespace {

constexpr std::string_view kEnterScreen = "\x1b[?1049h";
constexpr std::string_view kLeaveScreen = "\x1b[?1049l";
/// What programs turn on and a prompt does not expect: bracketed paste, mouse reports, application
/// keys, a hidden cursor, colors.
constexpr std::string_view kOrdinary =
    "\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1l\x1b>\x1b[?25h\x1b[0m\r\n";

std::atomic<int> size_event{-1};

void on_size_change(int) {
  const int before = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(size_event, &one, sizeof one);
  errno = before;
}

}  // namespace

RawTerminal::RawTerminal() : size_changed_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  termios now{};
  if (::isatty(STDOUT_FILENO) == 0 || ::tcgetattr(STDIN_FILENO, &now) != 0) {
    throw failed_precondition(
        "attach needs a terminal on standard input and output: `pyro workspace shell read` and "
        "`write` need none");
  }
  size_event = size_changed_.get();
  struct sigaction action {};
  action.sa_handler = on_size_change;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGWINCH, &action, nullptr);
  termios raw = now;
  ::cfmakeraw(&raw);
  if (::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0) throw system_error("tcsetattr");
  before_ = now;
}

void RawTerminal::restore() noexcept {
  if (!before_) return;
  ::signal(SIGWINCH, SIG_DFL);
  size_event = -1;
  const std::string all = std::string(full_screen_ ? kLeaveScreen : "") + std::string(kOrdinary);
  [[maybe_unused]] const ssize_t n = ::write(STDOUT_FILENO, all.data(), all.size());
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &*before_);
  before_.reset();
}

void RawTerminal::saw(std::string_view output) {
  tail_.append(output);
  const std::size_t entered = tail_.rfind(kEnterScreen);
  const std::size_t left = tail_.rfind(kLeaveScreen);
  if (entered != std::string::npos || left != std::string::npos) {
    full_screen_ = left == std::string::npos || (entered != std::string::npos && entered > left);
  }
  tail_.erase(0, tail_.size() - std::min(tail_.size(), kEnterScreen.size() - 1));
}

RawTerminal::Size RawTerminal::size() {
  winsize window{};
  ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
  const auto within = [](unsigned value, std::int64_t usual, std::int64_t most) {
    return static_cast<std::uint32_t>(
        value == 0 ? usual : std::min<std::int64_t>(static_cast<std::int64_t>(value), most));
  };
  return {within(window.ws_col, 80, api::kMostCols), within(window.ws_row, 24, api::kMostRows)};
}

}  // namespace pyro::cli
