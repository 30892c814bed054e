#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>

#include "common/base/text.h"
#include "tests/service/agent/agent_fixture.h"

namespace pyro::agent {
namespace {

using ::testing::EndsWith;
using wire::JobState;

/// The directory of the cgroup (v2) that this process is in, or "" where there is none.
std::string own_cgroup() {
  std::string mounted;
  for (const auto& line : split(read_tail("/proc/self/mounts", 1U << 20U), '\n')) {
    const auto words = split(line, ' ');
    if (words.size() > 2 && words[2] == "cgroup2") mounted = words[1];
  }
  if (mounted.empty()) return "";
  for (const auto& line : split(read_tail("/proc/self/cgroup", 1U << 20U), '\n')) {
    if (line.starts_with("0::")) return mounted + line.substr(3);
  }
  return "";
}

/// A cgroup for an agent; `path` is empty where we may make none.
struct OwnGroup {
  OwnGroup() : path(own_cgroup()) {
    if (path.empty()) return;
    path += "/pyro-agent-test.XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) path.clear();
  }
  OwnGroup(const OwnGroup&) = delete;
  OwnGroup& operator=(const OwnGroup&) = delete;
  ~OwnGroup() {
    if (path.empty()) return;
    for (const auto& group : groups()) ::rmdir(group.c_str());
    EXPECT_EQ(::rmdir(path.c_str()), 0) << path;
  }

  std::vector<std::filesystem::path> groups() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.is_directory()) found.push_back(entry.path());
    }
    return found;
  }

  std::string path;
};

/// The agent with a cgroup per job, as in a guest.
class CgroupTest : private OwnGroup, public AgentTest {
 protected:
  CgroupTest()
      : AgentTest(path.empty() ? std::vector<std::string>{}
                               : std::vector<std::string>{"--cgroup", path}) {}

  void SetUp() override {
    ASSERT_FALSE(path.empty()) << "no cgroup (v2) here in which we may make one: run this in "
                                  "`systemd-run --user --scope -p Delegate=yes`, or as root";
  }

  /// Whether all groups go: each does once its processes were reaped.
  bool groups_go() const {
    const Deadline deadline = in(std::chrono::seconds(30));
    while (!groups().empty() && Clock::now() < deadline) std::this_thread::yield();
    return groups().empty();
  }

  using OwnGroup::groups;
  using OwnGroup::path;
};

TEST_F(CgroupTest, a_command_runs_in_a_group_of_its_own_that_goes_with_it) {
  const Outcome out = run("cat /proc/self/cgroup; echo err >&2; exit 7");
  EXPECT_EQ(out.job.exit_code, 7);
  EXPECT_THAT(out.output, EndsWith("/job-job1\n"));
  EXPECT_EQ(out.errors, "err\n");
  // A second command, so that the agent has got round to the first one's group.
  run("true");
  EXPECT_FALSE(std::filesystem::exists(path + "/job-job1"));
}

TEST_F(CgroupTest, a_command_finds_signals_and_descriptors_as_after_a_login) {
  const Outcome out = run("grep -E 'Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd");
  EXPECT_EQ(out.output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0\n1\n2\n3\n");
}

TEST_F(CgroupTest, a_command_that_cannot_start_leaves_the_agent_as_it_was) {
  auto request = job("true");
  request.cwd = "/no/such directory";
  EXPECT_EQ(code_of([&] { follow(request); }), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(groups_go());
  request = job("true");
  request.environment = {{"LONG", std::string(300'000, 'x')}};
  EXPECT_EQ(code_of([&] { follow(request); }), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(groups_go());
  request.environment.clear();
  EXPECT_EQ(follow(request).job.exit_code, 0);
}

TEST_F(CgroupTest, a_command_over_its_time_is_gone_with_all_that_escaped_from_it) {
  auto request = job("setsid sh -c 'setsid sleep 1000 & echo $!; sleep 1000' & wait");
  request.timeout_ms = 700;
  const Outcome out = follow(request);
  EXPECT_EQ(out.job.state, JobState::kTimedOut);
  EXPECT_EQ(out.job.exit_code, 124);
  const std::string escaped(trim(out.output));
  EXPECT_FALSE(escaped.empty());
  EXPECT_FALSE(process_lives(escaped));
}

TEST_F(CgroupTest, what_an_ended_job_left_running_is_ended_by_its_id) {
  const Outcome out = run("setsid sleep 1000 >&- 2>&- & echo $!");
  const std::string left(trim(out.output));
  EXPECT_TRUE(process_lives(left));
  const auto ended = call(wire::EndLeft{.job_id = out.job.job_id});
  EXPECT_TRUE(ended.any);
  EXPECT_TRUE(ended.gone);
  EXPECT_FALSE(process_lives(left));
  EXPECT_TRUE(groups_go());
  EXPECT_FALSE(call(wire::EndLeft{.job_id = out.job.job_id}).any);
}

TEST_F(CgroupTest, an_id_may_be_used_again_once_its_job_is_forgotten) {
  const auto request = job("echo again");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(follow(request).output, "again\n");
    call(wire::ForgetJob{.job_id = request.job_id});
  }
}

TEST_F(CgroupTest, fifty_jobs_at_once_keep_their_outputs_apart) {
  std::vector<std::future<Outcome>> outcomes;
  for (int i = 0; i < 50; ++i) {
    const auto request = job(fmt::format("for i in $(seq 20); do echo {}; done; exit {}", i, i));
    outcomes.push_back(std::async(std::launch::async, [this, request] { return follow(request); }));
  }
  for (int i = 0; i < 50; ++i) {
    const Outcome out = outcomes[static_cast<std::size_t>(i)].get();
    EXPECT_EQ(out.job.exit_code, i);
    std::string expected;
    for (int line = 0; line < 20; ++line) expected += std::to_string(i) + "\n";
    EXPECT_EQ(out.output, expected);
  }
}

}  // namespace
}  // namespace pyro::agent
