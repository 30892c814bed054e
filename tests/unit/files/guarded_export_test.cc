#include <unistd.h>

#include "common/base/files.h"
#include "common/base/reasons/files.h"
#include "services/files/obeyed_name.h"
#include "tests/unit/files/nouns_fixture.h"

namespace pyro {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HostTree;
using testing::Refused;
using testing::symlink_to;
using testing::text_file;

const HostTree kBareRepository = {{"HEAD", text_file("ref: refs/heads/main\n")},
                                  {"config", text_file("[core]\nfsmonitor = evil\n")},
                                  {"hooks/pre-commit", text_file("evil\n", 0755)},
                                  {"objects/info/packs", text_file("\n")},
                                  {"refs/heads/main", text_file("0\n")}};

/// By a model, as `pyro mcp serve` asks for it below a project.
class GuardedExport : public FilesNouns {
 protected:
  GuardedExport() {
    fs::create_directories(project_);
    exports();
  }

  void in_guest(const std::string& path, const HostTree& tree) {
    testing::write_tree(guest_.tree() / path, tree);
  }
  api::Exported by_model(const std::string& path, const fs::path& output) {
    return export_to(path, project_ / output, true, project_.string());
  }
  auto refusal(const std::string& path, const fs::path& output) {
    return testing::error_of([&] { by_model(path, output); });
  }
  HostTree in_project() const { return testing::read_tree(project_); }

  /// As a worktree of a chat host is: its own path has a name that programs obey.
  const fs::path project_ = directory_ / "home/.claude/worktrees/project";
};

TEST_F(GuardedExport, leaves_out_what_programs_obey_and_executable_bits) {
  in_guest("app", {{".envrc", text_file("evil\n")},
                   {".claude/settings.json", text_file("{}")},
                   {".Claude\u200c/hooks/x", text_file("evil\n", 0755)},
                   {"sub/AGENTS.md", text_file("obey\n")},
                   {"sub/conftest.py", symlink_to("run")},
                   {"sub/run", text_file("#!/bin/sh\n", 0755)},
                   {"Makefile", text_file("all:\n", 0644)}});
  const auto exported = by_model("app", "out");
  EXPECT_EQ(testing::read_tree(project_ / "out"),
            (HostTree{{"Makefile", text_file("all:\n", 0644)},
                      {"sub/run", text_file("#!/bin/sh\n", 0644)}}));
  EXPECT_THAT(exported.withheld, ElementsAre(".Claude\u200c", ".claude", ".envrc", "sub/AGENTS.md",
                                             "sub/conftest.py"));
  EXPECT_EQ(exported.executable_bits_dropped, 1U);
  EXPECT_EQ(exported.skipped_count, 8U);
}

TEST_F(GuardedExport, is_whole_where_the_user_allowed_it) {
  const HostTree app = {{".envrc", text_file("evil\n")}, {"run", text_file("#!/bin/sh\n", 0755)}};
  in_guest("app", app);
  const auto exported = export_to("app", project_ / "out", true);
  EXPECT_EQ(testing::read_tree(project_ / "out"), app);
  EXPECT_TRUE(exported.withheld.empty());
  EXPECT_EQ(exported.executable_bits_dropped, 0U);
}

TEST_F(GuardedExport, refuses_an_output_of_a_name_that_programs_obey) {
  for (const char* output :
       {".envrc", ".vscode/tasks.json", "sub/CLAUDE.md", "a/.IDEA/b", ".mcp.json ", "x.pth"}) {
    EXPECT_THAT(refusal("a.txt", output),
                Refused(ErrorCode::kInvalidArgument, HasSubstr("--allow-path")))
        << output;
  }
  EXPECT_TRUE(in_project().empty());
  by_model("a.txt", "envrc");
}

TEST_F(GuardedExport, takes_no_git_directory_out_by_whatever_name) {
  in_guest("repository.git", kBareRepository);
  in_guest("app", {{"f", text_file("f")}});
  in_guest("app/fixtures/it", kBareRepository);
  in_guest("worktree", {{"HEAD", text_file("0\n")}, {"commondir", text_file("../app\n")}});
  in_guest("linked", {{"objects", symlink_to("../app")}, {"refs", symlink_to("../app")}});
  const auto git = [](const char* what) {
    return Refused(ErrorCode::kInvalidArgument, HasSubstr(std::string("'") + what + "' in path"));
  };
  EXPECT_THAT(refusal("repository.git", "out"), git("."));
  EXPECT_THAT(refusal("app", "out"), git("fixtures/it"));
  EXPECT_THAT(refusal("worktree", "out"), git("."));
  EXPECT_TRUE(in_project().empty());
  // A person's own are whole.
  export_to("repository.git", directory_ / "whole");
  EXPECT_EQ(testing::read_tree(directory_ / "whole"), kBareRepository);
}

TEST_F(GuardedExport, puts_nothing_into_a_git_directory_of_the_host) {
  testing::write_tree(project_ / "bare", kBareRepository);
  testing::write_tree(project_, {{"sub/.git", text_file("gitdir: ../meta/later\n")}});
  const auto in_git = Refused(ErrorCode::kInvalidArgument, HasSubstr(".git directory"));
  EXPECT_THAT(refusal("a.txt", "bare/hooks/post-checkout"), in_git);
  EXPECT_THAT(refusal("a.txt", "bare/new"), in_git);
  testing::write_tree(project_, {{".git", text_file("gitdir: meta/later\n")}});
  EXPECT_THAT(refusal("a.txt", "meta/later/config"), in_git);
  EXPECT_THAT(refusal("d", "meta"), in_git);
  EXPECT_FALSE(fs::exists(project_ / "meta"));
}

TEST_F(GuardedExport, makes_no_git_directory_piece_by_piece) {
  in_guest("", {{"empty/keep", text_file("")}});
  by_model("a.txt", "x/HEAD");
  by_model("a.txt", "x/objects/info/packs");
  const auto in_git = Refused(ErrorCode::kInvalidArgument, HasSubstr(".git directory"));
  EXPECT_THAT(refusal("empty", "x/refs"), in_git);
  EXPECT_THAT(refusal("a.txt", "x/refs/heads/main"), in_git);
  EXPECT_THAT(refusal("a.txt", "x/commondir"), in_git);
  EXPECT_FALSE(fs::exists(project_ / "x/refs"));
}

TEST_F(GuardedExport, beyond_what_models_may_export_is_refused_before_anything_is_written) {
  by_model("a.txt", ".pyro/exports/first.txt");
  limits_.by_models = 1;
  const auto full = refusal("a.txt", ".pyro/exports/second.txt");
  ASSERT_THAT(full, Refused(reason::kExportsFull));
  EXPECT_THAT(full->message(), ::testing::AllOf(HasSubstr("workspace.exports_gib"),
                                                HasSubstr(".pyro/exports' holds"),
                                                HasSubstr("delete exports there")));
  EXPECT_FALSE(fs::exists(project_ / ".pyro/exports/second.txt"));
  // What a person asks for, or what goes elsewhere, is not counted.
  export_to("a.txt", project_ / ".pyro/exports/third.txt");
  by_model("a.txt", "elsewhere.txt");
}

TEST_F(GuardedExport, an_export_that_grows_beyond_it_leaves_nothing) {
  constexpr std::uint64_t kBytes = 40U << 20U;
  in_guest("", {{"large", text_file(std::string(kBytes, 'x'))}});
  limits_.by_models = 20U << 20U;
  EXPECT_THAT(refusal("large", ".pyro/exports/large"), Refused(reason::kExportsFull));
  EXPECT_FALSE(fs::exists(project_ / ".pyro/exports/large"));
  EXPECT_LT(disk_usage(project_), kBytes / 2);
}

TEST_F(GuardedExport, keeps_the_directory_of_exports_out_of_git_status) {
  by_model("a.txt", ".pyro/exports/a.txt");
  by_model("d", ".pyro/exports/deep/d");
  EXPECT_EQ(read_file(project_ / ".pyro/exports/.gitignore"), "*\n");
  EXPECT_EQ(read_file(project_ / ".pyro/exports/a.txt"), "one\n");
  EXPECT_FALSE(fs::exists(project_ / ".pyro/exports/deep/.gitignore"));
}

TEST_F(GuardedExport, completes_the_ignore_file_of_one_that_was_killed_and_keeps_the_users) {
  testing::write_tree(project_, {{".pyro/exports/.gitignore", text_file("")}});
  by_model("a.txt", ".pyro/exports/a.txt");
  EXPECT_EQ(read_file(project_ / ".pyro/exports/.gitignore"), "*\n");
  write_file_atomically(project_ / ".pyro/exports/.gitignore", "*.o\n");
  by_model("a.txt", ".pyro/exports/b.txt");
  EXPECT_EQ(read_file(project_ / ".pyro/exports/.gitignore"), "*.o\n");
}

TEST_F(GuardedExport, writes_its_ignore_file_through_no_link) {
  fs::create_directories(project_ / ".pyro/exports");
  fs::create_symlink(directory_ / "elsewhere", project_ / ".pyro/exports/.gitignore");
  by_model("a.txt", ".pyro/exports/a.txt");
  EXPECT_FALSE(fs::exists(directory_ / "elsewhere"));
}

TEST(ObeyedName, is_met_in_any_part_of_a_path) {
  using files::has_obeyed_name;
  for (const char* path : {".mcp.json", "a/.codex/config.toml", ".IDEA", "x/.husky/_/pre-commit",
                           ".npmrc", "sitecustomize.py", "p/Agents.md", "all.code-workspace"}) {
    EXPECT_TRUE(has_obeyed_name(path)) << path;
  }
  for (const char* path : {"", "Makefile", "package.json", "claude.txt", ".gitignore",
                           "src/main.rs", "docs/agents/README.md", "environment"}) {
    EXPECT_FALSE(has_obeyed_name(path)) << path;
  }
}

}  // namespace
}  // namespace pyro
