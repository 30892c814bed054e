#include "guest/agent/job_limits.h"

#include <algorithm>
#include <charconv>

#include "common/base/files.h"
#include "common/base/text.h"

namespace pyro::agent {
namespace {

constexpr std::uint64_t kMib = 1U << 20U;
/// Both of the agent's own work and of what the kernel charges to no job.
constexpr std::uint64_t kLeastReserve = 16 * kMib;
constexpr std::uint64_t kMostReserve = 64 * kMib;

std::uint64_t number_in(std::string_view text) {
  text = trim(text);
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

JobLimits limits_of_guest(std::uint64_t most_processes, std::uint64_t memory_bytes) {
  const std::uint64_t reserve = std::clamp(memory_bytes / 16, kLeastReserve, kMostReserve);
  const std::uint64_t of_one = most_processes / 4;
  return {.processes_of_all = 2 * of_one,
          .processes_of_one = of_one,
          .memory_bytes = memory_bytes > reserve ? memory_bytes - reserve : 0};
}

JobLimits limits_of_this_guest() {
  return limits_of_guest(lower_of(read_file("/proc/sys/kernel/threads-max", 64),
                                  read_file("/proc/sys/kernel/pid_max", 64)),
                         total_memory(read_file("/proc/meminfo", 64U << 10U)));
}

std::uint64_t lower_of(std::string_view threads_max, std::string_view pid_max) {
  return std::min(number_in(threads_max), number_in(pid_max));
}

std::uint64_t total_memory(std::string_view meminfo) {
  constexpr std::string_view kLine = "MemTotal:";
  const std::size_t at = meminfo.find(kLine);
  return at == std::string_view::npos ? 0 : number_in(meminfo.substr(at + kLine.size())) << 10U;
}

}  // namespace pyro::agent
