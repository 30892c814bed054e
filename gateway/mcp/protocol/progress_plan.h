#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "gateway/mcp/protocol/tool.h"

namespace pyro::mcp {

/// What a client is told of one call, and when. Numbers that the tool gives are told at once, each;
/// words alone are gathered, the newest wins; and when there is nothing new the client still hears
/// that the call runs, as hosts end calls that are silent. What is told always grows.
class ProgressPlan {
 public:
  /// Nothing but the tool's own numbers before that: most calls are over by then.
  static constexpr std::chrono::milliseconds kFirst{1000};
  static constexpr std::chrono::milliseconds kBetweenWords{250};
  /// At least every 5 s, and a thread may come late.
  static constexpr std::chrono::milliseconds kSilence{4500};

  struct Step {
    double progress = 0;
    std::optional<double> total;
    std::string message;
  };

  explicit ProgressPlan(Clock::time_point started) : started_(started) {}

  /// What the tool says; returns what is to be told at once.
  std::optional<Step> report(const ToolProgress& said, Clock::time_point now);
  /// When tick() will have something to tell.
  Clock::time_point due() const;
  std::optional<Step> tick(Clock::time_point now);
  std::optional<Clock::time_point> last_told() const { return last_told_; }

 private:
  Step tell(double progress, Clock::time_point now);
  /// A little more than what was told last, and less than what the tool will say next.
  double a_little_more() const;

  const Clock::time_point started_;
  std::optional<Clock::time_point> last_told_;
  double told_ = 0;
  std::optional<double> number_;  ///< the tool's last
  std::optional<double> total_;
  std::string message_;
  bool new_words_ = false;
};

}  // namespace pyro::mcp
