#include "gateway/mcp/tools/host_access.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro::mcp {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class HostAccessTest : public ::testing::Test {
 protected:
  HostAccessTest() {
    for (const char* name : {"home", "home/project", "home/project/sub", "outside", "allowed"}) {
      fs::create_directory(directory / name);
    }
    std::ofstream(home / "secret") << "secret";
  }
  HostAccess from(const fs::path& working_directory,
                  const std::vector<fs::path>& allowed = {}) const {
    return {{.working_directory = working_directory, .allowed = allowed}, {home, "/nonexistent"}};
  }
  std::string refusal(const HostAccess& access, const std::string& path) const {
    const auto error = pyro::testing::error_of([&] { access.checked("seed_path", path); });
    return error ? error->message() : "";
  }

  pyro::testing::TestDirectory directory;
  fs::path home = directory / "home";
  fs::path project = home / "project";
};

TEST_F(HostAccessTest, a_path_below_the_working_directory_is_given_whole) {
  EXPECT_EQ(from(project).checked("seed_path", "sub"), (project / "sub").string());
  EXPECT_EQ(from(project).checked("seed_path", "."), project.string());
  EXPECT_EQ(from(project).checked("seed_path", (project / "sub").string()),
            (project / "sub").string());
  EXPECT_EQ(from(project).checked("output_path", "new/deep/./file"),
            (project / "new/deep/file").string());
}

TEST_F(HostAccessTest, a_path_outside_is_refused_with_the_roots_and_the_way_out) {
  for (const auto& path : std::vector<std::string>{
           (home / "secret").string(), std::string("../secret"), std::string("sub/../../secret"),
           std::string("/etc/passwd"), directory.path().string(), (home / "project-other").string(),
           std::string("new/../../../secret")}) {
    EXPECT_THAT(refusal(from(project), path), HasSubstr("seed_path '" + path)) << path;
  }
  EXPECT_THAT(refusal(from(project), "/etc/passwd"), HasSubstr("--allow-path DIR"));
  EXPECT_THAT(refusal(from(project), "/etc/passwd"), HasSubstr(project.string()));
}

TEST_F(HostAccessTest, a_symlink_leads_no_further_than_its_target_may) {
  fs::create_directory_symlink(home, project / "up");
  fs::create_directory_symlink(project / "sub", project / "down");
  fs::create_directory_symlink(directory / "not-there", project / "dangling");
  EXPECT_THAT(refusal(from(project), "up/secret"), HasSubstr("lies outside"));
  EXPECT_THAT(refusal(from(project), "up"), HasSubstr("lies outside"));
  EXPECT_THAT(refusal(from(project), "dangling/file"), HasSubstr("cannot be resolved"));
  EXPECT_EQ(from(project).checked("seed_path", "down"), (project / "sub").string());
}

TEST_F(HostAccessTest,
       the_home_directory_what_is_above_it_and_the_root_allow_nothing_by_themselves) {
  for (const fs::path& wide : {home, directory.path(), fs::path("/")}) {
    EXPECT_THAT(refusal(from(wide), (home / "secret").string()), HasSubstr("(nothing)")) << wide;
  }
}

TEST_F(HostAccessTest, what_the_person_allows_counts_whatever_the_working_directory_is) {
  const auto access = from("/", {directory / "allowed", directory / "missing"});
  EXPECT_EQ(access.checked("seed_path", (directory / "allowed/x").string()),
            (directory / "allowed/x").string());
  EXPECT_THAT(refusal(access, (directory / "outside").string()), HasSubstr("lies outside"));
}

TEST_F(HostAccessTest, a_home_directory_that_no_shell_has_put_in_is_refused) {
  for (const char* path : {"~", "~/out"}) {
    EXPECT_THAT(refusal(from(project), path), HasSubstr("no shell expands"));
  }
  EXPECT_EQ(from(project).checked("output_path", "~backup"), (project / "~backup").string());
}

TEST_F(HostAccessTest, what_the_person_allows_is_not_guarded) {
  const auto access = from(project, {project / "sub"});
  EXPECT_EQ(access.guarded_directory((project / "new").string()), project.string());
  EXPECT_EQ(access.guarded_directory((project / "sub/new").string()), "");
}

TEST_F(HostAccessTest, an_export_without_a_place_goes_to_a_free_one_below_the_project) {
  const HostAccess access({.working_directory = project / "sub", .project = project}, {home});
  const std::string exports = (project / ".pyro/exports").string();
  EXPECT_EQ(access.default_output("build/report.html"), exports + "/report.html");
  EXPECT_EQ(access.default_output("/workspace/build/"), exports + "/build");
  for (const char* top : {"", ".", "/workspace", "a/.."}) {
    EXPECT_EQ(access.default_output(top), exports + "/workspace") << top;
  }
  fs::create_directories(exports + "/build");
  EXPECT_EQ(access.default_output("build"), exports + "/build-2");
  EXPECT_EQ(from(project).default_output("a"), exports + "/a");
  const auto none =
      pyro::testing::error_of([&] { from(home, {project / "sub"}).default_output("a"); });
  ASSERT_TRUE(none);
  EXPECT_THAT(none->message(), HasSubstr("output_path is required"));
}

TEST_F(HostAccessTest, an_empty_path_is_refused) {
  EXPECT_EQ(refusal(from(project), ""), "seed_path must not be empty");
}

}  // namespace
}  // namespace pyro::mcp
