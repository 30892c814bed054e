#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/api/progress.h"
#include "common/base/clock.h"

namespace pyro::cli {

/// `[3 s] build: unpack packages [#####.....] 50 %`
std::string progress_text(const api::Progress& step, std::chrono::seconds elapsed);

/// Progress of a long operation on standard error: rewrites one line on a terminal, elsewhere
/// writes one line per phase. Shows nothing in the first 0.3 s. Thread-safe.
class ProgressLine {
 public:
  ProgressLine(int fd, bool terminal);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

  void show(const api::Progress& step);
  /// Wipes the line and shows nothing more: a guest's output begins, or all is done.
  void finish();

 private:
  void draw_when_due(const std::stop_token& stop);
  void draw_locked();

  int fd_;
  bool terminal_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<api::Progress> step_;
  std::string phase_on_screen_;
  bool line_on_screen_ = false;
  bool finished_ = false;
  Clock::time_point started_;
  std::jthread thread_;
};

}  // namespace pyro::cli
