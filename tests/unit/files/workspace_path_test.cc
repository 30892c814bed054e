#include "services/files/workspace_path.h"

#include "common/base/reasons/files.h"
#include "tests/support/errors.h"

namespace pyro {
namespace {

using files::PathUse;
using files::workspace_path;

TEST(WorkspacePath, starts_at_the_workspace) {
  EXPECT_EQ(workspace_path("a/b"), "a/b");
  EXPECT_EQ(workspace_path("./a//b/."), "a/b");
  EXPECT_EQ(workspace_path("/workspace/a/b/"), "a/b");
  EXPECT_EQ(workspace_path("//workspace//a"), "a");
  EXPECT_EQ(workspace_path("workspace/a"), "workspace/a");
  EXPECT_EQ(workspace_path("..a/b.."), "..a/b..");
}

TEST(WorkspacePath, is_nothing_for_the_workspace_itself) {
  for (const char* path : {"/workspace", "/workspace/", ".", "./", "/workspace/."}) {
    EXPECT_EQ(workspace_path(path), "") << path;
  }
}

TEST(WorkspacePath, must_not_be_empty) {
  EXPECT_THAT(testing::error_of([] { workspace_path(""); }),
              testing::Refused(ErrorCode::kInvalidArgument, "workspace path must not be empty"));
  EXPECT_THAT(
      testing::error_of([] { workspace_path("", PathUse::kDestination); }),
      testing::Refused(ErrorCode::kInvalidArgument, "workspace destination must not be empty"));
}

TEST(WorkspacePath, must_stay_inside) {
  for (const char* path : {"/", "//", "/etc", "/workspaces", "/work", "..", "a/..", "a/../b",
                           "/workspace/..", "/workspace/a/../../etc"}) {
    EXPECT_THAT(
        testing::error_of([&] { workspace_path(path); }),
        testing::Refused(ErrorCode::kInvalidArgument, "workspace path must stay inside /workspace"))
        << path;
  }
  EXPECT_THAT(testing::error_of([] { workspace_path("/x", PathUse::kDestination); }),
              testing::Refused(ErrorCode::kInvalidArgument,
                               "workspace destination must stay inside /workspace"));
}

TEST(WorkspacePath, makes_no_directory_of_a_home) {
  for (const char* path : {"~", "~/x", "~/"}) {
    const auto error = testing::error_of([&] { workspace_path(path); });
    EXPECT_THAT(error, testing::Refused(ErrorCode::kInvalidArgument,
                                        ::testing::HasSubstr("no shell expands")));
    EXPECT_EQ(error->reason(), reason::kOutsideWorkspace);
  }
  EXPECT_EQ(workspace_path("./~/x"), "~/x");
  EXPECT_EQ(workspace_path("~x/~"), "~x/~");
  EXPECT_EQ(workspace_path("~/x", PathUse::kGitName), "~/x");
}

TEST(WorkspacePath, holds_only_names_that_files_can_have) {
  for (const std::string& path : {std::string("a\0b", 3), std::string(256, 'x')}) {
    EXPECT_THAT(testing::error_of([&] { workspace_path(path); }),
                testing::Refused(ErrorCode::kInvalidArgument));
  }
  std::string deep;
  for (int i = 0; i < 2049; ++i) deep += "x/";
  EXPECT_THAT(testing::error_of([&] { workspace_path(deep); }),
              testing::Refused(ErrorCode::kInvalidArgument));
}

TEST(WorkspacePath, is_shown_as_the_guest_has_it) {
  EXPECT_EQ(files::absolute_workspace_path(""), "/workspace");
  EXPECT_EQ(files::absolute_workspace_path("a/b"), "/workspace/a/b");
}

}  // namespace
}  // namespace pyro
