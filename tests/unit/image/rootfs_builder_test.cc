#include "services/image/rootfs_builder.h"

#include "common/base/files.h"
#include "common/process/child_process.h"
#include "tests/support/errors.h"

namespace pyro::image {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::Contains;
using ::testing::ElementsAre;

TEST(Mmdebstrap, gets_the_recipes_packages_the_chosen_archives_and_the_hosts_proxy) {
  const auto arguments = mmdebstrap_arguments(
      find_in_catalog("debian:12-base"),
      {.lines = {}, .options = {"Acquire::http::Proxy \"http://p\";"}, .description = ""},
      "/s/sources.list", "/s/rootfs.tar");
  EXPECT_THAT(arguments, Contains("--mode=fakechroot"));
  EXPECT_THAT(arguments, Contains("--include=bash,coreutils"));
  EXPECT_THAT(arguments, Contains("--aptopt=Acquire::http::Proxy \"http://p\";"));
  EXPECT_THAT(std::vector(arguments.end() - 3, arguments.end()),
              ElementsAre("bookworm", "/s/rootfs.tar", "/s/sources.list"));
}

TEST(Mmdebstrap, says_its_phases_in_order) {
  std::vector<api::Progress> said;
  const Work work{.deadline = {}, .stop = {}, .progress = [&](const api::Progress& step) {
                    said.push_back(step);
                  }};
  for (const char* line : {"I: running apt-get update...", "dpkg: warning: x",
                           "I: downloading packages with apt...", "I: creating tarball..."}) {
    report_mmdebstrap_line(line, work);
  }
  ASSERT_EQ(said.size(), 3U);
  EXPECT_EQ(said[0].phase, "update");
  EXPECT_EQ(said[1].done, 1U);
  EXPECT_EQ(said[2].phase, "archive");
  EXPECT_EQ(said[2].total, 8U);
}

class MeasureTarball : public ::testing::Test {
 protected:
  MeasureTarball() : directory_(fs::temp_directory_path(), "tarball") {
    for (const char* part : {"tree/a", "tree/b"}) fs::create_directories(directory_.path() / part);
    for (int i = 0; i < 300; ++i) {
      write_file_atomically(directory_.path() / fmt::format("tree/a/file-{}", i),
                            std::string(40'000, 'x'));
    }
    run("tar -C tree -cf tree.tar .");
  }
  void run(const std::string& script) const {
    run_checked({.argv = {"sh", "-c", script}, .directory = directory_.path()},
                Clock::now() + std::chrono::seconds(60), {});
  }
  TemporaryDirectory directory_;
};

TEST_F(MeasureTarball, leaves_room_enough_for_the_file_system_and_little_more) {
  const TreeSize size = measure_tarball(directory_.path() / "tree.tar");
  EXPECT_EQ(size.inodes, 303U + 64U);
  EXPECT_GE(size.blocks, 3000U);
  EXPECT_LT(size.blocks, 3000U + 3000U);
  run(
      fmt::format("PATH=$PATH:/usr/sbin; mke2fs -q -b 4096 -N {} -m 0 -O ^has_journal -d tree "
                  "image {}",
                  size.inodes, size.blocks));
}

TEST_F(MeasureTarball, refuses_what_is_no_whole_archive) {
  fs::resize_file(directory_.path() / "tree.tar", 20'000);
  EXPECT_THAT(error_of([&] { measure_tarball(directory_.path() / "tree.tar"); }),
              Refused(ErrorCode::kInvalidArgument));
  write_file_atomically(directory_.path() / "empty.tar", "");
  EXPECT_THAT(error_of([&] { measure_tarball(directory_.path() / "empty.tar"); }),
              Refused(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace pyro::image
