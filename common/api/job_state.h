#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace pyro::api {

/// Whether a command runs, or how it ended: by itself, by its time limit, or by a cancel.
enum class JobState { kRunning, kExited, kTimedOut, kCancelled };
constexpr std::array<std::pair<JobState, std::string_view>, 4> enum_names(JobState) {
  return {{{JobState::kRunning, "running"},
           {JobState::kExited, "exited"},
           {JobState::kTimedOut, "timed_out"},
           {JobState::kCancelled, "cancelled"}}};
}

}  // namespace pyro::api
