#include "tests/unit/files/git_seed_fixture.h"

namespace pyro::files {
namespace {

/// git compares the attributes of files alone.
constexpr const char* kByAttributes = "diff-files";

TEST_F(GitSeed, has_files_that_the_first_status_need_not_read) {
  for (int i = 0; i < 20; ++i) repository_.put("d/" + std::to_string(i), std::to_string(i));
  repository_.put("run.sh", "#!/bin/sh\n", 0755);
  fs::create_symlink("run.sh", repository_ / "link");
  repository_.put("changed", "one\n");
  repository_.put("mode", "one\n");
  repository_.commit("first");
  repository_.put("changed", "two\n");
  repository_.put("mode", "one\n", 0755);
  make_old(repository_.root());
  const fs::path seeded = seed();
  EXPECT_EQ(git(seeded, {kByAttributes, "--name-only"}), "changed\nmode");
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "M changed\n M mode");
}

TEST_F(GitSeed, of_a_repository_whose_index_says_untruths_reads_the_files) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  make_old(repository_.root());
  repository_.git({"update-index", "--refresh"});
  const auto time = fs::last_write_time(repository_ / "a");
  repository_.put("a", "two\n");
  fs::last_write_time(repository_ / "a", time);
  EXPECT_EQ(git(seed(), {"status", "--porcelain"}), "M a");
}

TEST_F(GitSeed, believes_the_hosts_git_what_its_filters_hide) {
  repository_.git({"config", "filter.upper.clean", "tr a-z A-Z"});
  repository_.put(".gitattributes", "*.bin filter=upper\n");
  repository_.put("a.bin", "one\n");
  make_old(repository_.root());
  repository_.commit("first");
  ASSERT_EQ(repository_.git({"show", "HEAD:a.bin"}), "ONE");
  ASSERT_EQ(repository_.git({"status", "--porcelain"}), "");
  const fs::path seeded = seed();
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "");
  EXPECT_EQ(read_file(seeded / "a.bin"), "one\n");
}

TEST_F(GitSeed, compares_as_the_host_does) {
  repository_.put("t.txt", "one\ntwo\n");
  fs::create_symlink("t.txt", repository_ / "link");
  repository_.commit("first");
  const std::string url = "file://" + repository_.root().string();
  const auto clone = [&](const char* name, const char* setting) {
    const fs::path root = directory_ / name;
    repository_.git({"clone", "--quiet", "-c", setting, url, root.string()});
    return root;
  };
  const fs::path crlf = clone("autocrlf", "core.autocrlf=true");
  ASSERT_EQ(read_file(crlf / "t.txt"), "one\r\ntwo\r\n");
  EXPECT_EQ(git(seed(crlf), {"status", "--porcelain"}), "");
  const fs::path no_links = clone("symlinks", "core.symlinks=false");
  ASSERT_FALSE(fs::is_symlink(no_links / "link"));
  EXPECT_EQ(git(seed(no_links), {"status", "--porcelain"}), "");
  const fs::path attributes = clone("attributes", "core.eol=lf");
  write_file_atomically(attributes / ".git/info/attributes", "*.txt text eol=crlf\n");
  write_file_atomically(attributes / "t.txt", "one\r\ntwo\r\n");
  EXPECT_EQ(git(seed(attributes), {"status", "--porcelain"}), "");
  EXPECT_THAT(read_file(directory_ / "seed3/.git/config"), HasSubstr("\teol = \"lf\"\n"));
}

TEST_F(GitSeed, takes_settings_of_the_person_after_those_of_the_repository) {
  repository_.put("t.txt", "one\r\n");
  repository_.commit("first");
  write_file_atomically(home_ / ".gitconfig",
                        "[core]\n\tautocrlf = input\n\teol = crlf\n\tfsmonitor = /bin/false\n");
  repository_.git({"config", "core.eol", "lf"});
  const std::string config = read_file(seed() / ".git/config");
  EXPECT_THAT(config, AllOf(HasSubstr("autocrlf = \"input\""), HasSubstr("eol = \"lf\""),
                            Not(HasSubstr("fsmonitor"))));
}

TEST_F(GitSeed, leaves_out_what_is_not_checked_out_without_calling_it_deleted) {
  repository_.put("in/a", "one\n");
  repository_.put("out/b", "two\n");
  repository_.put("kept", "three\n");
  repository_.commit("first");
  repository_.git({"sparse-checkout", "set", "--cone", "--sparse-index", "in"});
  const fs::path seeded = seed();
  EXPECT_THAT(paths_in(seeded), UnorderedElementsAre("in/", "in/a", "kept"));
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "");
  EXPECT_EQ(git(seeded, {"sparse-checkout", "list"}), "in");
  git(seeded, {"sparse-checkout", "disable"});
  EXPECT_EQ(read_file(seeded / "out/b"), "two\n");
}

TEST_F(GitSeed, keeps_git_from_a_path_where_the_host_does) {
  repository_.put("a", "one\n");
  repository_.put("b", "one\n");
  repository_.commit("first");
  repository_.git({"update-index", "--assume-unchanged", "a"});
  repository_.put("a", "mine\n");
  repository_.put("b", "two\n");
  EXPECT_EQ(git(seed(), {"status", "--porcelain"}), "M b");
}

TEST_F(GitSeed, commits_in_the_name_of_the_person) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  write_file_atomically(home_ / "work.gitconfig", "[user]\n\temail = ada@work.example\n");
  write_file_atomically(home_ / ".gitconfig",
                        "[user]\n\tname = Ada \"the\" \\\\Countess\n\temail = ada@home.example\n"
                        "\tsigningkey = secret\n[credential]\n\thelper = store\n"
                        "[includeIf \"gitdir:" +
                            repository_.root().string() + "/\"]\n\tpath = work.gitconfig\n");
  const fs::path seeded = seed();
  const auto value = [&](const char* name) {
    return git(seeded, {"config", "--file", ".git/config", name});
  };
  EXPECT_EQ(value("user.name"), "Ada the \\Countess");
  EXPECT_EQ(value("user.email"), "ada@work.example");
  EXPECT_THAT(read_file(seeded / ".git/config"),
              AllOf(Not(HasSubstr("secret")), Not(HasSubstr("credential"))));
  repository_.git({"config", "user.email", "ada@project.example"});
  EXPECT_THAT(read_file(seed() / ".git/config"), HasSubstr("ada@project.example"));
}

TEST_F(GitSeed, takes_no_name_that_is_none) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  repository_.git({"config", "user.name", "two\nlines"});
  repository_.git({"config", "user.email", std::string(300, 'x')});
  EXPECT_THAT(read_file(seed() / ".git/config"), Not(HasSubstr("[user]")));
}

TEST_F(GitSeed, ignores_what_the_host_ignores) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  repository_.put(".git/info/exclude", "*.local\n!kept.swp\n");
  write_file_atomically(home_ / ".gitconfig", "[core]\n\texcludesFile = ~/ignore\n");
  write_file_atomically(home_ / "ignore", "*.swp");
  // A repository's own word for the person's file could name any file.
  write_file_atomically(directory_ / "private", "secret\n");
  repository_.git({"config", "core.excludesFile", (directory_ / "private").string()});
  const fs::path seeded = seed();
  for (const char* name : {"x.local", "x.swp", "kept.swp", "new"}) {
    write_file_atomically(seeded / name, "x\n");
  }
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "?? kept.swp\n?? new");
  EXPECT_THAT(read_file(seeded / ".git/info/exclude"), Not(HasSubstr("secret")));
  fs::remove(home_ / ".gitconfig");
  fs::create_directories(home_ / ".config/git");
  write_file_atomically(home_ / ".config/git/ignore", "new\n");
  EXPECT_THAT(read_file(seed() / ".git/info/exclude"), HasSubstr("new\n"));
}

TEST_F(GitSeed, has_the_tags_of_its_history_and_no_other) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  repository_.git({"tag", "-a", "-m", "release", "v1"});
  repository_.git({"pack-refs", "--all"});
  repository_.put("a", "two\n");
  repository_.commit("second");
  repository_.git({"tag", "deep/light"});
  repository_.git({"checkout", "--quiet", "-b", "other"});
  repository_.put("secret", "secret\n");
  repository_.commit("other");
  repository_.git({"tag", "-a", "-m", "hidden", "v2"});
  const std::string hidden = repository_.git({"rev-parse", "v2"});
  repository_.git({"checkout", "--quiet", "main"});
  repository_.put(".git/refs/tags/broken", "0123456789012345678901234567890123456789\n");
  const fs::path seeded = seed();
  EXPECT_EQ(git(seeded, {"tag"}), "deep/light\nv1");
  EXPECT_EQ(git(seeded, {"describe"}), "v1-1-g" + git(seeded, {"rev-parse", "--short", "HEAD"}));
  EXPECT_THAT(git(seeded, {"cat-file", "-e", hidden}), HasSubstr("failed"));
  EXPECT_EQ(git(seeded, {"fsck", "--strict"}), "");
  // HEAD is the same, its tags are not.
  repository_.git({"tag", "-d", "v1"});
  const fs::path again = seed();
  EXPECT_EQ(git(again, {"tag"}), "deep/light");
  EXPECT_EQ(git(again, {"cat-file", "--batch-check", "--batch-all-objects"}).find(" tag "),
            std::string::npos);
}

TEST_F(GitSeed, says_that_git_tracks_nothing) {
  repository_.put("untracked", "mine\n");
  EXPECT_THAT(paths_in(seed()), ElementsAre());
  EXPECT_THAT(notes_, ElementsAre(AllOf(HasSubstr("tracks no file"), HasSubstr("git add"),
                                        HasSubstr("seed_path"))));
  repository_.put("a", "one\n");
  repository_.git({"add", "a"});
  seed();
  EXPECT_THAT(notes_, ElementsAre());
}

TEST_F(GitSeed, of_a_submodule_is_of_its_own_repository) {
  const GitRepository library(directory_ / "library");
  library.put("lib.c", "one\n");
  library.commit("library");
  repository_.put("a", "one\n");
  repository_.commit("first");
  repository_.git({"submodule", "--quiet", "add", library.root().string(), "deep/lib"});
  const fs::path seeded = seed(repository_ / "deep/lib");
  EXPECT_THAT(paths_in(seeded), UnorderedElementsAre("lib.c"));
  EXPECT_EQ(git(seeded, {"log", "--format=%s"}), "library");
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "");
  git(seeded, {"commit", "--allow-empty", "-m", "second"});
  EXPECT_EQ(git(seeded, {"log", "--format=%s"}), "second\nlibrary");
}

/// A `.git` that leads away from the work tree.
class GitDirectoryElsewhere : public GitSeed {
 protected:
  GitDirectoryElsewhere() {
    repository_.put("a", "one\n");
    repository_.commit("first");
  }
  void expect_followed_only_when_named(const fs::path& root) {
    EXPECT_THAT(refusal(root),
                Refused(ErrorCode::kFailedPrecondition,
                        AllOf(HasSubstr("--project-path"), HasSubstr("git worktree add"),
                              Not(HasSubstr("fsck")), Not(HasSubstr("repair")))));
    options_.git_directory = source::GitDirectoryPlace::kAnywhere;
    const fs::path seeded = seed(root);
    EXPECT_EQ(git(seeded, {"log", "--format=%s"}), "first");
    EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "");
  }
};

TEST_F(GitDirectoryElsewhere, that_is_separate_is_followed_when_a_person_named_the_project) {
  repository_.git({"init", "--quiet", "--separate-git-dir", (directory_ / "apart").string()});
  ASSERT_TRUE(fs::is_regular_file(repository_ / ".git"));
  expect_followed_only_when_named(repository_.root());
}

TEST_F(GitDirectoryElsewhere, that_is_a_link_is_followed_when_a_person_named_the_project) {
  // As the repo tool makes it: the objects are elsewhere again.
  fs::rename(repository_ / ".git", directory_ / "project.git");
  fs::rename(directory_ / "project.git/objects", directory_ / "objects");
  fs::create_directory_symlink("../objects", directory_ / "project.git/objects");
  fs::create_directory_symlink("../project.git", repository_ / ".git");
  expect_followed_only_when_named(repository_.root());
}

TEST_F(GitDirectoryElsewhere, that_is_bare_is_refused_with_a_way_that_works) {
  const fs::path root = directory_ / "bare";
  fs::create_directory(root);
  repository_.git(
      {"clone", "--quiet", "--bare", repository_.root().string(), (root / ".bare").string()});
  write_file_atomically(root / ".git", "gitdir: ./.bare\n");
  for (const auto place : {source::GitDirectoryPlace::kOwn, source::GitDirectoryPlace::kAnywhere}) {
    options_.git_directory = place;
    EXPECT_THAT(refusal(root), Refused(ErrorCode::kFailedPrecondition,
                                       AllOf(HasSubstr("bare"), HasSubstr("git worktree add"),
                                             Not(HasSubstr("--project-path")))));
  }
  options_.git_directory = source::GitDirectoryPlace::kOwn;
  testing::ask_git(root, {"worktree", "add", "main", "main"});
  EXPECT_EQ(git(seed(root / "main"), {"status", "--porcelain"}), "");
}

}  // namespace
}  // namespace pyro::files
