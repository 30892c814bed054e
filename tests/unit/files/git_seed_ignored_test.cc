#include "services/files/hard_links.h"
#include "services/files/volume/blank_volume.h"
#include "services/files/volume/volume_reader.h"
#include "tests/unit/files/git_seed_fixture.h"

namespace pyro::files {
namespace {

class GitSeedWithIgnored : public GitSeed {
 protected:
  GitSeedWithIgnored() {
    repository_.put(".gitignore", "node_modules/\n.venv\n*.o\n.env\n");
    repository_.put("src/a.c", "one\n");
    repository_.commit("first");
    repository_.put("src/a.o", "object");
    repository_.put(".env", "SECRET=1\n");
    repository_.put("node_modules/x/index.js", "x\n");
    repository_.put("node_modules/x/.git/config", "[credential]\n");
    repository_.put("packages/p/node_modules/y/native.node", "ELF", 0755);
    repository_.put(".venv/lib/site.py", "site\n");
    fs::create_directory(repository_ / ".venv/bin");
    fs::create_symlink("/usr/bin/python3", repository_ / ".venv/bin/python");
    repository_.put("untracked/node.txt", "mine\n");
  }
};

TEST_F(GitSeedWithIgnored, takes_those_that_the_patterns_name) {
  options_.include_ignored = {"node_modules", ".venv"};
  const fs::path seeded = seed();
  EXPECT_THAT(paths_in(seeded),
              UnorderedElementsAre(
                  ".gitignore", "src/", "src/a.c", "node_modules/", "node_modules/x/",
                  "node_modules/x/index.js", "packages/", "packages/p/", "packages/p/node_modules/",
                  "packages/p/node_modules/y/", "packages/p/node_modules/y/native.node", ".venv/",
                  ".venv/lib/", ".venv/lib/site.py", ".venv/bin/", ".venv/bin/python"));
  EXPECT_EQ(fs::read_symlink(seeded / ".venv/bin/python"), "/usr/bin/python3");
  EXPECT_NE(fs::status(seeded / "packages/p/node_modules/y/native.node").permissions() &
                fs::perms::owner_exec,
            fs::perms::none);
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "");
  EXPECT_THAT(notes_, ElementsAre());
}

TEST_F(GitSeedWithIgnored, takes_paths_and_globs_from_the_top) {
  options_.include_ignored = {"/node_modules", "src/*.o"};
  const auto paths = paths_in(seed());
  EXPECT_TRUE(paths.contains("node_modules/x/index.js"));
  EXPECT_TRUE(paths.contains("src/a.o"));
  EXPECT_FALSE(paths.contains("packages/"));
}

TEST_F(GitSeedWithIgnored, takes_nothing_that_git_does_not_ignore) {
  options_.include_ignored = {"untracked", "node.txt"};
  EXPECT_FALSE(paths_in(seed()).contains("untracked/"));
  EXPECT_THAT(notes_, ElementsAre(AllOf(HasSubstr("ignores nothing"), HasSubstr("untracked"))));
}

TEST_F(GitSeedWithIgnored, refuses_what_is_no_pattern) {
  for (const char* pattern : {"", " ", "a\nb"}) {
    options_.include_ignored = {pattern};
    EXPECT_THAT(refusal(repository_.root()),
                Refused(ErrorCode::kInvalidArgument, HasSubstr("no pattern")));
  }
}

TEST_F(GitSeedWithIgnored, keeps_files_with_several_names_one_file) {
  fs::create_directory(repository_ / "node_modules/z");
  fs::create_hard_link(repository_ / "node_modules/x/index.js",
                       repository_ / "node_modules/z/index.js");
  const fs::path cache = directory_ / "cache";
  const fs::path file = directory_ / "volume";
  volume::make_blank_volume(cache, file);
  volume::VolumeWriter writer(file, 1);
  HardLinks links(writer);
  give_git_seed(repository_.root(), {.scratch = scratch_, .histories = directory_ / "packs"},
                {.include_ignored = {"node_modules"}}, links,
                {.deadline = Clock::now() + std::chrono::minutes(1)});
  writer.finish();
  const volume::VolumeReader reader(file);
  const tree::Entry first = reader.find("node_modules/x/index.js");
  const tree::Entry second = reader.find("node_modules/z/index.js");
  EXPECT_EQ(first.inode, second.inode);
  EXPECT_EQ(second.size, 2U);
  EXPECT_NE(first.inode, reader.find("src/a.c").inode);
  const CommandResult checked = run_command({.argv = {"e2fsck", "-fn", file.string()}},
                                            Clock::now() + std::chrono::minutes(1), {});
  EXPECT_TRUE(checked.status.ok()) << checked.output;
}

}  // namespace
}  // namespace pyro::files
