#include <signal.h>

#include <algorithm>
#include <future>
#include <thread>

#include "common/api/job_state.h"
#include "common/api/progress.h"
#include "common/api/workspace.h"
#include "common/api/workspace_summary.h"
#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "common/registry/registry.h"
#include "common/stream/output_receiver.h"
#include "tests/guest/workspace_fixture.h"
#include "tests/support/errors.h"
#include "tests/support/registry_sql.h"

namespace pyro::test {
namespace {

using api::JobState;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Commands that outlive the call that started them.
class WorkspaceJobsTest : public WorkspaceFixture {
 protected:
  /// Begins it and answers at once, while it runs.
  api::WorkspaceExecResult begin(const std::string& id, const std::string& command,
                                 std::uint32_t timeout_seconds = 120) {
    auto begun = call(api::ExecWorkspace{.workspace_id = id,
                                         .command = command,
                                         .timeout_seconds = timeout_seconds,
                                         .answer_within_seconds = 0});
    EXPECT_EQ(begun.state, JobState::kRunning);
    return begun;
  }
  api::ExecPoll poll(const std::string& id, const std::string& job, std::uint64_t cursor = 0,
                     std::uint32_t wait_seconds = 0) {
    return call(api::PollExec{
        .workspace_id = id, .job_id = job, .cursor = cursor, .wait_seconds = wait_seconds});
  }
  struct Printed {
    std::string output;
    std::string errors;
    api::ExecPoll last;
  };
  /// Reads on to the end of the command and of what it printed.
  Printed poll_to_end(const std::string& id, const std::string& job, std::uint64_t cursor = 0) {
    Printed printed;
    do {
      printed.last = poll(id, job, cursor, 40);
      cursor = printed.last.next_cursor;
      EXPECT_LE(printed.last.stdout_text.size(), api::kPollBytes);
      EXPECT_EQ(printed.last.stdout_dropped, std::nullopt);
      EXPECT_EQ(to_valid_utf8(printed.last.stdout_text), printed.last.stdout_text);
      printed.output += printed.last.stdout_text;
      printed.errors += printed.last.stderr_text;
    } while (printed.last.state == JobState::kRunning || printed.last.more);
    return printed;
  }
  /// Polls until it has printed `text`.
  std::string wait_for_output(const std::string& id, const std::string& job,
                              const std::string& text) {
    const Deadline deadline = Clock::now() + std::chrono::minutes(1);
    while (true) {
      const std::string printed = poll(id, job).stdout_text;
      if (printed.find(text) != std::string::npos || Clock::now() > deadline) return printed;
    }
  }
  void kill_and_wait(const std::string& name) {
    const pid_t victim = process_of(name);
    ::kill(victim, SIGKILL);
    const auto lives = [&] {
      const auto now = processes(name);
      return std::find(now.begin(), now.end(), victim) != now.end();
    };
    while (lives()) std::this_thread::yield();
  }
};

TEST_F(WorkspaceJobsTest, a_command_goes_on_while_the_stack_restarts) {
  const std::string id = create().workspace_id;
  const auto begun = begin(id, "mkfifo go; echo before; read line < go; echo $line");
  const auto restarted = pyro({"stack", "restart"});
  EXPECT_TRUE(restarted.status.ok()) << restarted.error_output;
  EXPECT_THAT(restarted.output, HasSubstr("1 running machine went on\n"));
  EXPECT_EQ(call(api::WorkspaceStatus{.workspace_id = id}).state, api::WorkspaceState::kStarted);
  EXPECT_EQ(poll(id, begun.job_id).state, JobState::kRunning);
  output_of(id, "echo after > go");
  EXPECT_EQ(poll_to_end(id, begun.job_id).output, "before\nafter\n");
}

TEST_F(WorkspaceJobsTest, every_byte_is_polled_once_while_services_are_killed) {
  const std::string id = create().workspace_id;
  const auto begun =
      begin(id,
            "for i in $(seq 3); do while [ ! -e go$i ]; do sleep 0.05; done; "
            "for j in $(seq 1500); do echo \"$i é $j\"; echo \"$i $j\" >&2; done; done; exit 5");
  EXPECT_EQ(begun.exit_code, std::nullopt);
  ASSERT_TRUE(begun.cursor.has_value());
  EXPECT_EQ(begun.stdout_text, "");
  std::string output;
  std::string errors;
  std::uint64_t cursor = *begun.cursor;
  int part = 0;
  for (const char* victim : {"pyro-workspace", "pyro-vm", "pyro-supervisor"}) {
    write(id, "go" + std::to_string(++part), "");
    const std::string mark = std::to_string(part) + " 1500\n";
    const Deadline deadline = Clock::now() + std::chrono::minutes(2);
    bool killed = false;
    while (errors.find(mark) == std::string::npos && Clock::now() < deadline) {
      const auto now = poll(id, begun.job_id, cursor);
      cursor = now.next_cursor;
      output += now.stdout_text;
      errors += now.stderr_text;
      if (!std::exchange(killed, true)) kill_and_wait(victim);
    }
    ASSERT_THAT(errors, HasSubstr(mark)) << victim;
  }
  const auto rest = poll_to_end(id, begun.job_id, cursor);
  EXPECT_EQ(rest.last.state, JobState::kExited);
  EXPECT_EQ(rest.last.exit_code, 5);
  std::string expected;
  std::string expected_errors;
  for (int i = 1; i <= 3; ++i) {
    for (int j = 1; j <= 1500; ++j) {
      expected += fmt::format("{} é {}\n", i, j);
      expected_errors += fmt::format("{} {}\n", i, j);
    }
  }
  EXPECT_TRUE(output + rest.output == expected);
  EXPECT_TRUE(errors + rest.errors == expected_errors);
  // The call is answered although it is made once more, and runs nothing.
  EXPECT_EQ(call(api::AttachExec{.workspace_id = id, .job_id = begun.job_id}).stdout_text,
            expected);
  const auto again = poll_to_end(id, begun.job_id);
  EXPECT_TRUE(again.output == expected);
  EXPECT_EQ(status(id).command_count, 1U);
}

TEST_F(WorkspaceJobsTest, a_running_command_is_seen_as_such_and_can_be_cancelled) {
  const std::string id = create().workspace_id;
  const auto job = begin(id, "echo begun; sleep 100").job_id;
  wait_for_output(id, job, "begun");
  const auto log = call(api::WorkspaceLogs{.workspace_id = id});
  EXPECT_EQ(log.entries.at(0).state, JobState::kRunning);
  EXPECT_EQ(log.entries.at(0).job_id, job);
  EXPECT_EQ(log.entries.at(0).exit_code, std::nullopt);
  EXPECT_EQ(log.entries.at(0).stdout_text, "begun\n");
  EXPECT_EQ(status(id).last_command->state, JobState::kRunning);
  EXPECT_EQ(call(api::SummarizeWorkspace{.workspace_id = id}).commands.recent.at(0).job_id, job);

  auto waiting = std::async(
      std::launch::async, [&] { return call(api::AttachExec{.workspace_id = id, .job_id = job}); });
  const api::CancelExec cancel{.workspace_id = id, .job_id = job};
  EXPECT_EQ(call(cancel).state, JobState::kCancelled);
  EXPECT_EQ(waiting.get().state, JobState::kCancelled);
  EXPECT_EQ(call(cancel).state, JobState::kCancelled);
  EXPECT_EQ(poll(id, job).stdout_text, "begun\n");
  EXPECT_EQ(output_of(id, "pgrep -x sleep; true"), "");
  EXPECT_EQ(status(id).last_command->state, JobState::kExited);
  // One that ended by itself is left as it was.
  const auto ended = run(id, "exit 3");
  EXPECT_EQ(call(api::CancelExec{.workspace_id = id, .job_id = ended.job_id}).state,
            JobState::kExited);
}

TEST_F(WorkspaceJobsTest, a_poll_waits_for_the_end_and_knows_it_afterwards) {
  const std::string id = create().workspace_id;
  const auto job = begin(id, "echo begun; sleep 100", 5).job_id;
  const auto end = poll(id, job, 0, 40);
  EXPECT_EQ(end.state, JobState::kTimedOut);
  EXPECT_EQ(end.exit_code, 124);
  EXPECT_EQ(end.stdout_text, "begun\n");
  EXPECT_THAT(end.stderr_text, EndsWith("command timed out after 5s\n"));
  EXPECT_EQ(end.sequence, 1U);
  EXPECT_FALSE(end.more);
  EXPECT_EQ(poll(id, job, end.next_cursor).next_cursor, end.next_cursor);

  const auto running = begin(id, "echo runs; sleep 100").job_id;
  wait_for_output(id, running, "runs");
  call(api::StopWorkspace{.workspace_id = id});
  EXPECT_EQ(poll(id, job).state, JobState::kTimedOut);
  const auto stopped = poll(id, running);
  EXPECT_EQ(stopped.state, JobState::kCancelled);
  EXPECT_EQ(stopped.stdout_text, "runs\n");

  EXPECT_THAT(error_of([&] { poll(id, job, 77); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("cursor 0 reads from the start")));
  reset(id);
  const auto gone =
      Refused(ErrorCode::kNotFound,
              HasSubstr(fmt::format("job '{}' does not exist in workspace '{}'", job, id)));
  EXPECT_THAT(error_of([&] { poll(id, job); }), gone);
  EXPECT_THAT(error_of([&] { call(api::CancelExec{.workspace_id = id, .job_id = job}); }), gone);
  EXPECT_THAT(error_of([&] { call(api::AttachExec{.workspace_id = id, .job_id = job}); }), gone);
}

TEST_F(WorkspaceJobsTest, a_command_that_used_up_the_memory_says_so) {
  const std::string id =
      call(api::CreateWorkspace{.environment = kEnvironment, .mem_mib = 256}).workspace_id;
  const auto killed = run(id, "echo begun >&2; tail /dev/zero", 120);
  EXPECT_EQ(killed.exit_code, 137);
  EXPECT_EQ(killed.killed_by, api::KilledBy::kOutOfMemory);
  EXPECT_THAT(killed.stderr_text,
              AllOf(HasSubstr("begun\n"), HasSubstr("out of memory: "), HasSubstr("256 MiB"),
                    EndsWith("mem_mib at creation gives more\n")));
  EXPECT_EQ(poll(id, killed.job_id).killed_by, api::KilledBy::kOutOfMemory);
  // One that failed by itself was not killed, and neither was one that went on without a part.
  EXPECT_EQ(run(id, "exit 137").killed_by, std::nullopt);
  EXPECT_EQ(run(id, "tail /dev/zero; true", 120).killed_by, std::nullopt);
  const auto log = call(api::WorkspaceLogs{.workspace_id = id});
  ASSERT_EQ(log.entries.size(), 3U);
  EXPECT_EQ(log.entries[0].killed_by, api::KilledBy::kOutOfMemory);
  EXPECT_EQ(log.entries[1].killed_by, std::nullopt);
}

TEST_F(WorkspaceJobsTest, a_command_that_fails_for_want_of_a_network_says_so) {
  const std::string id = create().workspace_id;
  const auto failed = run(id, "curl -sS http://example.org");
  EXPECT_EQ(failed.exit_code, 6);
  EXPECT_EQ(failed.likely_cause, api::LikelyCause::kNoNetwork);
  EXPECT_THAT(failed.stderr_text,
              AllOf(StartsWith("curl: (6) Could not resolve host: example.org\nno network: "),
                    HasSubstr("workspace_sync_push"), EndsWith("\n")));
  EXPECT_EQ(poll(id, failed.job_id).likely_cause, api::LikelyCause::kNoNetwork);
  const auto went_on = run(id, "curl -sS http://example.org || true");
  EXPECT_EQ(went_on.likely_cause, std::nullopt);
  EXPECT_THAT(went_on.stderr_text, EndsWith("host: example.org\n"));
  EXPECT_EQ(run(id, "exit 6").likely_cause, std::nullopt);
}

TEST_F(WorkspaceJobsTest, a_command_that_fails_on_a_full_disk_names_the_disk) {
  const std::string id = create().workspace_id;
  const char* fill =
      "for size in 1G 64M 4M 256K; do number=0; while fallocate -l $size {0}-$size-$number 2>&-; "
      "do "
      "number=$((number + 1)); done; done";
  const auto fail_on = [&](const std::string& path) {
    output_of(id, fmt::format(fmt::runtime(fill), path));
    return run(id, fmt::format("head -c 100M /dev/zero > {}", path));
  };
  const auto system = fail_on("/var/full");
  EXPECT_EQ(system.likely_cause, api::LikelyCause::kSystemDiskFull);
  EXPECT_THAT(system.stderr_text,
              AllOf(HasSubstr("No space left on device"), HasSubstr("system disk ("),
                    EndsWith("is full: delete files there, as with rm\n")));
  EXPECT_EQ(output_of(id, "echo works on"), "works on\n");
  output_of(id, "rm /var/full*");
  const auto workspace = fail_on("/workspace/full");
  EXPECT_EQ(workspace.likely_cause, api::LikelyCause::kWorkspaceFull);
  EXPECT_THAT(workspace.stderr_text, HasSubstr("the disk of /workspace ("));
}

TEST_F(WorkspaceJobsTest, the_same_job_id_twice_runs_once) {
  const std::string id = create().workspace_id;
  const api::ExecWorkspace request{
      .workspace_id = id, .command = "echo ran >> runs; echo said; [ -e go ]", .job_id = new_id()};
  auto second = std::async(std::launch::async, [&] { return call(request); });
  const auto first = call(request);
  EXPECT_EQ(first.stdout_text, "said\n");
  EXPECT_EQ(first.exit_code, 1);
  EXPECT_EQ(second.get().stdout_text, "said\n");
  EXPECT_EQ(call(request).sequence, first.sequence);
  EXPECT_EQ(read(id, "runs"), "ran\n");
  auto other = request;
  other.command = "true";
  EXPECT_THAT(error_of([&] { call(other); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("another command's")));
  other.job_id = "../../../etc";
  EXPECT_THAT(error_of([&] { call(other); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("12 hex digits")));
}

TEST_F(WorkspaceJobsTest, a_repeated_call_does_not_run_in_the_sandbox_of_a_reset_since_the_first) {
  const std::string id = create().workspace_id;
  api::ExecWorkspace request{.workspace_id = id, .command = "echo ran >> runs", .job_id = new_id()};
  const double called_at = now_epoch_seconds();
  EXPECT_EQ(call(request).exit_code, 0);
  kill_and_wait("pyro-workspace");
  EXPECT_EQ(status(id).command_count, 1U);  // it is back
  reset(id);
  request.first_called_at = called_at;
  EXPECT_THAT(error_of([&] { call(request); }),
              Refused(ErrorCode::kFailedPrecondition,
                      HasSubstr("was reset while the answer of this command was lost")));
  EXPECT_THAT(error_of([&] { read(id, "runs"); }), Refused(ErrorCode::kNotFound));
  EXPECT_EQ(status(id).command_count, 0U);
  request.first_called_at = now_epoch_seconds();
  EXPECT_EQ(call(request).exit_code, 0);
  request.job_id = new_id();
  request.first_called_at.reset();
  EXPECT_EQ(call(request).exit_code, 0);
  EXPECT_EQ(read(id, "runs"), "ran\nran\n");
}

TEST_F(WorkspaceJobsTest, a_poll_does_not_wait_with_more_to_read_than_it_takes) {
  const std::string id = create().workspace_id;
  // It ends in its time within the longest wait.
  const auto job = begin(id, "seq 4000; while [ ! -e go ]; do sleep 0.05; done", 30).job_id;
  std::uint64_t cursor = 0;
  for (bool more = true; more;) {
    while (!poll(id, job, cursor).more) std::this_thread::yield();
    const auto page = poll(id, job, cursor, 40);
    ASSERT_EQ(page.state, JobState::kRunning);
    ASSERT_TRUE(page.more);
    cursor = page.next_cursor;
    more = page.stdout_text.find("\n2000\n") == std::string::npos;
  }
  write(id, "go", "");
  EXPECT_EQ(poll_to_end(id, job, cursor).last.exit_code, 0);
}

TEST_F(WorkspaceJobsTest, an_answer_while_it_runs_has_all_of_the_output_so_far) {
  const std::string id = create().workspace_id;
  const std::string command =
      "seq 4000; printf 'all \\303'; while [ ! -e go ]; do sleep 0.05; done; printf '\\251\\n'";
  const auto job = begin(id, command).job_id;
  const auto so_far = [&] {
    return call(api::ExecWorkspace{
        .workspace_id = id, .command = command, .job_id = job, .answer_within_seconds = 0});
  };
  while (!so_far().stdout_text.ends_with("all ")) std::this_thread::yield();
  const auto told = so_far();
  EXPECT_THAT(told.stdout_text, StartsWith("1\n2\n"));
  EXPECT_THAT(told.stdout_text, HasSubstr("\n4000\nall "));
  EXPECT_FALSE(told.stdout_truncated);
  const auto nothing = poll(id, job, told.cursor.value());
  EXPECT_EQ(nothing.stdout_text, "");
  EXPECT_FALSE(nothing.more);
  write(id, "go", "");
  EXPECT_EQ(poll_to_end(id, job, *told.cursor).output, "é\n");
}

TEST_F(WorkspaceJobsTest, a_poll_can_skip_to_the_newest_output) {
  const std::string id = create().workspace_id;
  // So much of it that 4000 bytes before the end lie in the middle of a character.
  const auto job = begin(id,
                         "yes é1234567 | head -c 100000; echo; echo 'the end..'; while [ ! -e go "
                         "]; do sleep 0.05; "
                         "done; echo ended")
                       .job_id;
  const auto newest_of = [&](std::uint64_t cursor) {
    const auto page = poll(id, job, cursor);
    return page.newest_cursor ? poll(id, job, *page.newest_cursor) : page;
  };
  while (!newest_of(0).stdout_text.ends_with("\nthe end..\n")) std::this_thread::yield();
  const auto newest = newest_of(0);
  EXPECT_EQ(to_valid_utf8(newest.stdout_text), newest.stdout_text);
  EXPECT_GT(newest.stdout_text.size(), api::kNewestBytes - 10);
  EXPECT_LE(newest.stdout_text.size(), api::kNewestBytes);
  EXPECT_FALSE(newest.more);
  EXPECT_EQ(newest.newest_cursor, std::nullopt);
  write(id, "go", "");
  const auto ended = poll(id, job, newest.cursor, 40);
  EXPECT_EQ(ended.state, JobState::kExited);
  EXPECT_THAT(ended.stdout_text, ::testing::EndsWith("\nthe end..\nended\n"));
  EXPECT_THAT(newest_of(0).stdout_text, ::testing::EndsWith("\nthe end..\nended\n"));
}

TEST_F(WorkspaceJobsTest, who_can_be_given_no_cursor_hears_of_the_job_all_the_same) {
  const std::string id = create().workspace_id;
  const std::string command = "echo begun; while [ ! -e go ]; do sleep 0.05; done";
  const auto job = begin(id, command).job_id;
  const auto printed = [&] {
    return call(api::WorkspaceLogs{.workspace_id = id}).entries.at(0).stdout_text;
  };
  while (printed().empty()) std::this_thread::yield();
  pyro::testing::run_sql(paths_.registry(),
                         "CREATE TRIGGER refuse BEFORE INSERT ON workspace_cursors "
                         "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END");
  const auto told = call(api::ExecWorkspace{
      .workspace_id = id, .command = command, .job_id = job, .answer_within_seconds = 0});
  EXPECT_EQ(told.state, JobState::kRunning);
  EXPECT_EQ(told.job_id, job);
  EXPECT_EQ(told.cursor, 0U);
  EXPECT_EQ(told.stdout_text, "");
  write(id, "go", "");
  EXPECT_EQ(call(api::AttachExec{.workspace_id = id, .job_id = job}).stdout_text, "begun\n");
}

TEST_F(WorkspaceJobsTest, a_deletion_ends_a_command_that_runs_and_leaves_nothing) {
  const std::string id = create().workspace_id;
  auto waiting = std::async(std::launch::async, [&] {
    return error_of([&] { run(id, "echo > begun; echo printed; sleep 100"); });
  });
  output_of(id, "while [ ! -e begun ]; do sleep 0.05; done");
  EXPECT_TRUE(call(api::DeleteWorkspace{.workspace_id = id}).deleted);
  EXPECT_THAT(waiting.get(), Refused(ErrorCode::kFailedPrecondition,
                                     HasSubstr("its workspace was stopped, reset or deleted")));
  // A service that has ended is through with the command as well.
  expect_no_machine_left();
  EXPECT_TRUE(std::filesystem::is_empty(paths_.workspaces_dir()));
  EXPECT_TRUE(Registry(paths_.registry()).all("workspace_commands").empty());
}

TEST_F(WorkspaceJobsTest, who_attaches_sees_all_from_the_beginning_byte_by_byte) {
  const std::string id = create().workspace_id;
  const auto job = begin(id,
                         "yes é1234567 | head -c 100001; while [ ! -e go ]; do sleep 0.05; done; "
                         "yes ü1234567 | head -c 12000000")
                       .job_id;
  while (!poll(id, job).more) std::this_thread::yield();
  std::string output;
  std::promise<void> began;
  OutputReceiver receiver(paths_.runtime_dir / "streams",
                          [&](std::uint32_t stream, std::string_view data) {
                            EXPECT_EQ(stream, 1U);
                            if (output.empty()) began.set_value();
                            output += data;
                          });
  auto attached = std::async(std::launch::async, [&] {
    return call(api::AttachExec{
        .workspace_id = id, .job_id = job, .output_socket = receiver.socket().string()});
  });
  began.get_future().wait();
  write(id, "go", "");
  const auto result = attached.get();
  receiver.finish(Clock::now() + std::chrono::minutes(1));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.stdout_truncated);
  std::string expected;
  while (expected.size() < 100001) expected += "é1234567\n";
  expected.resize(100001);
  std::string rest;
  while (rest.size() < 12000000) rest += "ü1234567\n";
  rest.resize(12000000);
  EXPECT_TRUE(output == expected + rest) << output.size();
  // What is kept afterwards is the beginning and the end, and polls say what is missing between.
  std::uint64_t read = 0;
  std::uint64_t dropped = 0;
  std::uint64_t cursor = 0;
  api::ExecPoll part;
  do {
    part = poll(id, job, cursor);
    cursor = part.next_cursor;
    dropped += part.stdout_dropped.value_or(0);
    ASSERT_EQ(part.stdout_text, (expected + rest).substr(read + dropped, part.stdout_text.size()));
    read += part.stdout_text.size();
  } while (part.more && read < 100'000);
  EXPECT_EQ(dropped, 0U);
  const auto kept = call(api::AttachExec{.workspace_id = id, .job_id = job});
  EXPECT_THAT(kept.stdout_text, HasSubstr(" bytes dropped …]\n"));
  EXPECT_TRUE(kept.stdout_text.starts_with(expected));
}

TEST_F(WorkspaceJobsTest, a_caller_that_waits_hears_the_last_line) {
  const std::string id = create().workspace_id;
  // Quotes nothing that could steer a terminal.
  const api::Progress expected{.phase = "exec", .message = "step [1mtwo"};
  std::promise<void> heard;
  bool told = false;
  const auto note = [&](const api::Progress& step) {
    if (step == expected && !std::exchange(told, true)) heard.set_value();
  };
  auto waiting = std::async(std::launch::async, [&] {
    return client_->call(
        api::ExecWorkspace{
            .workspace_id = id,
            .command = "printf 'first\\nstep \\033[1mtwo\\n\\n'; while [ ! -e go ]; do sleep 0.05; "
                       "done"},
        {.deadline = Clock::now() + std::chrono::minutes(2), .progress = note});
  });
  ASSERT_EQ(heard.get_future().wait_for(std::chrono::minutes(1)), std::future_status::ready);
  write(id, "go", "");
  EXPECT_EQ(waiting.get().exit_code, 0);
}

TEST_F(WorkspaceJobsTest, two_jobs_at_once_and_reads_of_old_cursors_are_kept_apart) {
  const std::string id = create().workspace_id;
  const auto a = begin(id, "for i in $(seq 4000); do echo \"a $i\"; done; sleep 100").job_id;
  const auto b = begin(id, "for i in $(seq 4000); do echo \"b $i\"; done; sleep 100").job_id;
  const auto all_is_printed = [&] {
    const auto log = call(api::WorkspaceLogs{.workspace_id = id});
    return log.entries.at(0).stdout_text.ends_with("a 4000\n") &&
           log.entries.at(1).stdout_text.ends_with("b 4000\n");
  };
  while (!all_is_printed()) std::this_thread::yield();
  const auto first = poll(id, a);
  const auto second = poll(id, a, first.next_cursor);
  EXPECT_THAT(first.stdout_text, StartsWith("a 1\n"));
  EXPECT_THAT(poll(id, b).stdout_text, StartsWith("b 1\n"));
  EXPECT_EQ(poll(id, a).stdout_text, first.stdout_text);
  EXPECT_EQ(poll(id, a).next_cursor, first.next_cursor);
  call(api::CancelExec{.workspace_id = id, .job_id = a});
  EXPECT_EQ(poll(id, a, first.next_cursor).stdout_text, second.stdout_text);
  EXPECT_EQ(poll(id, b).state, JobState::kRunning);
}

TEST_F(WorkspaceJobsTest, the_command_line_finds_the_way_back_to_a_job) {
  const std::string id = create().workspace_id;
  RunningCommand lost(pyro_words({"workspace", "exec", id, "--", "sh", "-c",
                                  "echo begun; while [ ! -e go ]; do sleep 0.05; done; exit 6"}));
  ASSERT_TRUE(lost.wait_for_text("begun")) << lost.output();
  kill_and_wait("pyro-workspace");
  EXPECT_EQ(lost.finish(), 1);
  const std::string job = status(id).last_command->job_id;
  EXPECT_THAT(lost.output(), HasSubstr(fmt::format("the command still runs: pyro workspace exec "
                                                   "--attach {}",
                                                   job)));
  RunningCommand attached(pyro_words({"workspace", "exec", "--attach", job}));
  ASSERT_TRUE(attached.wait_for_text("begun")) << attached.output();
  write(id, "go", "");
  EXPECT_EQ(attached.finish(), 6) << attached.output();
  EXPECT_EQ(pyro({"workspace", "exec", id, "--attach", job}).status.code, 6);

  const auto next = begin(id, "echo begun; sleep 100").job_id;
  RunningCommand interrupted(pyro_words({"workspace", "exec", id, "--attach", next}));
  ASSERT_TRUE(interrupted.wait_for_text("begun")) << interrupted.output();
  interrupted.signal(SIGINT);
  EXPECT_EQ(interrupted.finish(), 128 + SIGINT);
  EXPECT_EQ(poll(id, next).state, JobState::kCancelled);

  // Also where the service that would hear of it is away just then.
  const auto interrupt_unheard = [&](std::vector<std::string> words) {
    RunningCommand unheard(pyro_words(std::move(words)));
    ASSERT_TRUE(unheard.wait_for_text("begun")) << unheard.output();
    const auto last = status(id).last_command->job_id;
    const pid_t supervisor = process_of("pyro-supervisor");
    ::kill(supervisor, SIGSTOP);
    kill_and_wait("pyro-workspace");
    unheard.signal(SIGINT);
    ::kill(supervisor, SIGCONT);
    EXPECT_EQ(unheard.finish(), 128 + SIGINT);
    EXPECT_EQ(poll(id, last).state, JobState::kCancelled);
  };
  interrupt_unheard({"workspace", "exec", id, "--", "sh", "-c", "echo begun; sleep 100"});
  interrupt_unheard({"workspace", "exec", "--attach", begin(id, "echo begun; sleep 100").job_id});

  EXPECT_THAT(pyro({"workspace", "exec", id, "--attach", "nothere"}).error_output,
              HasSubstr("job 'nothere' does not exist in workspace"));
  EXPECT_THAT(pyro({"workspace", "exec", "--attach", "nothere"}).error_output,
              HasSubstr("job 'nothere' does not exist: the logs of a workspace name those"));
  const std::string other = create().workspace_id;
  EXPECT_THAT(pyro({"workspace", "exec", other, "--attach", job}).error_output,
              HasSubstr(fmt::format("job '{}' does not exist in workspace '{}'", job, other)));
}

}  // namespace
}  // namespace pyro::test
