#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/files/git_seed_fixture.h"

namespace pyro::files {
namespace {

TEST_F(GitSeed, holds_the_tracked_files_as_they_stand_and_a_git_that_works) {
  repository_.put(".gitignore", "build/\n");
  repository_.put("src/main.c", "one\n", 0755);
  repository_.put("gone.txt", "gone\n");
  fs::create_symlink("src/main.c", repository_ / "link");
  repository_.commit("first");
  repository_.put("src/main.c", "two\n", 0755);
  fs::remove(repository_ / "gone.txt");
  repository_.put("untracked.txt", "mine alone\n");
  repository_.put("build/out.o", "object\n");

  const fs::path seeded = seed();
  EXPECT_THAT(paths_in(seeded), UnorderedElementsAre(".gitignore", "link", "src/", "src/main.c"));
  EXPECT_EQ(read_file(seeded / "src/main.c"), "two\n");
  EXPECT_EQ(fs::read_symlink(seeded / "link"), "src/main.c");
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "D gone.txt\n M src/main.c");
  EXPECT_EQ(git(seeded, {"log", "--format=%s"}), "first");
  EXPECT_THAT(git(seeded, {"diff"}), AllOf(HasSubstr("-one\n+two"), HasSubstr("-gone")));
  EXPECT_EQ(git(seeded, {"branch", "--show-current"}), "main");
  EXPECT_EQ(git(seeded, {"fsck", "--strict"}), "");
  struct stat before {};
  struct stat after {};
  ASSERT_EQ(::stat((repository_ / "src/main.c").c_str(), &before), 0);
  ASSERT_EQ(::stat((seeded / "src/main.c").c_str(), &after), 0);
  EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
  EXPECT_EQ(before.st_mode, after.st_mode);
}

}  // namespace
}  // namespace pyro::files
