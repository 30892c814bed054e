#include "common/api/workspace.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_files.h"
#include "common/base/reasons/machine.h"
#include "tests/guest/workspace_fixture.h"
#include "tests/support/errors.h"

namespace pyro::test {
namespace {

using api::JobState;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Forks for ever, and so do all that it forks.
constexpr const char* kBomb = "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass\n";
/// Starts as many threads as it may have, leaves them running, and fails.
constexpr const char* kHoard =
    "import os, sys, threading, time\n"
    "threading.stack_size(65536)\n"
    "r, w = os.pipe()\n"
    "if os.fork():\n"
    "  os.read(r, 1); sys.exit(9)\n"
    "os.close(1); os.close(2)\n"
    "told = False\n"
    "while True:\n"
    "  try: threading.Thread(target=time.sleep, args=(100000,), daemon=True).start()\n"
    "  except RuntimeError:\n"
    "    if not told: told = os.write(w, b'x')\n"
    "    time.sleep(0.01)\n";

/// Borrows the agent's own end of the link, and writes RESET frames to it without end.
constexpr const char* kFlood =
    "import ctypes, os\n"
    "libc = ctypes.CDLL(None)\n"
    "agent = libc.syscall(434, 1, 0)\n"
    "ports = [n for n in os.listdir('/proc/1/fd') if 'vport' in os.readlink('/proc/1/fd/' + n)]\n"
    "port = libc.syscall(438, agent, int(ports[0]), 0)\n"
    "while True:\n"
    "  try: os.write(port, b'\\1\\0\\0\\0\\7\\0\\0\\0' * 4096)\n"
    "  except BlockingIOError: pass\n";

/// Guests that are worked beyond what they can do: each call is served, or refused with a way out.
class OverloadTest : public WorkspaceFixture {
 protected:
  api::CancelledExec cancel(const std::string& job_id) {
    return call(api::CancelExec{.workspace_id = id_, .job_id = job_id});
  }
  void expect_to_be_served() {
    const auto said = run(id_, "echo hi", 10);
    EXPECT_EQ(said.stdout_text, "hi\n");
    EXPECT_EQ(said.exit_code, 0);
    write(id_, "note", "text");
    EXPECT_EQ(read(id_, "note"), "text");
  }
  void restart() {
    call(api::StopWorkspace{.workspace_id = id_});
    call(api::StartWorkspace{.workspace_id = id_});
  }

  std::string id_ = create().workspace_id;
};

TEST_F(OverloadTest, a_fork_bomb_keeps_no_command_and_no_file_from_its_workspace) {
  EXPECT_EQ(run(id_, ":(){ :|:& };:; echo done").exit_code, 0);
  expect_to_be_served();
  write(id_, "bomb.py", kBomb);
  const auto bomb = run(id_, "python3 bomb.py >&- 2>&- &");
  EXPECT_EQ(bomb.exit_code, 0);
  expect_to_be_served();
  const auto ended = cancel(bomb.job_id);
  EXPECT_EQ(ended.state, JobState::kExited);
  EXPECT_TRUE(ended.left_ended);
  EXPECT_EQ(run(id_, "pgrep -f bomb.py").exit_code, 1) << "nothing of it is left";
  EXPECT_FALSE(cancel(bomb.job_id).left_ended);
}

TEST_F(OverloadTest, a_fork_bomb_keeps_no_workspace_from_a_stop_and_a_reset) {
  write(id_, "bomb.py", kBomb);
  run(id_, "python3 bomb.py >&- 2>&- &");
  restart();
  expect_to_be_served();
  run(id_, "python3 bomb.py >&- 2>&- &");
  reset(id_);
  expect_to_be_served();
}

TEST_F(OverloadTest, a_machine_without_processes_says_so_and_cancels_give_them_back) {
  write(id_, "hoard.py", kHoard);
  std::vector<std::string> hoards;
  for (int i = 0; i < 2; ++i) {
    const auto hoard = run(id_, "exec python3 hoard.py");
    EXPECT_EQ(hoard.exit_code, 9) << hoard.stderr_text;
    EXPECT_EQ(hoard.likely_cause, api::LikelyCause::kTooManyProcesses);
    EXPECT_THAT(hoard.stderr_text, HasSubstr("too many processes: a command may have "));
    hoards.push_back(hoard.job_id);
  }
  // They take what is free, also what they themselves gave back at their end.
  std::optional<Error> refused;
  const Deadline limit = Clock::now() + std::chrono::minutes(1);
  while (!refused && Clock::now() < limit) refused = error_of([&] { run(id_, "true"); });
  EXPECT_THAT(refused, Refused(ErrorCode::kResourceExhausted,
                               AllOf(HasSubstr("overloaded"), HasSubstr("stop or reset"))));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason(), reason::kGuestOverloaded);
  write(id_, "note", "the agent has room");
  for (const auto& job : hoards) EXPECT_TRUE(cancel(job).left_ended);
  expect_to_be_served();
}

TEST_F(OverloadTest, a_workspace_that_its_guest_froze_is_told_with_the_way_out) {
  output_of(id_, "echo before > kept; fsfreeze -f /workspace");
  EXPECT_EQ(run(id_, "echo hi", 10).stdout_text, "hi\n");
  const auto snapshot_error = error_of([&] { snapshot(id_, "frozen"); });
  EXPECT_THAT(snapshot_error, Refused(ErrorCode::kFailedPrecondition,
                                      AllOf(HasSubstr("is frozen"), HasSubstr("fsfreeze -u"))));
  const auto write_error = error_of([&] { write(id_, "note", "text"); });
  EXPECT_THAT(write_error, Refused(ErrorCode::kDeadlineExceeded,
                                   AllOf(HasSubstr("a part of it hangs"), HasSubstr("stop"))));
  EXPECT_EQ(write_error->reason(), reason::kGuestSilent);
  const auto stuck = run(id_, "echo more > stuck", 5);
  EXPECT_EQ(stuck.state, JobState::kTimedOut);
  restart();
  expect_to_be_served();
  EXPECT_EQ(read(id_, "kept"), "before\n");
}

TEST_F(OverloadTest, a_guest_that_floods_its_link_is_silent_until_a_stop_and_keeps_its_files) {
  write(id_, "note", "text");
  write(id_, "flood.py", kFlood);
  std::optional<Error> refused;
  const Deadline limit = Clock::now() + std::chrono::minutes(1);
  while (!refused && Clock::now() < limit) {
    refused = error_of([&] { run(id_, "python3 flood.py >&- 2>&- &", 5); });
  }
  EXPECT_THAT(refused, Refused(ErrorCode::kDeadlineExceeded, HasSubstr("stop or reset")));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason(), reason::kGuestSilent);
  restart();
  EXPECT_EQ(read(id_, "note"), "text");
  expect_to_be_served();
}

TEST_F(OverloadTest, five_thousand_nested_directories_end_every_call_honestly) {
  output_of(id_,
            "python3 -c \"import os\nfor _ in range(5000):\n  os.mkdir('d'); os.chdir('d')\nopen("
            "'file', 'w').write('deep')\"");
  expect_to_be_served();
  const std::function<void()> calls[] = {
      [&] { call(api::ListFiles{.workspace_id = id_, .recursive = true}); },
      [&] { diff(id_); },
      [&] {
        call(api::ExportPath{.workspace_id = id_,
                             .path = "/workspace/d",
                             .output_path = (directory_.path() / "out").string()});
      },
  };
  for (const auto& each : calls) {
    const auto refused = error_of(each);
    EXPECT_THAT(refused, Refused(ErrorCode::kFailedPrecondition,
                                 AllOf(HasSubstr("'d/d/d"), HasSubstr("rm -rf"))));
    EXPECT_LT(refused ? refused->message().size() : 0, 400U);
  }
  snapshot(id_, "deep");
  restart();
  expect_to_be_served();
  EXPECT_EQ(run(id_, "rm -rf d", 100).exit_code, 0);
  EXPECT_EQ(diff(id_).entries.size(), 1U) << "the note";
  reset(id_);
  expect_to_be_served();
}

}  // namespace
}  // namespace pyro::test
