#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "gateway/mcp/protocol/progress_line.h"

namespace pyro::mcp {

/// The one thread that keeps all progress lines going, from the first of them on.
class ProgressTicker {
 public:
  ProgressTicker() = default;
  ProgressTicker(const ProgressTicker&) = delete;
  ProgressTicker& operator=(const ProgressTicker&) = delete;
  ~ProgressTicker();

  /// Until the line is closed.
  void add(std::shared_ptr<ProgressLine> line);
  /// A line is due earlier than it said.
  void look_again();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<ProgressLine>> lines_;
  bool look_again_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pyro::mcp
