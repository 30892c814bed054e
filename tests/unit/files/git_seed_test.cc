#include <fcntl.h>
#include <sys/stat.h>

#include "common/work/work_lock.h"
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

TEST_F(GitSeed, shows_what_is_staged_against_head_as_well) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  repository_.put("a", "two\n");
  repository_.put("new", "new\n");
  repository_.git({"add", "--all"});
  const fs::path seeded = seed();
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "M a\n?? new");
}

TEST_F(GitSeed, has_no_object_but_those_of_heads_history) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  std::vector<std::string> secrets;
  const auto hide = [&](const std::string& content) {
    repository_.put("secret", content);
    secrets.push_back(repository_.git({"hash-object", "-w", "secret"}));
  };
  hide("on another branch\n");
  repository_.git({"checkout", "--quiet", "-b", "other"});
  secrets.push_back(repository_.commit("other"));
  repository_.git({"tag", "kept"});
  repository_.git({"checkout", "--quiet", "main"});
  hide("in the stash\n");
  repository_.git({"stash", "--include-untracked", "--quiet"});
  hide("in the reflog\n");
  secrets.push_back(repository_.commit("undone"));
  repository_.git({"reset", "--hard", "--quiet", "HEAD~1"});
  hide("in the index\n");
  repository_.git({"add", "secret"});
  repository_.git({"repack", "-a", "-q"});
  fs::remove(repository_ / "secret");

  const fs::path seeded = seed();
  EXPECT_EQ(secrets.size(), 6U);
  for (const std::string& secret : secrets) {
    EXPECT_EQ(repository_.git({"cat-file", "-e", secret}), "");
    EXPECT_THAT(git(seeded, {"cat-file", "-e", secret}), HasSubstr("failed"));
  }
  EXPECT_EQ(git(seeded, {"for-each-ref", "--format=%(refname)"}), "refs/heads/main");
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "");
}

TEST_F(GitSeed, has_a_configuration_of_its_own_and_no_hook_or_remote) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  repository_.git({"remote", "add", "origin", "https://user:token@example.org/x"});
  repository_.git({"config", "credential.helper", "store"});
  repository_.put(".git/hooks/pre-commit", "#!/bin/sh\n", 0755);
  const fs::path seeded = seed();
  EXPECT_EQ(read_file(seeded / ".git/config"),
            "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfilemode = \"true\"\n");
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(seeded / ".git")) {
    names.insert(entry.path().filename().string());
  }
  EXPECT_THAT(names, UnorderedElementsAre("HEAD", "config", "index", "info", "objects", "refs"));
}

TEST_F(GitSeed, takes_names_of_any_bytes) {
  const std::vector<std::string> names = {"new\nline",
                                          "tab\tname",
                                          "quo\"te",
                                          "-dash",
                                          "caf\xE9",
                                          " space ",
                                          "*?[glob",
                                          "\xF0\x9F\x8C\xB2",
                                          "back\\slash",
                                          ".gitx",
                                          std::string(240, 'n')};
  for (const auto& name : names) repository_.put("d/" + name, name);
  repository_.commit("odd names");
  const fs::path seeded = seed();
  for (const auto& name : names) EXPECT_EQ(read_file(seeded / "d" / name), name);
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "");
}

TEST_F(GitSeed, of_a_detached_head_is_detached) {
  repository_.put("a", "one\n");
  const std::string first = repository_.commit("first");
  repository_.put("a", "two\n");
  const std::string second = repository_.commit("second");
  repository_.git({"checkout", "--quiet", "--detach", first});
  const fs::path seeded = seed();
  EXPECT_EQ(git(seeded, {"rev-parse", "HEAD"}), first);
  EXPECT_EQ(git(seeded, {"branch", "--show-current"}), "");
  EXPECT_THAT(git(seeded, {"cat-file", "-e", second}), HasSubstr("failed"));
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "");
}

TEST_F(GitSeed, of_a_repository_without_commits_has_a_branch_to_commit_to) {
  repository_.put("a", "one\n");
  repository_.put("b", "untracked\n");
  repository_.git({"add", "a"});
  const fs::path seeded = seed();
  EXPECT_THAT(paths_in(seeded), UnorderedElementsAre("a"));
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "?? a");
  git(seeded, {"add", "a"});
  git(seeded, {"commit", "-m", "first"});
  EXPECT_EQ(git(seeded, {"log", "--format=%s", "main"}), "first");
}

TEST_F(GitSeed, finds_a_branch_that_is_packed_or_named_in_directories) {
  repository_.put("a", "one\n");
  const std::string first = repository_.commit("first");
  repository_.git({"checkout", "--quiet", "-b", "topic/of/mine"});
  repository_.git({"pack-refs", "--all"});
  const fs::path seeded = seed();
  EXPECT_EQ(git(seeded, {"branch", "--show-current"}), "topic/of/mine");
  EXPECT_EQ(git(seeded, {"rev-parse", "HEAD"}), first);
}

TEST_F(GitSeed, of_a_linked_work_tree_is_of_that_one) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  const fs::path linked = directory_ / "linked";
  repository_.git({"worktree", "add", "--quiet", "-b", "topic", linked.string()});
  write_file_atomically(linked / "a", "two\n", 0644);
  const fs::path seeded = seed(linked);
  EXPECT_EQ(git(seeded, {"branch", "--show-current"}), "topic");
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "M a");
  EXPECT_EQ(git(seeded, {"worktree", "list", "--porcelain"}).find("linked"), std::string::npos);
}

TEST_F(GitSeed, takes_file_modes_as_git_reads_the_word) {
  repository_.commit("first");
  for (const auto& [word, kept] :
       {std::pair{"NO", "false"}, {"off", "false"}, {"00", "false"}, {"True", "true"}}) {
    repository_.git({"config", "core.fileMode", word});
    EXPECT_EQ(git(seed(), {"config", "core.fileMode"}), kept) << word;
  }
}

TEST_F(GitSeed, reads_a_split_index) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  repository_.git({"update-index", "--split-index"});
  repository_.put("b", "two\n");
  repository_.git({"add", "b"});
  EXPECT_THAT(paths_in(seed()), UnorderedElementsAre("a", "b"));
}

TEST_F(GitSeed, reads_a_sparse_index_and_leaves_out_what_is_not_checked_out) {
  repository_.put("in/a", "one\n");
  repository_.put("out/b", "two\n");
  repository_.commit("first");
  repository_.git({"sparse-checkout", "set", "--cone", "--sparse-index", "in"});
  EXPECT_THAT(paths_in(seed()), UnorderedElementsAre("in/", "in/a"));
}

TEST_F(GitSeed, of_sha256_objects_is_of_such) {
  const GitRepository repository(directory_ / "sha256", {"--object-format=sha256"});
  repository.put("a", "one\n");
  const std::string first = repository.commit("first");
  repository.put("a", "two\n");
  const fs::path seeded = seed(repository.root());
  EXPECT_EQ(git(seeded, {"rev-parse", "HEAD"}), first);
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "M a");
}

TEST_F(GitSeed, of_a_shallow_clone_ends_where_that_does) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  repository_.put("a", "two\n");
  repository_.commit("second");
  const fs::path clone = directory_ / "clone";
  repository_.git(
      {"clone", "--quiet", "--depth=1", "file://" + repository_.root().string(), clone.string()});
  const fs::path seeded = seed(clone);
  EXPECT_EQ(git(seeded, {"log", "--format=%s"}), "second");
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "");
}

TEST_F(GitSeed, reads_objects_that_another_repository_lends) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  const fs::path clone = directory_ / "clone\nof \"it\"";
  repository_.git({"clone", "--quiet", "--shared", repository_.root().string(), clone.string()});
  EXPECT_EQ(git(seed(clone), {"log", "--format=%s"}), "first");
}

TEST_F(GitSeed, takes_each_path_of_a_conflict_once) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  repository_.git({"checkout", "--quiet", "-b", "other"});
  repository_.put("a", "theirs\n");
  repository_.commit("theirs");
  repository_.git({"checkout", "--quiet", "main"});
  repository_.put("a", "ours\n");
  repository_.commit("ours");
  EXPECT_FALSE(testing::ask_git(repository_.root(), {"merge", "other"}).status.ok());
  const fs::path seeded = seed();
  EXPECT_THAT(read_file(seeded / "a"), HasSubstr("<<<<<<<"));
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "M a");
}

TEST_F(GitSeed, holds_the_tracked_files_of_submodules_as_plain_files) {
  const GitRepository inner(directory_ / "inner");
  inner.put("deep", "deep\n");
  inner.commit("inner");
  const GitRepository library(directory_ / "library");
  library.put("lib.c", "lib\n");
  library.git({"submodule", "--quiet", "add", inner.root().string(), "inner"});
  library.commit("library");
  repository_.git({"submodule", "--quiet", "add", library.root().string(), "lib"});
  repository_.git({"submodule", "--quiet", "add", library.root().string(), "empty"});
  repository_.git({"submodule", "--quiet", "update", "--init", "--recursive", "lib"});
  repository_.commit("with submodules");
  repository_.git({"submodule", "--quiet", "deinit", "empty"});
  write_file_atomically(repository_ / "lib/untracked", "", 0644);
  write_file_atomically(repository_ / "lib/lib.c", "changed\n", 0644);

  const fs::path seeded = seed();
  EXPECT_THAT(paths_in(seeded),
              UnorderedElementsAre(".gitmodules", "empty/", "lib/", "lib/.gitmodules", "lib/inner/",
                                   "lib/inner/deep", "lib/lib.c"));
  EXPECT_EQ(read_file(seeded / "lib/lib.c"), "changed\n");
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "");
  EXPECT_THAT(paths_in(seed(repository_ / "lib/inner")), UnorderedElementsAre("deep"));
}

TEST_F(GitSeed, leaves_out_what_became_a_directory_or_lies_behind_a_link) {
  repository_.put("was-file", "x\n");
  repository_.put("was-directory/a", "x\n");
  repository_.commit("first");
  fs::create_directory(directory_ / "outside");
  write_file_atomically(directory_ / "outside/a", "secret\n");
  fs::remove(repository_ / "was-file");
  fs::remove_all(repository_ / "was-directory");
  fs::create_directories(repository_ / "was-file");
  repository_.put("was-file/untracked", "x\n");
  fs::create_directory_symlink(directory_ / "outside", repository_ / "was-directory");
  const fs::path seeded = seed();
  EXPECT_TRUE(paths_in(seeded).empty());
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "D was-directory/a\n D was-file");
}

TEST_F(GitSeed, is_made_with_scratch_and_histories_on_different_file_systems) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  const TemporaryDirectory elsewhere("/dev/shm", "pyro-test");
  scratch_ = elsewhere.path();
  EXPECT_EQ(git(seed(), {"log", "--format=%s"}), "first");
  EXPECT_TRUE(fs::is_empty(scratch_));
  for (const auto& entry : fs::recursive_directory_iterator(directory_ / "packs")) {
    EXPECT_NE(entry.path().filename(), "objects") << entry.path();
  }
}

TEST_F(GitSeed, reads_what_lenders_borrow_in_turn_by_relative_paths_as_well) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  const GitRepository middle(directory_ / "middle");
  const GitRepository last(directory_ / "last");
  middle.put(".git/objects/info/alternates", "# none\n\n../../../project/.git/objects\n/gone\n");
  last.put(".git/objects/info/alternates", "../../../middle/.git/objects\n");
  last.git({"reset", "--hard", "--quiet", repository_.git({"rev-parse", "HEAD"})});
  EXPECT_EQ(git(seed(last.root()), {"log", "--format=%s"}), "first");
  // Of those that lend to each other.
  repository_.put(".git/objects/info/alternates", (last / ".git/objects").string() + "\n");
  EXPECT_EQ(git(seed(last.root()), {"log", "--format=%s"}), "first");
}

TEST_F(GitSeed, forgets_the_histories_of_sources_that_were_not_seeded_for_long) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  const fs::path packs = directory_ / "packs";
  fs::create_directory(packs);
  for (int i = 0; i < 40; ++i) {
    const fs::path old = packs / ("source" + std::to_string(i));
    fs::create_directory(old);
    fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(100 - i));
  }
  seed();
  EXPECT_FALSE(fs::exists(packs / "source8"));
  EXPECT_TRUE(fs::exists(packs / "source9"));
}

TEST_F(GitSeed, of_clones_of_one_source_keeps_one_history) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  source_ = directory_ / "clones/key";
  seed();
  const fs::path moved = directory_ / "moved";
  fs::rename(repository_.root(), moved);
  EXPECT_EQ(git(seed(moved), {"log", "--format=%s"}), "first");
  EXPECT_EQ(std::count_if(fs::directory_iterator(directory_ / "packs"), {},
                          [](const auto& entry) { return entry.is_directory(); }),
            1);
}

/// Where it is forgotten by another one meanwhile.
TEST_F(GitSeed, makes_the_place_of_its_history_when_it_is_its_turn) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  seed();
  const fs::path place = history_place();
  fs::remove_all(place);
  auto lock = WorkLock::attempt(place.string() + ".lock");
  ASSERT_TRUE(lock);
  bool there = false;
  progress_ = [&](const api::Progress& step) {
    if (step.phase != "wait") return;
    there = fs::exists(place);
    lock.reset();
  };
  EXPECT_EQ(git(seed(), {"log", "--format=%s"}), "first");
  EXPECT_FALSE(lock);
  EXPECT_FALSE(there);
}

TEST_F(GitSeed, removes_what_a_killed_packing_left) {
  repository_.put("a", "one\n");
  repository_.commit("first");
  seed();
  const fs::path place = history_place();
  fs::create_directory(place / "new.abcdef");
  write_file_atomically(place / "new.abcdef/pack-1.pack", "half");
  repository_.put("a", "two\n");
  repository_.commit("second");
  EXPECT_EQ(git(seed(), {"status", "--porcelain"}), "");
  EXPECT_FALSE(fs::exists(place / "new.abcdef"));
}

}  // namespace
}  // namespace pyro::files
