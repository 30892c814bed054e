#include "common/source/fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "common/work/work_lock.h"
#include "tests/support/environment.h"
#include "tests/support/errors.h"
#include "tests/support/git_repository.h"
#include "tests/support/temporary.h"

namespace pyro::source {
namespace {

namespace fs = std::filesystem;
using pyro::testing::ask_git;
using pyro::testing::error_of;
using pyro::testing::GitRepository;
using pyro::testing::Refused;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Fetch : public ::testing::Test {
 protected:
  Fetch() {
    remote_.put("a", "one\n");
    first_ = remote_.commit("first");
    remote_.git({"tag", "-a", "v1", "-m", "one"});
    remote_.put("a", "two\n");
    second_ = remote_.commit("second");
  }

  FetchedRepository fetch(const std::optional<std::string>& ref = std::nullopt,
                          const std::string& url = "") {
    return fetch_repository(cache(), url.empty() ? remote_.root().string() : url, ref, work());
  }
  std::optional<Error> refusal(const std::optional<std::string>& ref, const std::string& url = "") {
    return error_of([&] { fetch(ref, url); });
  }

  fs::path cache() const { return directory_ / "cache"; }
  Work work() const { return {.deadline = Clock::now() + std::chrono::minutes(1)}; }
  static std::string git(const FetchedRepository& fetched, const std::vector<std::string>& words) {
    return std::string(trim(ask_git(fetched.path, words).output));
  }
  /// What lies beside clones' locks.
  std::set<std::string> kept() const {
    std::set<std::string> names;
    for (const auto& source : fs::directory_iterator(cache() / "sources/clones")) {
      if (!source.is_directory()) continue;
      for (const auto& entry : fs::directory_iterator(source)) {
        names.insert(entry.path().filename().string());
      }
    }
    return names;
  }

  pyro::testing::TestDirectory directory_;
  const GitRepository remote_{directory_ / "remote"};
  std::string first_;
  std::string second_;
};

TEST_F(Fetch, clones_what_the_remotes_head_is_at_and_says_which_commit_that_is) {
  std::string said;
  const auto fetched =
      fetch_repository(cache(), remote_.root().string(), std::nullopt,
                       {.deadline = work().deadline,
                        .progress = [&said](const api::Progress& step) { said = step.message; }});
  EXPECT_THAT(said, HasSubstr("is at commit " + second_));
  EXPECT_EQ(fetched.commit, second_);
  EXPECT_EQ(read_file(fetched.path / "a"), "two\n");
  EXPECT_EQ(git(fetched, {"status", "--porcelain", "--branch"}), "## main");
  EXPECT_EQ(git(fetched, {"rev-list", "--count", "HEAD"}), "1") << "it is shallow";
  EXPECT_EQ(fetch({}, "file://" + remote_.root().string()).commit, second_);
}

TEST_F(Fetch, takes_branches_tags_whole_names_and_commits) {
  remote_.git({"checkout", "--quiet", "-b", "topic/x", first_});
  EXPECT_EQ(git(fetch("topic/x"), {"branch", "--show-current"}), "topic/x");
  EXPECT_EQ(fetch("main").commit, second_);
  EXPECT_EQ(fetch("refs/heads/main").commit, second_);
  const auto tag = fetch("v1");
  EXPECT_EQ(tag.commit, first_);
  EXPECT_EQ(git(tag, {"branch", "--show-current"}), "");
  const auto commit = fetch(first_);
  EXPECT_EQ(commit.commit, first_);
  EXPECT_EQ(read_file(commit.path / "a"), "one\n");
}

TEST_F(Fetch, follows_a_branch_that_moves_and_keeps_its_last_clone_alone) {
  std::optional<FetchedRepository> used(fetch("main"));
  remote_.put("a", "three\n");
  const std::string third = remote_.commit("third");
  const auto moved = fetch("main");
  EXPECT_EQ(moved.commit, third);
  EXPECT_EQ(read_file(moved.path / "a"), "three\n");
  EXPECT_EQ(read_file(used->path / "a"), "two\n") << "somebody uses it";
  used.reset();
  EXPECT_EQ(fetch("main").path, moved.path);
  EXPECT_EQ(kept(), std::set<std::string>{third});
}

TEST_F(Fetch, fetches_a_commit_once) {
  const auto before = fetch(first_);
  fs::rename(remote_.root(), directory_ / "away");
  EXPECT_EQ(fetch(first_).path, before.path);
  EXPECT_THAT(refusal("main"),
              Refused(ErrorCode::kUnavailable,
                      AllOf(HasSubstr(remote_.root().string()), HasSubstr("Check the URL"))));
}

TEST_F(Fetch, does_not_take_an_old_state_for_the_present_one) {
  fetch("main");
  fs::rename(remote_.root(), directory_ / "away");
  EXPECT_THAT(refusal("main"), Refused(ErrorCode::kUnavailable));
}

TEST_F(Fetch, of_what_the_remote_does_not_have_is_refused_by_name) {
  EXPECT_THAT(refusal("nothing"),
              Refused(ErrorCode::kNotFound, HasSubstr("has no branch or tag 'nothing'")));
  EXPECT_THAT(refusal(first_.substr(0, 12)), Refused(ErrorCode::kNotFound, HasSubstr("whole id")));
  EXPECT_THAT(refusal(std::string(40, 'a')),
              Refused(ErrorCode::kNotFound, HasSubstr("has no branch or tag 'aaaa")));
  const GitRepository empty(directory_ / "empty");
  EXPECT_THAT(refusal({}, empty.root().string()),
              Refused(ErrorCode::kNotFound, HasSubstr("has no commits")));
  EXPECT_TRUE(kept().empty());
}

TEST_F(Fetch, takes_a_commit_by_ssh_from_a_server_that_gives_none_by_its_id) {
  remote_.commit("third");
  // As an old server: it does not hear which version of the protocol it is asked for.
  fs::create_directory(directory_ / "bin");
  write_file_atomically(directory_ / "bin/ssh",
                        "#!/bin/sh\nunset GIT_PROTOCOL\necho \"$@\" > " +
                            (directory_ / "arguments").string() +
                            "\nfor last; do :; done\nexec sh -c \"$last\"\n",
                        0755);
  const pyro::testing::WithVariable path(
      "PATH", ((directory_ / "bin").string() + ":" + std::getenv("PATH")).c_str());
  const auto fetched = fetch(second_, "ssh://git@example.org" + remote_.root().string());
  EXPECT_EQ(read_file(fetched.path / "a"), "two\n");
  EXPECT_EQ(git(fetched, {"rev-list", "--count", "HEAD"}), "2") << "it is whole";
  EXPECT_THAT(read_file(directory_ / "arguments"),
              AllOf(HasSubstr("BatchMode=yes"), HasSubstr("git@example.org")));
}

TEST_F(Fetch, obeys_nothing_that_the_remote_brought_and_no_filter_of_the_callers) {
  const fs::path canary = directory_ / "canary";
  const fs::path home = directory_ / "home";
  const GitRepository of_the_caller(home);
  of_the_caller.put(".gitconfig", "[filter \"x\"]\n\tsmudge = touch '" + canary.string() +
                                      "' && cat\n\trequired = true\n");
  remote_.put(".gitattributes", "* filter=x\n");
  remote_.put(".gitmodules", "[submodule \"s\"]\n\tpath = s\n\turl = ext::touch\n");
  remote_.commit("third");
  const pyro::testing::WithVariable at_home("HOME", home.c_str());
  const pyro::testing::WithVariable global("GIT_CONFIG_GLOBAL", (home / ".gitconfig").c_str());
  const auto fetched = fetch();
  EXPECT_EQ(read_file(fetched.path / "a"), "two\n");
  EXPECT_FALSE(fs::exists(canary));
  EXPECT_FALSE(fs::exists(fetched.path / ".git/hooks"));
  EXPECT_THAT(read_file(fetched.path / ".git/config"), ::testing::Not(HasSubstr("remote")));
  // The settings are such that git itself obeys.
  run_checked({.argv = {"git", "clone", "--quiet", remote_.root().string(), "obeyed"},
               .directory = directory_.path()},
              work().deadline, {});
  EXPECT_TRUE(fs::exists(canary));
}

TEST_F(Fetch, keeps_the_clones_of_the_last_few_sources_and_those_in_use) {
  const fs::path clones = cache() / "sources/clones";
  const auto old = [&](int hours) { return clones / ("source" + std::to_string(hours)); };
  const std::string commit(40, 'a');
  make_private_directory(cache() / "sources");
  for (int hours = 1; hours <= 10; ++hours) {
    fs::create_directories(old(hours) / commit / "tree");
    DirectoryLease::prepare(old(hours) / commit);
    fs::create_directory(old(hours) / "leaving.x");
    fs::last_write_time(old(hours), fs::file_time_type::clock::now() - std::chrono::hours(hours));
  }
  fs::permissions(clones, fs::perms::owner_all);
  const auto in_use = DirectoryLease::take(old(10) / commit);
  const auto locked = WorkLock::attempt(old(9).string() + ".lock");
  fetch();
  EXPECT_TRUE(fs::exists(old(10) / commit / "tree")) << "it is in use";
  EXPECT_FALSE(fs::exists(old(10) / "leaving.x"));
  EXPECT_TRUE(fs::exists(old(9) / "leaving.x")) << "somebody fetches it";
  EXPECT_FALSE(fs::exists(old(8)));
  EXPECT_TRUE(fs::exists(old(7) / commit / "tree"));
}

TEST_F(Fetch, of_what_no_workspace_has_room_for_is_refused_before_it_is_checked_out) {
  remote_.commit_many_times(remote_.git({"rev-parse", "HEAD:a"}), 8);
  EXPECT_THAT(refusal({}), Refused(ErrorCode::kFailedPrecondition, HasSubstr("more files than")));
  remote_.put("a", std::string(1U << 20U, 'x'));
  remote_.commit_many_times(remote_.git({"hash-object", "-w", "a"}), 4);
  EXPECT_THAT(refusal({}), Refused(ErrorCode::kFailedPrecondition, HasSubstr("8.0 GiB of files")));
  EXPECT_TRUE(kept().empty());
}

TEST_F(Fetch, never_shows_credentials) {
  const std::string url = "https://me:t0ken@127.0.0.1:1/a.git";
  std::string said;
  const auto refused = error_of([&] {
    fetch_repository(
        cache(), url, std::nullopt,
        {.deadline = Clock::now() + std::chrono::minutes(1),
         .progress = [&said](const api::Progress& progress) { said += progress.message + "\n"; }});
  });
  EXPECT_THAT(refused, Refused(ErrorCode::kUnavailable, HasSubstr("https://127.0.0.1:1/a.git")));
  EXPECT_EQ((said + refused->message()).find("t0ken"), std::string::npos);
  for (const auto& entry : fs::recursive_directory_iterator(cache())) {
    EXPECT_EQ(entry.path().string().find("t0ken"), std::string::npos);
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(read_file(entry.path()).find("t0ken"), std::string::npos);
  }
}

TEST_F(Fetch, by_several_at_once_is_done_once) {
  std::vector<std::jthread> threads;
  std::vector<std::string> commits(4);
  for (auto& commit : commits) {
    threads.emplace_back([this, &commit] { commit = fetch("main").commit; });
  }
  threads.clear();
  EXPECT_THAT(commits, ::testing::Each(second_));
  EXPECT_EQ(kept(), std::set<std::string>{second_});
}

TEST_F(Fetch, that_was_cancelled_leaves_nothing) {
  std::stop_source stop;
  EXPECT_THAT(error_of([&] {
                fetch_repository(
                    cache(), remote_.root().string(), std::nullopt,
                    {.deadline = Clock::now() + std::chrono::minutes(1),
                     .stop = stop.get_token(),
                     .progress = [&stop](const api::Progress&) { stop.request_stop(); }});
              }),
              Refused(ErrorCode::kCancelled));
  EXPECT_TRUE(kept().empty());
}

/// Named to all fault points of this program before the first is passed.
const fs::path& faults() {
  static const pyro::testing::TestDirectory directory;
  ::setenv("PYRO_FAULTS", directory.path().c_str(), 1);
  return directory.path();
}
const fs::path kFaults = faults();

/// A process that is killed where the parameter says.
class KilledFetch : public Fetch, public ::testing::WithParamInterface<const char*> {};

TEST_P(KilledFetch, leaves_a_cache_that_the_next_one_uses) {
  write_file_atomically(kFaults / "stop-at", GetParam());
  EXPECT_EXIT(
      {
        fetch("main");
        ::_exit(0);
      },
      ::testing::KilledBySignal(SIGKILL), "");
  ASSERT_TRUE(fs::remove(kFaults / "reached"));
  const auto fetched = fetch("main");
  EXPECT_EQ(read_file(fetched.path / "a"), "two\n");
  EXPECT_EQ(git(fetched, {"status", "--porcelain"}), "");
  EXPECT_EQ(kept(), std::set<std::string>{second_});
}
INSTANTIATE_TEST_SUITE_P(Anywhere, KilledFetch,
                         ::testing::Values("source.fetched", "source.synced", "source.in_place"));

}  // namespace
}  // namespace pyro::source
