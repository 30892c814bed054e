// What run_tool starts ends with it, daemons in sessions of their own included.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "common/base/files.h"
#include "services/image/tool.h"
#include "tests/support/errors.h"

namespace pyro::image {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;

/// A pipe whose write end every process of a tree holds: end of file means that all are gone.
struct Tree {
  Tree() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    alive.reset(ends[0]);
    held.reset(ends[1]);
  }
  Command command(const std::string& script) {
    return {.argv = {"sh", "-c", script}, .descriptors = {{5, held.get()}}};
  }
  /// Blocks until a process of the tree wrote a line.
  void wait_for_line() const {
    char byte = 0;
    ASSERT_EQ(::read(alive.get(), &byte, 1), 1);
  }
  bool is_gone() {
    held.reset();
    pollfd watched{alive.get(), POLLIN, 0};
    char byte = 0;
    return ::poll(&watched, 1, 10'000) == 1 && ::read(alive.get(), &byte, 1) == 0;
  }
  UniqueFd alive;
  UniqueFd held;
};

constexpr const char* kDaemon = "setsid -f sleep 1000 </dev/null >/dev/null 2>&1; ";

Work work_until(std::chrono::seconds limit, std::stop_token stop = {}) {
  return {.deadline = Clock::now() + limit, .stop = std::move(stop), .progress = {}};
}

TEST(RunTool, returns_the_output_and_leaves_no_daemon) {
  Tree tree;
  EXPECT_EQ(run_tool(tree.command(std::string(kDaemon) + "echo out"),
                     work_until(std::chrono::seconds(30)), "/tmp"),
            "out\n");
  EXPECT_TRUE(tree.is_gone());
}

TEST(RunTool, that_is_stopped_has_ended_with_its_daemons_when_it_throws) {
  Tree tree;
  std::stop_source stop;
  std::jthread stopper([&] {
    tree.wait_for_line();
    stop.request_stop();
  });
  EXPECT_THAT(error_of([&] {
                run_tool(tree.command(std::string(kDaemon) + "echo >&5; sleep 1000"),
                         work_until(std::chrono::seconds(30), stop.get_token()), "/tmp");
              }),
              Refused(ErrorCode::kCancelled));
  EXPECT_TRUE(tree.is_gone());
}

TEST(RunTool, past_its_deadline_has_ended_with_its_daemons) {
  Tree tree;
  const Work work{
      .deadline = Clock::now() + std::chrono::milliseconds(200), .stop = {}, .progress = {}};
  EXPECT_THAT(
      error_of([&] { run_tool(tree.command(std::string(kDaemon) + "sleep 1000"), work, "/tmp"); }),
      Refused(ErrorCode::kDeadlineExceeded));
  EXPECT_TRUE(tree.is_gone());
}

TEST(RunTool, ends_with_its_daemons_when_the_caller_is_killed) {
  Tree tree;
  const pid_t caller = ::fork();
  if (caller == 0) {
    run_tool(tree.command(std::string(kDaemon) + "echo >&5; sleep 1000"),
             work_until(std::chrono::seconds(30)), "/tmp");
    ::_exit(0);
  }
  tree.wait_for_line();
  ::kill(caller, SIGKILL);
  ::waitpid(caller, nullptr, 0);
  tree.held.reset();
  char byte = 0;
  EXPECT_EQ(::read(tree.alive.get(), &byte, 1), 0);  // until the last of them is gone
}

TEST(RunTool, tells_the_status_of_a_tool_that_failed) {
  EXPECT_THAT(error_of([] {
                run_tool({.argv = {"sh", "-c", "echo why >&2; exit 7"}},
                         work_until(std::chrono::seconds(30)), "/tmp");
              }),
              Refused(ErrorCode::kInternal, ::testing::HasSubstr("status 7: why")));
}

}  // namespace
}  // namespace pyro::image
