#include <fcntl.h>
#include <gtest/gtest.h>

#include <future>

#include "common/base/files.h"
#include "common/process/child_process.h"
#include "tests/support/errors.h"
#include "tests/unit/process/commands.h"

namespace pyro {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

CommandResult run(const std::string& script) { return run_command(shell(script), soon(), {}); }

/// Says when all processes of a command have ended: by the end of a pipe that they inherit.
class Witness {
 public:
  Witness() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
    read_.reset(ends[0]);
    write_.reset(ends[1]);
  }
  Command shell(const std::string& script) const {
    return {.argv = {"/bin/sh", "-c", script}, .descriptors = {{9, write_.get()}}};
  }
  /// The command has printed to descriptor 9.
  bool spoke() {
    char byte = 0;
    return ready() && ::read(read_.get(), &byte, 1) == 1;
  }
  bool all_ended() {
    write_.reset();
    char buffer[64];
    while (ready()) {
      if (::read(read_.get(), buffer, sizeof buffer) == 0) return true;
    }
    return false;
  }

 private:
  bool ready() { return wait_for(read_.get(), POLLIN, soon(), StopFd({})); }
  UniqueFd read_;
  UniqueFd write_;
};

TEST(RunCommand, keeps_the_two_streams_apart) {
  const auto result = run("echo out; echo err >&2; exit 3");
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.error_output, "err\n");
  EXPECT_EQ(result.status.code, 3);
}

TEST(RunCommand, binary_output_is_unchanged) {
  EXPECT_EQ(run("printf 'a\\000\\377b'").output, std::string("a\0\xff"
                                                             "b",
                                                             4));
}

TEST(RunCommand, of_long_output_the_last_bytes_are_kept) {
  const auto result = run("head -c 700000 /dev/zero | tr '\\0' x; echo end");
  EXPECT_EQ(result.output.size(), CommandResult::kOutputLimit);
  EXPECT_TRUE(result.output.ends_with("xend\n"));
}

TEST(RunCommand, each_line_of_standard_error_is_told_also_one_without_an_end) {
  std::vector<std::string> lines;
  run_command(shell("echo no; printf 'one\\ntwo\\r\\nthree' >&2"), soon(), {},
              [&lines](std::string_view line) { lines.emplace_back(line); });
  EXPECT_THAT(lines, ElementsAre("one", "two", "three"));
}

TEST(RunCommand, a_failed_command_ends_the_error_with_its_last_words) {
  EXPECT_THAT(
      error_of([] { run_checked(shell("echo 'bad \x1b[1mthing' >&2; exit 9"), soon(), {}); }),
      Refused(ErrorCode::kInternal, "'/bin/sh' ended with status 9: bad [1mthing"));
}

TEST(RunCommand, a_full_disk_is_told_as_such) {
  EXPECT_THAT(error_of([] { run_checked(shell("cat /etc/passwd > /dev/full"), soon(), {}); }),
              Refused(ErrorCode::kResourceExhausted, HasSubstr("found the disk full")));
}

TEST(RunCommand, a_deadline_kills_grandchildren_too) {
  Witness witness;
  EXPECT_THAT(error_of([&witness] {
                run_command(witness.shell("sleep 1000 & sleep 1000 | sleep 1000"),
                            Clock::now() + std::chrono::milliseconds(300), {});
              }),
              Refused(ErrorCode::kDeadlineExceeded, "'/bin/sh' did not finish in time"));
  EXPECT_TRUE(witness.all_ended());
}

TEST(RunCommand, a_deadline_ends_one_that_never_stops_printing) {
  EXPECT_THAT(error_of([] {
                run_command(shell("yes"), Clock::now() + std::chrono::milliseconds(200), {});
              }),
              Refused(ErrorCode::kDeadlineExceeded));
}

TEST(RunCommand, a_stop_kills_grandchildren_too) {
  Witness witness;
  std::stop_source stop;
  auto result = std::async(std::launch::async, [&] {
    return error_of([&] {
      run_command(witness.shell("(echo up >&9; sleep 1000) & wait"), soon(), stop.get_token());
    });
  });
  EXPECT_TRUE(witness.spoke());
  stop.request_stop();
  EXPECT_THAT(result.get(), Refused(ErrorCode::kCancelled));
  EXPECT_TRUE(witness.all_ended());
}

TEST(RunCommand, what_a_finished_command_left_in_the_background_is_killed_not_waited_for) {
  Witness witness;
  const auto result = run_command(witness.shell("sleep 1000 & echo done"), soon(), {});
  EXPECT_EQ(result.output, "done\n");
  EXPECT_TRUE(result.status.ok());
  EXPECT_TRUE(witness.all_ended());
}

TEST(RunCommand, a_failing_listener_ends_the_command) {
  EXPECT_THAT(error_of([] {
                run_command(shell("echo x >&2; exec sleep 1000"), soon(), {},
                            [](std::string_view) { throw cancelled("enough"); });
              }),
              Refused(ErrorCode::kCancelled, "enough"));
}

TEST(RunCommand, leaves_no_descriptor_open) {
  const auto open_descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  run("true");
  const auto before = open_descriptors();
  for (int i = 0; i < 20; ++i) run("true");
  EXPECT_TRUE(error_of([] { run_command(shell("yes"), Clock::now(), {}); }));
  EXPECT_TRUE(error_of([] { run_command({.argv = {"/no/such"}}, soon(), {}); }));
  EXPECT_EQ(open_descriptors(), before);
}

TEST(FindProgram, looks_into_sbin_as_well) {
  EXPECT_TRUE(find_program("sh").has_value());
  EXPECT_EQ(find_program("mke2fs").has_value(),
            ::access("/sbin/mke2fs", X_OK) == 0 || ::access("/usr/sbin/mke2fs", X_OK) == 0);
  EXPECT_FALSE(find_program("no-such-program-here"));
  EXPECT_FALSE(find_program("/etc/passwd")) << "it cannot be executed";
}

TEST(StopFd, is_readable_from_the_moment_of_the_request_on) {
  std::stop_source source;
  const StopFd fd(source.get_token());
  EXPECT_FALSE(wait_for(fd.get(), POLLIN, Clock::now(), StopFd({})));
  source.request_stop();
  EXPECT_TRUE(wait_for(fd.get(), POLLIN, soon(), StopFd({})));
}

TEST(RunCommand, holds_a_child_to_its_limits) {
  Command command = shell("ulimit -v; ulimit -f; ulimit -S -f");
  command.limits = {.address_space_bytes = 1U << 30U, .file_size_bytes = 1U << 20U};
  EXPECT_EQ(run_command(command, soon(), {}).output, "1048576\n2048\n2048\n");
  const TemporaryDirectory directory(std::filesystem::temp_directory_path(), "pyro-test");
  command.argv = {"head", "-c", "2000000", "/dev/zero"};
  const UniqueFd out = open_file(directory.path() / "out", O_WRONLY | O_CREAT);
  command.descriptors = {{1, out.get()}};
  const CommandResult result = run_command(command, soon(), {});
  EXPECT_TRUE(result.status.wrote_too_much());
  EXPECT_EQ(std::filesystem::file_size(directory.path() / "out"), 1U << 20U);
  EXPECT_THAT(error_of([&] { run_checked(command, soon(), {}); }),
              Refused(ErrorCode::kResourceExhausted, HasSubstr("a larger file than it may")));
}

}  // namespace
}  // namespace pyro
