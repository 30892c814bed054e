#include "gateway/mcp/protocol/progress_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pyro::mcp {
namespace {

std::optional<double> finite(std::optional<double> number) {
  return number && std::isfinite(*number) ? number : std::nullopt;
}

}  // namespace

std::optional<ProgressPlan::Step> ProgressPlan::report(const ToolProgress& said,
                                                       Clock::time_point now) {
  if (!said.message.empty()) {
    message_ = said.message;
    new_words_ = true;
  }
  if (const auto total = finite(said.total)) total_ = total;
  const auto number = finite(said.progress);
  if (!number || (number_ && *number <= *number_)) return std::nullopt;
  number_ = number;
  return tell(last_told_ && *number <= told_ ? a_little_more() : *number, now);
}

Clock::time_point ProgressPlan::due() const {
  if (!last_told_) return started_ + kFirst;
  return *last_told_ + (new_words_ ? kBetweenWords : kSilence);
}

std::optional<ProgressPlan::Step> ProgressPlan::tick(Clock::time_point now) {
  if (now < due()) return std::nullopt;
  return tell(number_ ? a_little_more() : told_ + 1, now);
}

ProgressPlan::Step ProgressPlan::tell(double progress, Clock::time_point now) {
  told_ = progress;
  last_told_ = now;
  new_words_ = false;
  // Beyond its total a call has none that could be believed.
  const bool within = total_ && (progress < *total_ || progress == number_);
  return {progress, within ? total_ : std::nullopt, message_};
}

double ProgressPlan::a_little_more() const {
  constexpr double kShare = 0.001;
  const bool within = total_ && told_ < *total_;
  const double room = within ? *total_ - told_ : std::max(1.0, std::abs(told_));
  const double next = std::nextafter(told_, std::numeric_limits<double>::infinity());
  return std::max(told_ + room * kShare, next);
}

}  // namespace pyro::mcp
