#include "guest/agent/job_limits.h"

#include <gtest/gtest.h>

namespace pyro::agent {
namespace {

constexpr std::uint64_t kMib = 1U << 20U;

TEST(JobLimits, leave_the_agent_processes_and_memory_and_one_job_room_beside_another) {
  for (const std::uint64_t mib : {128U, 256U, 1024U, 16384U}) {
    const std::uint64_t most = mib * 8;
    const JobLimits limits = limits_of_guest(most, mib * kMib);
    EXPECT_LT(limits.processes_of_all, most);
    EXPECT_LE(2 * limits.processes_of_one, limits.processes_of_all);
    EXPECT_GE(limits.processes_of_one, 200U);
    EXPECT_GE(mib * kMib - limits.memory_bytes, 16 * kMib);
    EXPECT_LE(mib * kMib - limits.memory_bytes, 64 * kMib);
  }
}

TEST(JobLimits, of_a_guest_whose_limits_are_not_known_are_none) {
  const JobLimits limits = limits_of_guest(0, 0);
  EXPECT_EQ(limits.processes_of_all, 0U);
  EXPECT_EQ(limits.processes_of_one, 0U);
  EXPECT_EQ(limits.memory_bytes, 0U);
}

TEST(JobLimits, read_what_the_kernel_says) {
  EXPECT_EQ(lower_of("7812\n", "32768\n"), 7812U);
  EXPECT_EQ(lower_of("128000\n", "32768\n"), 32768U);
  EXPECT_EQ(total_memory("MemTotal:         999844 kB\nMemFree: 1 kB\n"), 999844U * 1024);
  EXPECT_EQ(total_memory("nothing of the kind"), 0U);
}

}  // namespace
}  // namespace pyro::agent
