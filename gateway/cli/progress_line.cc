#include "gateway/cli/progress_line.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/text.h"

namespace pyro::cli {
namespace {

constexpr std::chrono::milliseconds kShowAfter{300};
/// How often a terminal shows a new elapsed time.
constexpr std::chrono::seconds kRedraw{1};
constexpr std::string_view kWipe = "\r\x1b[K";

void write_text(int fd, std::string_view text) {
  // Ignore errors: unwritable progress is no reason to fail.
  [[maybe_unused]] const ssize_t n = ::write(fd, text.data(), text.size());
}

std::size_t columns_of(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

std::string progress_text(const api::Progress& step, std::chrono::seconds elapsed) {
  std::string text = fmt::format("[{} s] {}", elapsed.count(), printable(step.phase));
  if (!step.message.empty()) text += ": " + printable(step.message);
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (step.done && step.total && *step.total > 0) {
    const auto done = std::min(*step.done, *step.total);
    const auto tenths = static_cast<std::size_t>(done * 10 / *step.total);
    text += fmt::format(" [{}{}] {} %", std::string(tenths, '#'), std::string(10 - tenths, '.'),
                        done * 100 / *step.total);
  }
  return text;
}

ProgressLine::ProgressLine(int fd, bool terminal) : fd_(fd), terminal_(terminal) {}

// finish() stops the thread; its own destructor joins it.
ProgressLine::~ProgressLine() { finish(); }

void ProgressLine::show(const api::Progress& step) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  step_ = step;
  if (!thread_.joinable()) {
    started_ = Clock::now();
    thread_ = std::jthread([this](const std::stop_token& stop) { draw_when_due(stop); });
  } else if (Clock::now() - started_ >= kShowAfter) {
    draw_locked();
  }
}

void ProgressLine::finish() {
  const std::lock_guard lock(mutex_);
  if (line_on_screen_) write_text(fd_, kWipe);
  line_on_screen_ = false;
  finished_ = true;
  thread_.request_stop();
}

void ProgressLine::draw_when_due(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  auto due = started_ + kShowAfter;
  while (true) {
    changed_.wait_until(lock, stop, due, [] { return false; });
    if (stop.stop_requested()) return;
    draw_locked();
    if (!terminal_) return;  // further phases are written as they come
    due = Clock::now() + kRedraw;
  }
}

void ProgressLine::draw_locked() {
  if (finished_ || !step_) return;
  const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - started_);
  if (terminal_) {
    const std::string text = progress_text(*step_, elapsed);
    write_text(fd_, fmt::format("{}{}", kWipe, text.substr(0, columns_of(fd_) - 1)));
    line_on_screen_ = true;
  } else if (step_->phase != phase_on_screen_) {
    const api::Progress plain{step_->phase, step_->message, std::nullopt, std::nullopt};
    write_text(fd_, progress_text(plain, elapsed) + "\n");
    phase_on_screen_ = step_->phase;
  }
}

}  // namespace pyro::cli
