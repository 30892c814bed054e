#include "common/api/workspace_shells.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "common/base/files.h"
#include "common/base/text.h"
#include "common/process/wait.h"
#include "tests/guest/workspace_fixture.h"
#include "tests/support/errors.h"
#include "tests/support/soon.h"

namespace pyro::test {
namespace {

using pyro::testing::error_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Shells in real guests.
class WorkspaceShellsTest : public WorkspaceFixture {
 protected:
  std::string open(const std::string& id, std::uint32_t cols = 80, std::uint32_t rows = 24) {
    return call(api::OpenShell{.workspace_id = id, .cols = cols, .rows = rows}).shell_id;
  }
  void type(const std::string& id, const std::string& shell, const std::string& input,
            bool enter = true) {
    call(api::WriteShell{
        .workspace_id = id, .shell_id = shell, .input = input, .append_newline = enter});
  }
  api::ShellRead read(const std::string& id, const std::string& shell, std::uint64_t cursor = 0,
                      bool plain = false) {
    return call(api::ReadShell{.workspace_id = id,
                               .shell_id = shell,
                               .cursor = cursor,
                               .plain = plain,
                               .wait_for_idle_ms = 300});
  }
  /// Reads on until it has printed `text`; the cursor behind it.
  std::uint64_t wait_for(const std::string& id, const std::string& shell, const std::string& text,
                         std::uint64_t cursor = 0) {
    const Deadline deadline = Clock::now() + std::chrono::minutes(2);
    std::string all;
    while (all.find(text) == std::string::npos && Clock::now() < deadline) {
      const auto part = call(api::ReadShell{
          .workspace_id = id, .shell_id = shell, .cursor = cursor, .wait_for_idle_ms = 20});
      all += part.output;
      cursor = part.next_cursor;
    }
    EXPECT_THAT(all, HasSubstr(text));
    return cursor;
  }
  api::ShellList list(const std::string& id) { return call(api::ListShells{.workspace_id = id}); }
  void close(const std::string& id, const std::string& shell) {
    call(api::CloseShell{.workspace_id = id, .shell_id = shell});
  }
};

TEST_F(WorkspaceShellsTest, a_shell_keeps_its_state_across_calls_and_killed_services) {
  const std::string id = create().workspace_id;
  const std::string shell = open(id);
  type(id, shell, "cd /tmp; here=$((6*7))");
  for (const char* victim : {"pyro-workspace", "pyro-vm", "pyro-files", "pyro-supervisor"}) {
    SCOPED_TRACE(victim);
    const auto cursor = read(id, shell).next_cursor;
    for (const pid_t pid : processes(victim)) ::kill(pid, SIGKILL);
    type(id, shell, "echo \"$PWD-$here\"");
    wait_for(id, shell, "\r/tmp-42\r\n", cursor);
    EXPECT_EQ(list(id).running_count, 1U);
  }
  close(id, shell);
}

TEST_F(WorkspaceShellsTest, a_screen_is_read_as_a_person_sees_it) {
  const std::string id = create().workspace_id;
  write(id, "draw.py", R"(
import curses, sys
def main(screen):
    curses.curs_set(0)
    screen.addstr(0, 0, "title")
    screen.addstr(3, 10, "漢字 ok")
    screen.refresh()
    key = screen.getkey()
    screen.addstr(3, 10, "was " + key + "   ")
    screen.refresh()
    screen.getkey()
curses.wrapper(main)
)");
  const std::string shell = open(id, 40, 8);
  type(id, shell, "python3 draw.py");
  auto cursor = wait_for(id, shell, "ok");
  EXPECT_EQ(read(id, shell, 0, true).output, "title\n\n\n          漢字 ok");
  type(id, shell, "k", false);
  cursor = wait_for(id, shell, "k", cursor);
  EXPECT_THAT(read(id, shell, 0, true).output, HasSubstr("title\n\n\n          was k"));
  type(id, shell, "q", false);
  type(id, shell, "for i in 1 50 100; do printf '\\r%3d%%' $i; sleep 0.2; done; echo; echo end-$?");
  wait_for(id, shell, "end-0");
  const auto after = read(id, shell, cursor, true).output;
  EXPECT_THAT(after, HasSubstr("\n100%\nend-0\npyro$"));
  EXPECT_THAT(after, Not(HasSubstr("title")));
}

TEST_F(WorkspaceShellsTest, a_close_ends_all_that_the_shell_started) {
  const std::string id = create().workspace_id;
  const std::string shell = open(id);
  type(id, shell, "nohup setsid sleep 7777 >/dev/null 2>&1 & echo begun-$((1+1))");
  wait_for(id, shell, "begun-2");
  EXPECT_EQ(output_of(id, "cat /proc/[0-9]*/comm | grep -cx sleep; true"), "1\n");
  close(id, shell);
  EXPECT_EQ(output_of(id, "cat /proc/[0-9]*/comm | grep -cx sleep; true"), "0\n");
  EXPECT_THAT(list(id).shells, IsEmpty());
}

TEST_F(WorkspaceShellsTest, a_hundred_megabytes_grow_no_process_of_the_host) {
  const std::string id = create().workspace_id;
  const std::string shell = open(id);
  wait_for(id, shell, "pyro$ ");
  const auto memory = [&](const char* name) {
    const std::string status = read_file("/proc/" + std::to_string(process_of(name)) + "/status");
    const std::size_t at = status.find("VmHWM:");
    return std::stoul(status.substr(at + 6)) / 1024;  // MiB
  };
  std::map<std::string, unsigned long> before;
  const auto names = {"pyro-workspace", "pyro-vm-shim", "pyro-vm"};
  for (const char* name : names) before[name] = memory(name);
  type(id, shell, "stty -opost; yes 0123456789abcde | head -c 100000000; echo over-$((1+1))");
  std::uint64_t cursor = 0;
  std::string end;
  std::uint64_t dropped = 0;
  while (end.find("over-2") == std::string::npos) {
    const auto part = call(api::ReadShell{.workspace_id = id, .shell_id = shell, .cursor = cursor});
    dropped += part.dropped_chars.value_or(0);
    EXPECT_EQ(part.next_cursor, cursor + part.dropped_chars.value_or(0) + width_of(part.output));
    cursor = part.next_cursor;
    end = end.substr(end.size() - std::min<std::size_t>(end.size(), 10)) + part.output;
    ASSERT_EQ(part.state, api::ShellState::kRunning);
  }
  EXPECT_GT(cursor, 100'000'000U);
  EXPECT_LT(cursor, 100'000'500U);
  for (const char* name : names) EXPECT_LT(memory(name), before[name] + 16) << name;
}

TEST_F(WorkspaceShellsTest, a_guest_that_dies_takes_its_shells_with_it) {
  const std::string id = create().workspace_id;
  const std::string shell = open(id);
  ::kill(process_of("qemu-system-x86_64"), SIGKILL);
  EXPECT_EQ(wait_for_stopped(id).state, api::WorkspaceState::kStopped);
  EXPECT_THAT(error_of([&] { read(id, shell); })->message(),
              HasSubstr("must be in 'started' state before shell operations"));
  EXPECT_TRUE(soon([&] { return list(id).count == 0; }));
  call(api::StartWorkspace{.workspace_id = id});
  EXPECT_EQ(error_of([&] { read(id, shell); })->message(),
            "shell '" + shell + "' does not exist in workspace '" + id + "'");
}

/// `pyro workspace shell attach` on a terminal of the test's.
class Attached {
 public:
  Attached(std::vector<std::string> words, unsigned short cols, unsigned short rows) {
    const winsize size{.ws_row = rows, .ws_col = cols, .ws_xpixel = 0, .ws_ypixel = 0};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    int master = -1;
    pid_ = ::forkpty(&master, nullptr, nullptr, &size);
    if (pid_ == 0) {
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    master_.reset(master);
    ::tcgetattr(master, &before_);
  }
  ~Attached() {
    ::kill(pid_, SIGKILL);
    if (!ended_) ::waitpid(pid_, nullptr, 0);
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

  void type(std::string_view text) { write_all(master_.get(), text); }
  void resize(unsigned short cols, unsigned short rows) {
    const winsize size{.ws_row = rows, .ws_col = cols, .ws_xpixel = 0, .ws_ypixel = 0};
    ::ioctl(master_.get(), TIOCSWINSZ, &size);
  }
  /// Reads on until `text` has come.
  std::string read_until(const std::string& text) {
    const Deadline deadline = Clock::now() + std::chrono::minutes(1);
    std::string all;
    while (all.find(text) == std::string::npos &&
           pyro::wait_for(master_.get(), POLLIN, deadline, StopFd({}))) {
      std::array<char, 4096> bytes;
      const ssize_t n = ::read(master_.get(), bytes.data(), bytes.size());
      if (n <= 0) break;
      all.append(bytes.data(), static_cast<std::size_t>(n));
    }
    EXPECT_THAT(all, HasSubstr(text));
    return all;
  }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  bool is_as_before() const {
    termios now{};
    ::tcgetattr(master_.get(), &now);
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag &&
           now.c_oflag == before_.c_oflag;
  }

 private:
  pid_t pid_ = -1;
  UniqueFd master_;
  termios before_{};
  bool ended_ = false;
};

TEST_F(WorkspaceShellsTest, a_person_uses_a_shell_beside_a_model_and_leaves_it) {
  const std::string id = create().workspace_id;
  const std::string shell = open(id);
  type(id, shell, "model=here");
  Attached person(pyro_words({"workspace", "shell", "attach", id, shell}), 77, 33);
  person.read_until("pyro$ ");
  person.type("stty size; echo \"<$model>\"\r");
  EXPECT_THAT(person.read_until("<here>"), HasSubstr("33 77"));
  person.resize(60, 20);
  EXPECT_TRUE(soon([&] { return list(id).shells[0].cols == 60; }));
  const auto cursor = read(id, shell).next_cursor;
  type(id, shell, "stty size; echo from-the-$(echo model)");
  EXPECT_THAT(person.read_until("from-the-model"), HasSubstr("20 60"));
  EXPECT_THAT(read(id, shell, cursor).output, HasSubstr("from-the-model"));
  for (const pid_t pid : processes("pyro-workspace")) ::kill(pid, SIGKILL);
  person.type("echo after-$((1+1))\r");
  person.read_until("after-2");
  person.type("\x1d");
  person.read_until("which runs on");
  EXPECT_EQ(person.wait(), 0);
  EXPECT_TRUE(person.is_as_before());
  EXPECT_EQ(list(id).running_count, 1U);
}

TEST_F(WorkspaceShellsTest, the_end_of_an_attached_shell_gives_its_exit_status) {
  const std::string id = create().workspace_id;
  const std::string shell = open(id);
  Attached person(pyro_words({"workspace", "shell", "attach", id, shell}), 80, 24);
  person.read_until("pyro$ ");
  person.type("exit 5\r");
  person.read_until("has ended");
  EXPECT_EQ(person.wait(), 5);
  EXPECT_TRUE(person.is_as_before());
}

TEST_F(WorkspaceShellsTest, an_attached_terminal_is_restored_when_its_process_is_told_to_end) {
  const std::string id = create().workspace_id;
  const std::string shell = open(id);
  Attached person(pyro_words({"workspace", "shell", "attach", id, shell}), 80, 24);
  person.read_until("pyro$ ");
  for (const pid_t pid : processes("pyro")) ::kill(pid, SIGTERM);
  EXPECT_NE(person.wait(), 0);
  EXPECT_TRUE(person.is_as_before());
  EXPECT_EQ(list(id).running_count, 1U);
}

}  // namespace
}  // namespace pyro::test
