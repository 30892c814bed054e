#include "gateway/mcp/protocol/progress_line.h"

#include <cmath>
#include <utility>

#include "gateway/mcp/protocol/message.h"

namespace pyro::mcp {
namespace {

/// `50` rather than `50.0`.
Json number(double value) {
  constexpr double kExact = 1e15;
  if (std::abs(value) < kExact && value == std::trunc(value)) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

}  // namespace

ProgressLine::ProgressLine(std::shared_ptr<Output> output, Json token, Revision revision)
    : output_(std::move(output)),
      token_(std::move(token)),
      revision_(revision),
      plan_(Clock::now()) {}

bool ProgressLine::report(const ToolProgress& said) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  const auto due = plan_.due();
  if (const auto step = plan_.report(said, Clock::now())) send(*step);
  return plan_.due() < due;
}

std::optional<Clock::time_point> ProgressLine::tick() {
  const std::lock_guard lock(mutex_);
  if (closed_) return std::nullopt;
  if (const auto step = plan_.tick(Clock::now())) send(*step);
  return plan_.due();
}

std::optional<Clock::time_point> ProgressLine::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  return plan_.last_told();
}

void ProgressLine::send(const ProgressPlan::Step& step) {
  Json params{{"progressToken", token_}, {"progress", number(step.progress)}};
  if (step.total) params["total"] = number(*step.total);
  if (!step.message.empty() && has_progress_message(revision_)) params["message"] = step.message;
  output_->write(notification_message("notifications/progress", std::move(params)));
}

}  // namespace pyro::mcp
