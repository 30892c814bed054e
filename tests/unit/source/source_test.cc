#include "common/source/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/source/ownership.h"
#include "tests/support/environment.h"
#include "tests/support/errors.h"
#include "tests/support/git_repository.h"
#include "tests/support/temporary.h"

namespace pyro::source {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::GitRepository;
using pyro::testing::Refused;
using ::testing::HasSubstr;

class Source : public ::testing::Test {
 protected:
  Source() { fs::create_directories(top_ / "plain/inner"); }

  std::optional<Error> refusal(const SourceOptions& options) const {
    return error_of([&] { find_project_source(options, top_); });
  }

  pyro::testing::TestDirectory directory_;
  const fs::path top_ = fs::canonical(directory_.path());
  const GitRepository project_{top_ / "project"};
};

TEST_F(Source, is_the_git_work_tree_that_holds_the_current_directory) {
  fs::create_directories(top_ / "project/src/deep");
  for (const char* below : {"project", "project/src/deep", "project/.git", "project/.git/refs"}) {
    const auto source = find_project_source({}, top_ / below);
    ASSERT_TRUE(source) << below;
    EXPECT_EQ(source->kind, api::OriginKind::kProjectPath);
    EXPECT_EQ(source->path, top_ / "project");
    EXPECT_EQ(source->shown, (top_ / "project").string());
    EXPECT_TRUE(source->git_tracked);
    EXPECT_EQ(describe(*source),
              "the Git-tracked files of '" + (top_ / "project").string() + "' as they stand");
  }
  EXPECT_FALSE(find_project_source({}, top_ / "plain"));
  EXPECT_FALSE(find_project_source({.none = true}, top_ / "project"));
  EXPECT_FALSE(find_project_source({}, top_ / "not there"));
}

TEST_F(Source, is_the_nearest_work_tree_whatever_its_git_is) {
  fs::create_directories(top_ / "project/vendor/x");
  write_file_atomically(top_ / "project/vendor/.git", "gitdir: /nowhere\n");
  const auto source = find_project_source({}, top_ / "project/vendor/x");
  ASSERT_TRUE(source);
  EXPECT_EQ(source->path, top_ / "project/vendor");
  EXPECT_THAT(error_of([&] { check(*source); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("--no-project-source")));
}

TEST_F(Source, is_never_the_home_directory_itself_unless_it_was_named) {
  const pyro::testing::WithVariable home("HOME", (top_ / "project").c_str());
  fs::create_directories(top_ / "project/work");
  EXPECT_FALSE(find_project_source({}, top_ / "project"));
  EXPECT_FALSE(find_project_source({}, top_ / "project/work"));
  EXPECT_TRUE(find_project_source({.project_path = "project"}, top_));
  const GitRepository inner(top_ / "project/work/inner");
  EXPECT_TRUE(find_project_source({}, inner.root()));
}

TEST_F(Source, is_no_work_tree_that_another_user_put_above_and_none_further_up) {
  fs::create_directories(top_ / "project/shared/mine");
  const GitRepository foreign(top_ / "project/shared");
  if (::geteuid() != 0) {
    EXPECT_TRUE(find_project_source({}, foreign / "mine"));
    return;
  }
  ASSERT_EQ(::chown((foreign / ".git").c_str(), 54321, 0), 0);
  for (const SourceOptions& options : {SourceOptions{}, SourceOptions{.project_path = "."}}) {
    EXPECT_THAT(error_of([&] { find_project_source(options, foreign / "mine"); }),
                Refused(ErrorCode::kFailedPrecondition,
                        ::testing::AllOf(HasSubstr("'" + (foreign / ".git").string() + "'"),
                                         HasSubstr("another user (uid 54321)"),
                                         HasSubstr("--no-project-source"))));
  }
  EXPECT_FALSE(find_project_source({.none = true}, foreign / "mine"));
}

TEST(Ownership, is_ones_own_or_of_who_became_root_by_sudo) {
  EXPECT_TRUE(is_trusted_owner(1000, 1000, nullptr));
  EXPECT_TRUE(is_trusted_owner(0, 0, "1000"));
  EXPECT_TRUE(is_trusted_owner(1000, 0, "1000"));
  EXPECT_FALSE(is_trusted_owner(0, 1000, nullptr));
  EXPECT_FALSE(is_trusted_owner(1001, 1000, "1001")) << "anybody may set a variable";
  for (const char* no_user : {"", "x", "1000x", "-1", "99999999999", " 1000"}) {
    EXPECT_FALSE(is_trusted_owner(1000, 0, no_user)) << no_user;
  }
  EXPECT_FALSE(is_trusted_owner(~uid_t{0}, 0, "4294967295x"));
}

TEST_F(Source, named_by_a_path_is_the_root_that_holds_it_or_the_directory_itself) {
  fs::create_directories(top_ / "project/src");
  EXPECT_EQ(find_project_source({.project_path = "project/src"}, top_)->path, top_ / "project");
  const auto plain = find_project_source({.project_path = (top_ / "plain").string()}, "/");
  EXPECT_EQ(plain->path, top_ / "plain");
  EXPECT_FALSE(plain->git_tracked);
  EXPECT_EQ(describe(*plain), "all files of '" + (top_ / "plain").string() + "'");
  EXPECT_FALSE(error_of([&] { check(*plain); }));
}

TEST_F(Source, that_is_none_is_refused_in_the_words_of_its_flag) {
  write_file_atomically(top_ / "file", "");
  EXPECT_THAT(refusal({.project_path = "missing/x"}),
              Refused(ErrorCode::kNotFound, "project_path missing/x does not exist"));
  EXPECT_THAT(refusal({.project_path = "file"}),
              Refused(ErrorCode::kInvalidArgument, "project_path file must be a directory"));
  EXPECT_THAT(refusal({.repo_ref = "main"}),
              Refused(ErrorCode::kInvalidArgument, "--repo-ref requires --repo-url"));
  EXPECT_THAT(
      refusal({.project_path = "plain", .repo_url = "/x"}),
      Refused(ErrorCode::kInvalidArgument, "--project-path and --repo-url exclude each other"));
  EXPECT_THAT(refusal({.project_path = "plain", .none = true}),
              Refused(ErrorCode::kInvalidArgument,
                      "--no-project-source and --project-path exclude each other"));
  EXPECT_THAT(refusal({.repo_url = "/x", .none = true}),
              Refused(ErrorCode::kInvalidArgument,
                      "--no-project-source and --repo-url exclude each other"));
  EXPECT_THAT(refusal({.repo_url = "ext::sh"}), Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(refusal({.repo_url = "/x", .repo_ref = "a..b"}),
              Refused(ErrorCode::kInvalidArgument));
}

TEST_F(Source, by_url_is_told_without_its_credentials) {
  const auto source = find_project_source(
      {.repo_url = "https://me:t0ken@example.org/a.git", .repo_ref = "v1"}, top_);
  EXPECT_EQ(source->kind, api::OriginKind::kRepoUrl);
  EXPECT_EQ(source->shown, "https://example.org/a.git@v1");
  EXPECT_EQ(describe(*source), "a clean clone of 'https://example.org/a.git@v1'");
  EXPECT_EQ(find_project_source({.repo_url = "project"}, top_)->shown, (top_ / "project").string());
}

TEST_F(Source, made_ready_is_what_a_request_needs) {
  project_.put("a", "one\n");
  const std::string commit = project_.commit("first");
  const Paths paths{.state_dir = top_ / "state",
                    .cache_dir = top_ / "cache",
                    .environments_dir = top_ / "cache/environments",
                    .runtime_dir = top_ / "run"};
  const Work work{.deadline = Clock::now() + std::chrono::minutes(1)};
  const auto path = make_ready(*find_project_source({}, project_.root()), paths, work);
  EXPECT_EQ(path.seed_path, project_.root().string());
  EXPECT_EQ(path.origin.origin_kind, api::OriginKind::kProjectPath);
  EXPECT_TRUE(path.origin.git_tracked);
  const auto url = make_ready(*find_project_source({.repo_url = "project"}, top_), paths, work);
  EXPECT_EQ(read_file(fs::path(url.seed_path) / "a"), "one\n");
  EXPECT_EQ(url.origin.origin_kind, api::OriginKind::kRepoUrl);
  EXPECT_EQ(url.origin.origin_ref, project_.root().string());
  EXPECT_TRUE(url.lease);
}

}  // namespace
}  // namespace pyro::source
