#include "services/files/git_seed/packed_history.h"
#include "tests/unit/files/git_seed_fixture.h"

namespace pyro::files {
namespace {

/// A repository with many commits.
class GitSeedHistory : public GitSeed {
 protected:
  GitSeedHistory() { commit("first"); }

  std::string commit(const std::string& message) {
    repository_.put("a", message);
    return repository_.commit(message);
  }
  /// Without a file of its own each: quick.
  void commit_many(int count) {
    for (int i = 0; i < count; ++i) {
      repository_.git({"commit", "--quiet", "--allow-empty", "-m", std::to_string(i)});
    }
  }
  std::string head() const { return repository_.git({"rev-parse", "HEAD"}); }
};

TEST_F(GitSeedHistory, is_packed_once) {
  seed();
  const auto first = packs();
  ASSERT_EQ(first.size(), 1U);
  // Objects that are not there any more cannot be packed again.
  fs::rename(repository_ / ".git/objects", directory_ / "objects");
  fs::create_directory(repository_ / ".git/objects");
  EXPECT_EQ(git(seed(), {"log", "--format=%s"}), "first");
  EXPECT_EQ(packs(), first);
}

TEST_F(GitSeedHistory, is_added_to_for_a_new_head) {
  seed();
  const auto first = packs();
  commit("second");
  const fs::path seeded = seed();
  EXPECT_EQ(git(seeded, {"log", "--format=%s"}), "second\nfirst");
  EXPECT_EQ(git(seeded, {"fsck", "--strict"}), "");
  EXPECT_EQ(packs().size(), 2U);
  EXPECT_TRUE(packs().contains(*first.begin()));
  EXPECT_TRUE(fs::is_empty(scratch_));
}

TEST_F(GitSeedHistory, forgets_a_commit_that_was_amended) {
  const std::string mistaken = commit("with a secret");
  seed();
  repository_.put("a", "without");
  repository_.git({"commit", "--quiet", "--all", "--amend", "-m", "without a secret"});
  const fs::path seeded = seed();
  EXPECT_EQ(git(seeded, {"log", "--format=%s"}), "without a secret\nfirst");
  EXPECT_EQ(repository_.git({"cat-file", "-e", mistaken}), "");
  EXPECT_THAT(git(seeded, {"cat-file", "-e", mistaken}), HasSubstr("failed"));
}

TEST_F(GitSeedHistory, of_another_branch_shares_what_both_have) {
  commit_many(70);
  repository_.git({"branch", "other"});
  const std::string hidden = commit("on main");
  seed();
  ASSERT_EQ(packs().size(), 2U);
  const auto both = packs();
  repository_.git({"checkout", "--quiet", "other"});
  commit("on other");
  const fs::path seeded = seed();
  EXPECT_EQ(git(seeded, {"rev-list", "--count", "HEAD"}), "72");
  EXPECT_EQ(git(seeded, {"fsck", "--strict"}), "");
  EXPECT_THAT(git(seeded, {"cat-file", "-e", hidden}), HasSubstr("failed"));
  EXPECT_EQ(std::count_if(both.begin(), both.end(),
                          [now = packs()](const auto& pack) { return now.contains(pack); }),
            1)
      << "the lower one";
}

TEST_F(GitSeedHistory, is_in_a_bounded_number_of_packs) {
  std::size_t most = 0;
  for (int i = 0; i < 20; ++i) {
    commit(std::to_string(i));
    seed();
    most = std::max(most, packs().size());
  }
  EXPECT_GT(most, 4U);
  EXPECT_LE(most, 9U);
  EXPECT_EQ(git(directory_ / "seed20", {"rev-list", "--count", "HEAD"}), "21");
  EXPECT_EQ(git(directory_ / "seed20", {"fsck", "--strict"}), "");
}

TEST_F(GitSeedHistory, is_packed_anew_where_its_packs_are_lost) {
  seed();
  for (const auto& entry : fs::recursive_directory_iterator(directory_ / "packs")) {
    if (entry.path().extension() == ".idx") fs::remove(entry.path());
  }
  EXPECT_EQ(git(seed(), {"log", "--format=%s"}), "first");
  commit("second");
  EXPECT_EQ(git(seed(), {"log", "--format=%s"}), "second\nfirst");
}

TEST_F(GitSeedHistory, is_not_added_to_what_a_shallow_clone_had) {
  commit("second");
  const fs::path shallow = directory_ / "shallow";
  repository_.git(
      {"clone", "--quiet", "--depth=1", "file://" + repository_.root().string(), shallow.string()});
  EXPECT_EQ(git(seed(shallow), {"log", "--format=%s"}), "second");
  testing::ask_git(shallow, {"fetch", "--quiet", "--unshallow"});
  EXPECT_EQ(git(seed(shallow), {"log", "--format=%s"}), "second\nfirst");
}

/// Clones that lack objects.
class PartialClone : public GitSeedHistory {
 protected:
  PartialClone() {
    repository_.put("out/b", "one\n");
    commit("second");
    commit("third");
    repository_.git({"config", "uploadpack.allowFilter", "true"});
    repository_.git({"config", "uploadpack.allowAnySHA1InWant", "true"});
  }
  fs::path clone(const std::string& filter, const std::vector<std::string>& options = {}) {
    const fs::path root = directory_ / "clone";
    std::vector<std::string> words = {"clone", "--quiet", "--filter=" + filter};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back("file://" + repository_.root().string());
    words.push_back(root.string());
    repository_.git(words);
    return root;
  }
  /// Nothing can be fetched from now on.
  void lose_origin() { fs::rename(repository_.root(), directory_ / "moved"); }
  void expect_noted() {
    EXPECT_THAT(notes_, ElementsAre(AllOf(HasSubstr("partial clone"), HasSubstr("--refetch"))));
  }
};

TEST_F(PartialClone, has_a_history_that_ends_where_contents_are_missing) {
  const fs::path root = clone("blob:none");
  lose_origin();
  const fs::path seeded = seed(root);
  EXPECT_EQ(git(seeded, {"log", "--format=%s"}), "third");
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "");
  EXPECT_EQ(git(seeded, {"fsck", "--strict"}), "");
  expect_noted();
}

TEST_F(PartialClone, has_as_much_history_as_is_whole) {
  const fs::path root = clone("blob:none");
  // The contents of the second commit are fetched.
  testing::ask_git(root, {"show", "HEAD~1:a"});
  lose_origin();
  EXPECT_EQ(git(seed(root), {"log", "--format=%s"}), "third\nsecond");
  expect_noted();
}

TEST_F(PartialClone, without_trees_has_the_last_commit) {
  const fs::path root = clone("tree:0");
  lose_origin();
  const fs::path seeded = seed(root);
  EXPECT_EQ(git(seeded, {"log", "--format=%s"}), "third");
  EXPECT_EQ(git(seeded, {"fsck", "--strict"}), "");
}

TEST_F(PartialClone, that_is_sparse_too_lacks_contents_of_head_and_works) {
  const fs::path root = clone("blob:none", {"--sparse"});
  lose_origin();
  const fs::path seeded = seed(root);
  EXPECT_THAT(paths_in(seeded), UnorderedElementsAre("a"));
  EXPECT_EQ(git(seeded, {"status", "--porcelain"}), "");
  write_file_atomically(seeded / "a", "changed");
  git(seeded, {"commit", "--quiet", "--all", "-m", "fourth"});
  EXPECT_EQ(git(seeded, {"log", "--format=%s"}), "fourth\nthird");
  EXPECT_EQ(git(seeded, {"fsck"}), "");
  expect_noted();
}

}  // namespace
}  // namespace pyro::files
