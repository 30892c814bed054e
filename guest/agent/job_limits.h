#pragma once

#include <cstdint>
#include <string_view>

namespace pyro::agent {

/// What the jobs of a guest may take, so that the agent has room; 0: no limit.
struct JobLimits {
  std::uint64_t processes_of_all = 0;  ///< threads included
  std::uint64_t processes_of_one = 0;
  std::uint64_t memory_bytes = 0;  ///< of all
};

/// The limits in a guest whose kernel runs `most_processes` and has `memory_bytes`. All jobs get
/// half of the processes, so that the kernel and the agent can always start one; each job a
/// quarter, so that a second one can run beside a fork bomb and end it.
JobLimits limits_of_guest(std::uint64_t most_processes, std::uint64_t memory_bytes);

/// The same, of the guest that this is.
JobLimits limits_of_this_guest();

/// The kernel's own limits of processes and threads, given as in /proc/sys/kernel, and the total of
/// /proc/meminfo in bytes.
std::uint64_t lower_of(std::string_view threads_max, std::string_view pid_max);
std::uint64_t total_memory(std::string_view meminfo);

}  // namespace pyro::agent
