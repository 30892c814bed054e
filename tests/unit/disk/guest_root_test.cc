#include "tests/unit/disk/disk_fixture.h"

namespace pyro::files {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::Not;

TEST_F(Disks, what_the_guest_changed_lies_over_the_environment) {
  EXPECT_THAT(names("etc"), ElementsAre("added", "changed", "hosts"));
  EXPECT_EQ(content("etc/hosts"), "127.0.0.1 localhost\n");
  EXPECT_EQ(content("etc/changed"), "new");
  EXPECT_EQ(content("etc/added"), "new");
}

TEST_F(Disks, what_the_guest_removed_is_not_there) {
  EXPECT_EQ(read("etc/removed").outcome, DiskOutcome::kMissing);
  EXPECT_EQ(list("etc/removed").outcome, DiskOutcome::kMissing);
}

TEST_F(Disks, a_directory_that_the_guest_made_anew_hides_the_old_one) {
  EXPECT_THAT(names("opt/replaced"), ElementsAre("new"));
  EXPECT_EQ(read("opt/replaced/old").outcome, DiskOutcome::kMissing);
}

TEST_F(Disks, the_workspace_is_shown_at_its_place_without_what_is_pyros) {
  EXPECT_THAT(names("workspace", true),
              ElementsAre("README.md", "hosts", "src", "src/main.c", "tools"));
  EXPECT_THAT(names(""), IsSupersetOf({"bin", "configuration", "etc", "usr", "workspace"}));
  EXPECT_THAT(names("", true), Contains("workspace/src/main.c"));
  EXPECT_THAT(names("", true), Not(Contains("workspace/.pyro/own")));
  EXPECT_EQ(content("workspace/src/main.c"), std::string(10'000, 'm'));
}

TEST_F(Disks, links_on_the_way_are_followed_within_the_guest) {
  EXPECT_EQ(content("bin/tool"), "#!/bin/sh\n");
  EXPECT_EQ(content("configuration/changed"), "new");
  EXPECT_EQ(content("workspace/tools/tool"), "#!/bin/sh\n");
  EXPECT_EQ(read("round/x").outcome, DiskOutcome::kMissing);
}

TEST_F(Disks, a_link_at_the_end_is_itself) {
  const auto link = list("bin");
  ASSERT_THAT(link.entries, ::testing::SizeIs(1));
  EXPECT_EQ(link.entries[0].kind, tree::EntryKind::kSymlink);
  EXPECT_EQ(link.entries[0].link_target, "usr/bin");
  EXPECT_EQ(read("workspace/hosts").outcome, DiskOutcome::kNoFile);
}

TEST_F(Disks, what_is_there_at_run_time_only_is_never_there) {
  EXPECT_THAT(names("run"), ElementsAre("kept"));
  EXPECT_EQ(read("run/pyro-secrets/token").outcome, DiskOutcome::kMissing);
  EXPECT_EQ(list("run/pyro-old").outcome, DiskOutcome::kMissing);
}

TEST_F(Disks, a_read_takes_its_part_and_a_hole_is_zeros) {
  EXPECT_EQ(read("etc/hosts", 10, 9).content, "localhost");
  EXPECT_EQ(read("etc/hosts", 15, 100).content, "host\n");
  EXPECT_EQ(read("etc/hosts", 20).content, "");
  EXPECT_EQ(read("etc/hosts").entries.at(0).size, 20U);
  EXPECT_EQ(read("etc").outcome, DiskOutcome::kNoFile);
  edit(disks_.workspace, {"sif /tree/README.md size 9000000000000"});
  EXPECT_EQ(read("workspace/README.md", 8'000'000'000'000, 4).content, std::string(4, '\0'));
}

TEST_F(Disks, the_workspace_needs_no_other_disk) {
  std::filesystem::remove(disks_.environment);
  put(disks_.system, std::string(100'000, 'x'));
  EXPECT_EQ(content("workspace/README.md"), "# Project\n");
  EXPECT_EQ(read("etc/hosts").outcome, DiskOutcome::kNoEnvironment);
}

TEST_F(Disks, a_system_disk_that_was_never_started_shows_the_environment) {
  std::filesystem::create_directories(directory_ / "blank");
  make(disks_.system, directory_ / "blank");
  EXPECT_THAT(names("etc"), ElementsAre("changed", "hosts", "removed"));
}

}  // namespace
}  // namespace pyro::files
