#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "gateway/mcp/protocol/output.h"
#include "gateway/mcp/protocol/progress_plan.h"
#include "gateway/mcp/protocol/revision.h"

namespace pyro::mcp {

/// The progress notifications of one call, from its start until it is closed. Thread-safe.
class ProgressLine {
 public:
  /// `token` is the client's, a string or an integer.
  ProgressLine(std::shared_ptr<Output> output, Json token, Revision revision);

  /// True when tick() is due earlier now than it was.
  bool report(const ToolProgress& said);
  /// Tells what is due; returns when to come again, nothing when the line is closed.
  std::optional<Clock::time_point> tick();
  /// Nothing is told after it returned. Gives when something was told last.
  std::optional<Clock::time_point> close();

 private:
  void send(const ProgressPlan::Step& step);

  const std::shared_ptr<Output> output_;
  const Json token_;
  const Revision revision_;
  std::mutex mutex_;
  ProgressPlan plan_;
  bool closed_ = false;
};

}  // namespace pyro::mcp
