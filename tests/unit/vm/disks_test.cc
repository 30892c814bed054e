#include "services/vm/drivers/disks.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/config/volume.h"
#include "common/process/child_process.h"
#include "tests/support/temporary.h"

namespace pyro::vm {
namespace {

std::uint64_t bytes_on_disk(const std::filesystem::path& file) {
  struct stat info {};
  ::stat(file.c_str(), &info);
  return static_cast<std::uint64_t>(info.st_blocks) * 512;
}

TEST(Disks, a_system_disk_is_a_sound_empty_file_system_that_takes_next_to_nothing) {
  const pyro::testing::TestDirectory directory;
  make_system_disk(directory / "cache", directory / "one");
  make_system_disk(directory / "cache", directory / "two");
  EXPECT_EQ(std::filesystem::file_size(directory / "two"), kSystemDiskBytes);
  EXPECT_LT(bytes_on_disk(directory / "two"), 1U << 20U);
  const auto checked = run_command({.argv = {"e2fsck", "-fn", (directory / "two").string()}},
                                   Clock::now() + std::chrono::minutes(1), {});
  EXPECT_EQ(checked.status.code, 0) << checked.output;
}

TEST(Disks, a_blank_workspace_disk_takes_nothing) {
  const pyro::testing::TestDirectory directory;
  make_blank_workspace_disk(directory / "volume");
  EXPECT_EQ(std::filesystem::file_size(directory / "volume"), kWorkspaceDiskBytes);
  EXPECT_EQ(bytes_on_disk(directory / "volume"), 0U);
}

}  // namespace
}  // namespace pyro::vm
