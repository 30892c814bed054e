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

/// What ended a command, or a part of it, that neither ended by itself nor was told to.
enum class KilledBy { kOutOfMemory };
constexpr std::array<std::pair<KilledBy, std::string_view>, 1> enum_names(KilledBy) {
  return {{{KilledBy::kOutOfMemory, "out_of_memory"}}};
}
inline constexpr std::string_view kKilledBy =
    "out_of_memory: the kernel killed the command, or a part of it, since the machine's memory was "
    "used up; mem_mib at creation gives more. Absent otherwise.";

/// Why a command failed, where what it printed last and the state of its machine show that.
enum class LikelyCause { kNoNetwork, kWorkspaceFull, kSystemDiskFull, kTooManyProcesses };
constexpr std::array<std::pair<LikelyCause, std::string_view>, 4> enum_names(LikelyCause) {
  return {{{LikelyCause::kNoNetwork, "no_network"},
           {LikelyCause::kWorkspaceFull, "workspace_full"},
           {LikelyCause::kSystemDiskFull, "system_disk_full"},
           {LikelyCause::kTooManyProcesses, "too_many_processes"}}};
}
inline constexpr std::string_view kLikelyCause =
    "Why it failed, where known: no_network, workspace_full, system_disk_full or "
    "too_many_processes; the last line of stderr says what helps.";

}  // namespace pyro::api
