// Workspaces that begin with a server's project source.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/source/source.h"
#include "tests/guest/workspace_fixture.h"
#include "tests/support/git_repository.h"

namespace pyro::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class WorkspaceSourceTest : public WorkspaceFixture {
 protected:
  api::Workspace create_from(const source::SourceOptions& options,
                             const fs::path& current_directory) {
    const auto source = source::find_project_source(options, current_directory);
    const auto ready = source::make_ready(source.value(), find_paths(),
                                          {.deadline = Clock::now() + std::chrono::minutes(2)});
    return call(api::CreateWorkspace{
        .environment = kEnvironment, .seed_path = ready.seed_path, .origin = ready.origin});
  }

  pyro::testing::GitRepository project() {
    pyro::testing::GitRepository project(directory_.path() / "project");
    project.put(".gitignore", "*.o\n");
    project.put("src/main.c", "int main() { return 1; }\n");
    project.put("gone.txt", "gone\n");
    project.commit("first");
    return project;
  }
};

TEST_F(WorkspaceSourceTest, shows_in_the_guest_what_git_shows_on_the_host) {
  const auto project = this->project();
  project.put("src/main.c", "int main() { return 0; }\n");
  project.put("src/main.o", "object\n");
  project.put("private.txt", "mine alone\n");
  fs::remove(project / "gone.txt");
  const auto workspace = create_from({}, project.root() / "src");
  EXPECT_EQ(workspace.workspace_seed.mode, api::SeedMode::kDirectory);
  EXPECT_EQ(workspace.workspace_seed.origin_kind, "project_path");
  EXPECT_EQ(workspace.workspace_seed.origin_ref, project.root().string());
  EXPECT_EQ(workspace.workspace_seed.seed_path, project.root().string());
  const std::string& id = workspace.workspace_id;
  EXPECT_EQ(output_of(id, "git status --porcelain"), " D gone.txt\n M src/main.c\n");
  EXPECT_EQ(output_of(id, "git log --format='%s %an'"), "first Test\n");
  EXPECT_THAT(output_of(id, "git diff"),
              AllOf(HasSubstr("-int main() { return 1; }\n+int main() { return 0; }"),
                    HasSubstr("deleted file mode 100644")));
  EXPECT_EQ(output_of(id, "ls -A"), ".git\n.gitignore\nsrc\n");
  EXPECT_EQ(output_of(id,
                      "git -c user.name=n -c user.email=e@x commit -qam second && "
                      "git status --porcelain && git fsck --strict && git log --format=%s"),
            "second\nfirst\n");
}

/// `git diff-files` compares attributes alone, and calls all else changed.
TEST_F(WorkspaceSourceTest, has_files_that_the_guests_git_need_not_read) {
  const auto project = this->project();
  project.git({"config", "user.name", "Ada"});
  project.git({"config", "user.email", "ada@example.org"});
  for (const char* name : {"src/main.c", "gone.txt", ".gitignore"}) {
    fs::last_write_time(project / name, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  project.put("src/main.c", "int main() { return 0; }\n");
  project.put("src/main.o", "object\n");
  project.put("lib.o", "object\n");
  const auto workspace =
      create_from({.project_path = project.root().string(), .include_ignored = {"src/*.o"}}, "/");
  const std::string& id = workspace.workspace_id;
  EXPECT_EQ(output_of(id, "git diff-files --name-only; ls src"), "src/main.c\nmain.c\nmain.o\n");
  EXPECT_EQ(output_of(id, "git stash -q && cat src/main.c"), "int main() { return 1; }\n");
  call(api::ResetWorkspace{.workspace_id = id});
  EXPECT_EQ(output_of(id, "git diff-files --name-only"), "src/main.c\n");
  EXPECT_EQ(output_of(id, "git status --porcelain"), " M src/main.c\n");
}

TEST_F(WorkspaceSourceTest, begins_with_a_clean_clone_of_a_url) {
  const auto project = this->project();
  project.put("private.txt", "mine alone\n");
  const auto workspace = create_from(
      {.repo_url = "file://" + project.root().string(), .repo_ref = "main"}, directory_.path());
  EXPECT_EQ(workspace.workspace_seed.origin_kind, "repo_url");
  EXPECT_EQ(workspace.workspace_seed.origin_ref, "file://" + project.root().string() + "@main");
  const std::string& id = workspace.workspace_id;
  EXPECT_EQ(output_of(id, "git status --porcelain --branch"), "## main\n");
  EXPECT_EQ(output_of(id, "git log --format=%s"), "first\n");
  EXPECT_EQ(output_of(id, "ls -A"), ".git\n.gitignore\ngone.txt\nsrc\n");
}

}  // namespace
}  // namespace pyro::test
