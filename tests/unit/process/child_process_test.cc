#include "common/process/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <thread>

#include "common/base/files.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"
#include "tests/unit/process/commands.h"

namespace pyro {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
using ::testing::HasSubstr;

ExitStatus run(const Command& command) {
  return ChildProcess(command).wait(soon(), StopFd({})).value();
}

struct Pipe {
  UniqueFd read, write;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  /// Everything until the last writer is gone.
  std::string drain() {
    write.reset();
    return read_to_end(read.get(), 1U << 20U);
  }
};

TEST(ChildProcess, gives_exit_codes_and_signals_as_a_shell_does) {
  EXPECT_EQ(run(shell("exit 0")).code, 0);
  EXPECT_EQ(run(shell("exit 37")).code, 37);
  const ExitStatus killed = run(shell("kill -TERM $$"));
  EXPECT_EQ(killed.code, 128 + SIGTERM);
  EXPECT_TRUE(killed.signalled);
}

TEST(ChildProcess, a_missing_program_is_not_found_by_its_name) {
  EXPECT_THAT(error_of([] { run({.argv = {"no-such-program-here"}}); }),
              Refused(ErrorCode::kNotFound, "program 'no-such-program-here' is not installed"));
  EXPECT_THAT(error_of([] { run({.argv = {"/no/such"}}); }),
              Refused(ErrorCode::kNotFound, "program '/no/such' is not installed"));
}

TEST(ChildProcess, a_missing_directory_is_named) {
  EXPECT_THAT(
      error_of([] { run({.argv = {"/bin/true"}, .directory = "/no/such/place"}); }),
      Refused(ErrorCode::kNotFound,
              "start '/bin/true' in directory '/no/such/place': No such file or directory"));
}

TEST(ChildProcess, a_file_that_is_no_program_is_an_error_of_the_start) {
  const TestDirectory dir;
  write_file_atomically(dir / "data", "\x7f neither ELF nor script", 0755);
  EXPECT_THAT(error_of([&] { run({.argv = {(dir / "data").string()}}); }),
              Refused(ErrorCode::kInternal, HasSubstr("execve: Exec format error")));
}

TEST(ChildProcess, a_relative_program_is_found_from_here_not_from_where_it_starts) {
  const TestDirectory dir;
  write_file_atomically(dir / "tool", "#!/bin/sh\nexit 5\n", 0755);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  const Cleanup back([&before] { std::filesystem::current_path(before); });
  EXPECT_EQ(run({.argv = {"./tool"}, .directory = "/"}).code, 5);
}

TEST(ChildProcess, its_environment_differs_as_told) {
  ::setenv("PYRO_TEST_KEPT", "kept", 1);
  ::setenv("PYRO_TEST_GONE", "gone", 1);
  Command command =
      shell("test \"$PYRO_TEST_KEPT$PYRO_TEST_NEW-${PYRO_TEST_GONE-unset}\" = keptnew-unset");
  command.environment = {{"PYRO_TEST_NEW", "new"}, {"PYRO_TEST_GONE", std::nullopt}};
  EXPECT_EQ(run(command).code, 0);
}

TEST(ChildProcess, descriptors_are_placed_even_when_they_change_places) {
  Pipe a, b;
  Command command = shell("echo to-a >&4; echo to-b >&3");
  // Each source may sit on the other's target: none may overwrite one that is still to come.
  const UniqueFd low_a(::fcntl(a.write.get(), F_DUPFD_CLOEXEC, 3));
  const UniqueFd low_b(::fcntl(b.write.get(), F_DUPFD_CLOEXEC, 3));
  command.descriptors = {{4, low_a.get()}, {3, low_b.get()}};
  const int swapped_a = low_a.get();
  const int swapped_b = low_b.get();
  command.descriptors.emplace_back(swapped_a < 64 ? swapped_a : 20, low_b.get());
  command.descriptors.emplace_back(swapped_b < 64 ? swapped_b : 21, low_a.get());
  EXPECT_EQ(run(command).code, 0);
  EXPECT_EQ(read_to_end(a.read.get(), 5), "to-a\n");
  EXPECT_EQ(read_to_end(b.read.get(), 5), "to-b\n");
}

TEST(ChildProcess, gets_no_descriptor_that_was_not_named_and_null_for_the_standard_ones) {
  const Pipe left_alone;
  const UniqueFd inherited(::fcntl(left_alone.read.get(), F_DUPFD, 30));
  Pipe out;
  Command command = shell("ls -l /proc/self/fd | sed -n 's/.* \\([0-9]*\\) -> /\\1 /p'");
  command.descriptors = {{1, out.write.get()}};
  EXPECT_EQ(run(command).code, 0);
  const std::string listed = out.drain();
  EXPECT_THAT(listed, HasSubstr("0 /dev/null"));
  EXPECT_THAT(listed, HasSubstr("2 /dev/null"));
  EXPECT_THAT(listed, Not(HasSubstr("\n" + std::to_string(inherited.get()) + " ")));
}

TEST(ChildProcess, is_the_first_process_of_a_pid_namespace_of_its_own) {
  Pipe out;
  Command command = shell("echo $$");
  command.namespaces = CLONE_NEWUSER | CLONE_NEWPID;
  command.descriptors = {{1, out.write.get()}};
  EXPECT_EQ(run(command).code, 0);
  EXPECT_EQ(out.drain(), "1\n");
}

TEST(ChildProcess, namespaces_that_the_host_refuses_are_an_error_of_the_start) {
  Command command = shell("exit 0");
  // A thread's flag: no child has a pid namespace and this process's signal handlers.
  command.namespaces = CLONE_NEWPID | CLONE_SIGHAND;
  EXPECT_THAT(error_of([&] { run(command); }),
              Refused(ErrorCode::kInternal, HasSubstr("clone into new namespaces: ")));
}

TEST(ChildProcess, takes_its_last_step_in_the_place_of_execve) {
  Command command = shell("exit 0");
  command.execute = [](const Execution& execution) {
    const std::array<char*, 4> other{execution.argv[0], execution.argv[1],
                                     const_cast<char*>("exit 7"), nullptr};
    ::execve(execution.program, other.data(), execution.envp);
    return "execve";
  };
  EXPECT_EQ(run(command).code, 7);
}

TEST(ChildProcess, names_the_step_that_failed_in_the_place_of_execve) {
  Command command = shell("exit 0");
  command.execute = [](const Execution&) {
    errno = EPERM;
    return "bind '/some/file'";
  };
  EXPECT_THAT(
      error_of([&] { run(command); }),
      Refused(ErrorCode::kInternal, "start '/bin/sh': bind '/some/file': Operation not permitted"));
}

TEST(ChildProcess, starts_with_no_signal_blocked) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  const ExitStatus status = run(shell("kill -TERM $$; exit 0"));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(status.code, 128 + SIGTERM);
}

TEST(ChildProcess, starts_with_the_signals_blocked_that_are_named) {
  Command command = shell("kill -TERM $$; echo lives");
  command.blocked_signals = {SIGTERM};
  EXPECT_EQ(run_command(command, Clock::now() + std::chrono::seconds(10), {}).output, "lives\n");
}

TEST(ChildProcess, wait_gives_up_at_its_deadline_and_on_a_stop) {
  ChildProcess child(shell("exec sleep 1000"));
  EXPECT_FALSE(child.wait(Clock::now(), StopFd({})).has_value());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(error_of([&] { child.wait(soon(), StopFd(stop.get_token())); }),
              Refused(ErrorCode::kCancelled));
}

TEST(ChildProcess, its_destructor_kills_and_reaps_it) {
  pid_t pid = 0;
  {
    const ChildProcess child(shell("exec sleep 1000"));
    pid = child.pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

/// Starts a process in which `parentage` children are started and that is then killed; true when
/// the child of it ended as well.
bool child_ends_with_its_parent(Parentage parentage) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  Pipe told;
  const pid_t parent = ::fork();
  if (parent == 0) {
    const ChildProcess child({.argv = {"/bin/sleep", "1000"}, .parentage = parentage});
    const pid_t pid = child.pid();
    write_all(told.write.get(), {reinterpret_cast<const char*>(&pid), sizeof pid});
    ::pause();
  }
  pid_t child = 0;
  EXPECT_EQ(::read(told.read.get(), &child, sizeof child), static_cast<ssize_t>(sizeof child));
  const UniqueFd watched(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  if (parentage == Parentage::kDieWithParent) {
    EXPECT_TRUE(wait_for(watched.get(), POLLIN, soon(), StopFd({})));
    ::waitpid(child, nullptr, 0);
    return true;
  }
  // PDEATHSIG is sent before the parent can be reaped, so that it would be pending by now.
  const bool ended = wait_for(watched.get(), POLLIN, Clock::now(), StopFd({}));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return ended;
}

TEST(ChildProcess, dies_with_a_killed_parent) {
  EXPECT_TRUE(child_ends_with_its_parent(Parentage::kDieWithParent));
}

TEST(ChildProcess, a_detached_one_lives_on) {
  EXPECT_FALSE(child_ends_with_its_parent(Parentage::kDetached));
}

TEST(ChildProcess, starts_from_many_threads_at_once) {
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&good, i] {
      for (int n = 0; n < 5; ++n) good += run(shell("exit " + std::to_string(i))).code == i;
    });
  }
  threads.clear();
  EXPECT_EQ(good, 40);
}

}  // namespace
}  // namespace pyro
