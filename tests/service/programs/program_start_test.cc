#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/process/child_process.h"
#include "common/process/wait.h"
#include "common/stack/installation.h"
#include "tests/service/supervisor/stack_fixture.h"
#include "tests/support/closed_descriptors.h"
#include "tests/support/processes.h"

namespace pyro::test {
namespace {

using pyro::testing::kAllOnNull;
using pyro::testing::standard_descriptors_of;
using pyro::testing::with_closed_descriptors;

/// The programs of the suite, started as a careless caller does.
class ProgramStartTest : public StackFixture {
 protected:
  static std::vector<std::string> closed(const std::string& program,
                                         const std::vector<std::string>& arguments) {
    auto words = with_closed_descriptors();
    words.push_back(find_helper(program).string());
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
  }
  static Deadline soon() { return Clock::now() + std::chrono::seconds(40); }
  static int status_of(const std::string& program, const std::vector<std::string>& arguments) {
    return run_command({.argv = closed(program, arguments)}, soon(), {}).status.code;
  }
};

TEST_F(ProgramStartTest, a_command_line_without_descriptors_ends_as_its_command_did) {
  write_stack({{"workspace", ""}});
  EXPECT_EQ(status_of("pyro", {"workspace", "exec", "x", "--", "timeout"}), 124);
  EXPECT_EQ(status_of("pyro", {"workspace", "exec", "x", "--", "both"}), 7);
}

TEST_F(ProgramStartTest, a_service_without_descriptors_has_them_on_the_null_device) {
  write_stack({{"workspace", ""}});
  for (const std::string service :
       {"pyro-vm", "pyro-image", "pyro-workspace", "pyro-files", "pyro-supervisor"}) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd ready(ends[0]);
    UniqueFd announcing(ends[1]);
    ChildProcess process({.argv = closed(service, {}),
                          .environment = {{"PYRO_READY_FD", "3"}},
                          .descriptors = {{3, announcing.get()}}});
    announcing.reset();
    char byte = 0;
    ASSERT_TRUE(wait_for(ready.get(), POLLIN, soon(), StopFd({}))) << service;
    EXPECT_EQ(::read(ready.get(), &byte, 1), 1) << service;
    EXPECT_EQ(standard_descriptors_of(process.pid()), kAllOnNull) << service;
  }
}

TEST_F(ProgramStartTest, a_service_has_an_umask_of_its_own) {
  write_stack({{"workspace", ""}});
  for (const std::string service : {"pyro-files", "pyro-image"}) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd ready(ends[0]);
    UniqueFd announcing(ends[1]);
    ChildProcess process(
        {.argv = {"/bin/bash", "-c", "umask 0377; exec \"$0\"", find_helper(service).string()},
         .environment = {{"PYRO_READY_FD", "3"}},
         .descriptors = {{3, announcing.get()}}});
    announcing.reset();
    ASSERT_TRUE(wait_for(ready.get(), POLLIN, soon(), StopFd({}))) << service;
    EXPECT_THAT(pyro::testing::content_of(fmt::format("/proc/{}/status", process.pid())),
                ::testing::HasSubstr("Umask:\t0022\n"))
        << service;
  }
}

TEST_F(ProgramStartTest, a_shim_without_descriptors_has_them_on_the_null_device) {
  // It waits for the words of its specification.
  const auto fifo = directory_.path() / "spec";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd ready(ends[0]);
  const UniqueFd announcing(ends[1]);
  ChildProcess process(
      {.argv = closed("pyro-vm-shim", {fifo.string()}), .descriptors = {{3, announcing.get()}}});
  UniqueFd spec = open_file(fifo, O_WRONLY);
  EXPECT_EQ(standard_descriptors_of(process.pid()), kAllOnNull);
  spec.reset();
  const auto status = process.wait(soon(), StopFd({}));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 1);
}

TEST_F(ProgramStartTest, a_guarded_tool_without_descriptors_has_them_on_the_null_device) {
  const auto said = directory_.path() / "said";
  const std::string script =
      "for n in 0 1 2; do readlink /proc/$$/fd/$n; done > " + said.string() + "; exit 5";
  EXPECT_EQ(status_of("pyro-image-guard", {"/bin/bash", "-c", script}), 5);
  // The descriptor 1 is the file while it is written.
  EXPECT_EQ(read_file(said), "/dev/null\n" + said.string() + "\n/dev/null\n");
}

TEST_F(ProgramStartTest, a_screen_without_descriptors_draws_nothing_and_ends_well) {
  EXPECT_EQ(status_of("pyro-screen", {"80", "24", "0"}), 0);
}

}  // namespace
}  // namespace pyro::test
