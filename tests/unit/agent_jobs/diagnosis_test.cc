#include "guest/agent/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pyro::agent {
namespace {

using api::LikelyCause;
using ::testing::HasSubstr;

constexpr std::uint64_t kGib = 1U << 30U;
constexpr DiskRoom kFull{.size_bytes = 4 * kGib, .free_bytes = 4096};
constexpr DiskRoom kRoomy{.size_bytes = kGib, .free_bytes = kGib / 2};
constexpr DiskRoom kNoFilesLeft{.size_bytes = 4 * kGib, .free_bytes = 2 * kGib, .free_files = 0};

std::optional<LikelyCause> cause_of(const Symptoms& symptoms) {
  const auto found = diagnose(symptoms);
  return found ? std::optional(found->cause) : std::nullopt;
}

TEST(Diagnosis, knows_the_want_of_a_network_by_what_programs_say) {
  for (const char* printed :
       {"curl: (6) Could not resolve host: example.org\n",
        "fatal: unable to access 'https://x/': Could not resolve host: x\n",
        "  Temporary failure resolving 'deb.debian.org'\n",
        "wget: unable to resolve host address 'example.org'\n",
        "socket.gaierror: [Errno -3] Temporary failure in name resolution\n",
        "npm error code EAI_AGAIN\n", "ping: connect: Network is unreachable\n",
        "dial tcp: lookup proxy.golang.org on [::1]:53: connection refused\n"}) {
    EXPECT_EQ(cause_of({.printed = printed}), LikelyCause::kNoNetwork) << printed;
    EXPECT_EQ(cause_of({.printed = printed, .has_network = true}), std::nullopt) << printed;
  }
  EXPECT_THAT(diagnose({.printed = "EAI_AGAIN"})->advice, HasSubstr("workspace_sync_push"));
}

TEST(Diagnosis, takes_no_other_failure_for_one) {
  for (const char* printed :
       {"", "error: Could not resolve \"./missing\"\n", "test failed\n",
        "Could not resolve dependencies for project\n", "No such file or directory\n"}) {
    EXPECT_EQ(cause_of({.printed = printed, .system_disk = kFull, .workspace = kFull}),
              std::nullopt)
        << printed;
  }
}

TEST(Diagnosis, names_the_full_disk_its_size_and_the_way_out) {
  const char* printed = "cat: write error: No space left on device\n";
  const auto system = diagnose({.printed = printed, .system_disk = kFull, .workspace = kRoomy});
  ASSERT_TRUE(system);
  EXPECT_EQ(system->cause, LikelyCause::kSystemDiskFull);
  EXPECT_EQ(system->advice,
            "disk full: the machine's system disk (4.0 GiB, all but /workspace) is full: delete "
            "files there, as with rm");
  const auto workspace = diagnose({.printed = printed, .system_disk = kRoomy, .workspace = kFull});
  ASSERT_TRUE(workspace);
  EXPECT_EQ(workspace->cause, LikelyCause::kWorkspaceFull);
  EXPECT_THAT(workspace->advice, HasSubstr("/workspace (4.0 GiB) is full"));
  EXPECT_EQ(cause_of({.printed = "npm error ENOSPC", .system_disk = kNoFilesLeft}),
            LikelyCause::kSystemDiskFull);
}

TEST(Diagnosis, of_a_disk_with_room_it_says_nothing) {
  EXPECT_EQ(
      cause_of({.printed = "No space left on device", .system_disk = kRoomy, .workspace = kRoomy}),
      std::nullopt);
}

TEST(Diagnosis, names_the_limit_of_processes_that_was_reached) {
  const auto found = diagnose({.printed = "fork: retry", .process_limit = 1900});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->cause, LikelyCause::kTooManyProcesses);
  EXPECT_THAT(found->advice, HasSubstr("1900 at once"));
}

}  // namespace
}  // namespace pyro::agent
