#include <gmock/gmock.h>
#include <unistd.h>

#include "common/tree/write.h"
#include "tests/support/errors.h"
#include "tests/unit/tree/tree_support.h"

namespace pyro::tree {
namespace {

using pyro::testing::TestDirectory;
namespace fs = std::filesystem;

TEST(RemoveTree, everything_below_goes_and_nothing_else) {
  const TestDirectory directory;
  put(directory / "outside/kept", "kept");
  put(directory / "top/a/b/c/file", "");
  put(directory / "top/removed-1", "");
  fs::create_directories(directory / "top/empty/removed-2");
  fs::create_directory_symlink(directory / "outside", directory / "top/a/link");
  ASSERT_EQ(::mkfifo((directory / "top/fifo").c_str(), 0600), 0);
  const UniqueFd parent = open_directory(directory.path());
  remove_tree(parent.get(), "top");
  EXPECT_FALSE(fs::exists(directory / "top"));
  EXPECT_EQ(read_file(directory / "outside/kept"), "kept");
}

TEST(RemoveTree, a_file_or_a_link_goes_by_itself) {
  const TestDirectory directory;
  put(directory / "outside/kept", "kept");
  fs::create_directory_symlink("outside", directory / "link");
  put(directory / "file", "");
  const UniqueFd parent = open_directory(directory.path());
  remove_tree(parent.get(), "link");
  remove_tree(parent.get(), "file");
  remove_tree(parent.get(), "never was");
  EXPECT_TRUE(fs::exists(directory / "outside/kept"));
  EXPECT_FALSE(fs::exists(fs::symlink_status(directory / "link")));
}

TEST(RemoveTree, directories_that_were_left_locked_go_as_well) {
  const TestDirectory directory;
  put(directory / "top/a/b/file", "");
  for (const char* path : {"top/a/b", "top/a", "top"}) {
    ASSERT_EQ(::chmod((directory / path).c_str(), path == std::string_view("top/a") ? 0 : 0500), 0);
  }
  remove_tree(open_directory(directory.path()).get(), "top");
  EXPECT_FALSE(fs::exists(directory / "top"));
}

TEST(RemoveTree, no_depth_is_too_deep) {
  const TestDirectory directory;
  UniqueFd below = open_directory(directory.path());
  ASSERT_EQ(::mkdirat(below.get(), "top", 0700), 0);
  below.reset(::openat(below.get(), "top", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string name(200, 'n');
  for (int level = 0; level < 100; ++level) {
    ASSERT_EQ(::mkdirat(below.get(), name.c_str(), 0700), 0);
    below = UniqueFd(::openat(below.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(below);
  }
  remove_tree(open_directory(directory.path()).get(), "top");
  EXPECT_FALSE(fs::exists(directory / "top"));
}

}  // namespace
}  // namespace pyro::tree
