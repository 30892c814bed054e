#include "common/api/workspace.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <future>
#include <thread>

#include "common/api/machine.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_files.h"
#include "common/api/workspace_snapshots.h"
#include "common/api/workspace_summary.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/registry/registry.h"
#include "services/workspace/workspace_table.h"
#include "tests/guest/workspace_fixture.h"
#include "tests/support/errors.h"
#include "tests/support/soon.h"

namespace pyro::test {
namespace {

namespace fs = std::filesystem;
using api::WorkspaceState;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class WorkspaceGuestTest : public WorkspaceFixture {};

TEST_F(WorkspaceGuestTest, begins_with_the_seed_as_roots_files_in_slash_workspace) {
  const auto workspace = create(small_seed());
  EXPECT_EQ(workspace.state, WorkspaceState::kStarted);
  EXPECT_EQ(workspace.workspace_seed.mode, api::SeedMode::kDirectory);
  EXPECT_EQ(workspace.workspace_seed.origin_kind, "manual_seed_path");
  EXPECT_EQ(output_of(workspace.workspace_id,
                      "pwd; stat -c '%u:%g %a' src/main.py; ./link 2>&1 | head -1; readlink link; "
                      "od -An -tx1 data.bin; stat -c %F empty"),
            "/workspace\n0:0 755\n"
            "./link: line 1: syntax error near unexpected token `'hello''\n"
            "src/main.py\n 00 ff 01 20 62 69 6e 61 72 79\ndirectory\n");
  EXPECT_EQ(output_of(workspace.workspace_id, "stat -c '%u:%g' /workspace README.md"),
            "0:0\n0:0\n");
}

TEST_F(WorkspaceGuestTest, git_works_on_a_seeded_repository_whoever_owns_it_on_the_host) {
  const fs::path seed = small_seed();
  const auto git = [&seed](std::vector<std::string> words) {
    std::vector<std::string> argv = {"git",         "-C", seed.string(),   "-c",
                                     "user.name=n", "-c", "user.email=e@x"};
    argv.insert(argv.end(), words.begin(), words.end());
    run_checked({.argv = argv}, Clock::now() + std::chrono::seconds(30), {});
  };
  git({"init", "-q"});
  git({"add", "."});
  git({"commit", "-qm", "first"});
  if (::geteuid() == 0) {
    run_checked({.argv = {"chown", "-R", "12345:12345", seed.string()}},
                Clock::now() + std::chrono::seconds(30), {});
  }
  const auto workspace = create(seed);
  EXPECT_EQ(output_of(workspace.workspace_id, "git status --short && git log --format=%s"),
            "first\n");
}

TEST_F(WorkspaceGuestTest, keeps_a_history_of_commands_with_what_they_printed) {
  const std::string id = create().workspace_id;
  const auto first = run(id, "echo out; echo err >&2; exit 3");
  EXPECT_EQ(first.exit_code, 3);
  EXPECT_EQ(first.stdout_text, "out\n");
  EXPECT_EQ(first.stderr_text, "err\n");
  EXPECT_EQ(first.sequence, 1U);
  EXPECT_EQ(first.cwd, "/workspace");
  EXPECT_EQ(run(id, "true").sequence, 2U);
  const auto log = call(api::WorkspaceLogs{.workspace_id = id});
  ASSERT_EQ(log.entries.size(), 2U);
  EXPECT_EQ(log.entries[0].stdout_text, "out\n");
  EXPECT_EQ(log.entries[0].exit_code, 3);
  const auto now = status(id);
  EXPECT_EQ(now.command_count, 2U);
  EXPECT_EQ(now.last_command->command, "true");
}

TEST_F(WorkspaceGuestTest, a_command_over_its_time_ends_with_124_and_keeps_what_it_printed) {
  const std::string id = create().workspace_id;
  const auto result = run(id, "echo begun; sleep 100", 5);
  EXPECT_EQ(result.exit_code, 124);
  EXPECT_EQ(result.stdout_text, "begun\n");
  EXPECT_THAT(result.stderr_text, HasSubstr("command timed out after 5s"));
}

TEST_F(WorkspaceGuestTest, runs_commands_at_the_same_time_and_lets_background_children_live_on) {
  const std::string id = create().workspace_id;
  auto waiting = std::async(std::launch::async, [&] {
    return run(id, "while [ ! -e go ]; do sleep 0.05; done; echo went");
  });
  run(id, "(while [ ! -e done ]; do sleep 0.05; done; echo lived > child) > /dev/null 2>&1 &");
  output_of(id, "touch go");
  EXPECT_EQ(waiting.get().stdout_text, "went\n");
  EXPECT_EQ(output_of(id, "touch done; while [ ! -s child ]; do sleep 0.05; done; cat child"),
            "lived\n");
}

TEST_F(WorkspaceGuestTest, a_reset_brings_back_the_baseline_and_nothing_of_the_session_stays) {
  const std::string id = create(small_seed()).workspace_id;
  output_of(id,
            "rm -r src; echo new > new; echo changed >> README.md; touch /tmp/trace /etc/trace;"
            " sleep 1000 > /dev/null 2>&1 &");
  const auto workspace = reset(id);
  EXPECT_EQ(workspace.reset_count, 1U);
  EXPECT_EQ(workspace.command_count, 0U);
  EXPECT_EQ(workspace.state, WorkspaceState::kStarted);
  ASSERT_TRUE(workspace.workspace_reset.has_value());
  EXPECT_EQ(workspace.workspace_reset->kind, "baseline");
  EXPECT_EQ(workspace.workspace_reset->entry_count, workspace.workspace_seed.entry_count);
  EXPECT_EQ(
      output_of(id,
                "ls -A; cat README.md; ls -A /tmp; ls /etc/trace 2>/dev/null; pgrep sleep; true"),
      "README.md\ndata.bin\nempty\nlink\nsrc\n# Project\n\nA line.\n");
  EXPECT_FALSE(diff(id).changed);
  EXPECT_EQ(call(api::WorkspaceLogs{.workspace_id = id}).count, 1U);
  EXPECT_EQ(machine_count(), 1U);
}

TEST_F(WorkspaceGuestTest, a_snapshot_holds_one_moment_and_can_be_gone_back_to) {
  const std::string id = create(small_seed()).workspace_id;
  output_of(id, "echo kept > kept");
  snapshot(id, "first");
  output_of(id, "rm kept; echo later > later");
  const auto list = call(api::ListSnapshots{.workspace_id = id});
  ASSERT_EQ(list.snapshots.size(), 2U);
  EXPECT_EQ(list.snapshots[0].snapshot_name, "baseline");
  EXPECT_EQ(list.snapshots[1].entry_count, list.snapshots[0].entry_count + 1);
  const auto workspace = reset(id, "first");
  EXPECT_EQ(workspace.workspace_reset->kind, "named");
  EXPECT_EQ(output_of(id, "cat kept; ls later 2>/dev/null; true"), "kept\n");
  // The diff is still against the state at creation.
  const auto changes = diff(id);
  ASSERT_EQ(changes.entries.size(), 1U);
  EXPECT_EQ(changes.entries[0].path, "kept");
  reset(id);
  EXPECT_FALSE(diff(id).changed);
  call(api::DeleteSnapshot{.workspace_id = id, .snapshot_name = "first"});
  EXPECT_THAT(error_of([&] { reset(id, "first"); }),
              Refused(ErrorCode::kNotFound, HasSubstr("snapshot 'first' does not exist")));
  EXPECT_EQ(status(id).state, WorkspaceState::kStarted);
}

TEST_F(WorkspaceGuestTest, a_snapshot_is_whole_while_the_guest_writes) {
  const std::string id = create().workspace_id;
  output_of(id,
            "(i=0; while true; do i=$((i+1)); echo $i > a.tmp; cp a.tmp b.tmp; mv a.tmp a; "
            "mv b.tmp b; done) > /dev/null 2>&1 &");
  output_of(id, "while [ ! -e b ]; do sleep 0.05; done");
  snapshot(id, "busy");
  snapshot(id, "again");
  reset(id, "busy");
  const std::string a = output_of(id, "cat a");
  const std::string b = output_of(id, "cat b");
  EXPECT_LE(std::stoi(a) - std::stoi(b), 1) << a << b;
  EXPECT_THAT(output_of(id, "touch writable && echo yes"), "yes\n");
}

TEST_F(WorkspaceGuestTest, a_stop_keeps_everything_on_disk_and_a_start_brings_it_back) {
  const std::string id = create(small_seed()).workspace_id;
  output_of(id,
            "echo kept > kept; echo installed > /opt/tool; head -c 200000000 /dev/urandom > big;"
            " md5sum big > sum");
  const auto stopped = call(api::StopWorkspace{.workspace_id = id});
  EXPECT_EQ(stopped.state, WorkspaceState::kStopped);
  EXPECT_FALSE(stopped.last_error.has_value());
  EXPECT_THAT(error_of([&] { run(id, "true"); }),
              Refused(ErrorCode::kFailedPrecondition,
                      HasSubstr("must be in 'started' state before workspace_exec")));
  EXPECT_THAT(error_of([&] { snapshot(id, "s"); }),
              Refused(ErrorCode::kFailedPrecondition,
                      HasSubstr("must be in 'started' state before snapshot_create")));
  const auto started = call(api::StartWorkspace{.workspace_id = id});
  EXPECT_EQ(started.state, WorkspaceState::kStarted);
  EXPECT_EQ(started.command_count, 1U);
  EXPECT_EQ(output_of(id, "cat kept /opt/tool; md5sum -c sum"), "kept\ninstalled\nbig: OK\n");
  EXPECT_EQ(call(api::StartWorkspace{.workspace_id = id}).state, WorkspaceState::kStarted);
}

TEST_F(WorkspaceGuestTest, a_guest_that_dies_is_noticed_at_once_and_can_be_started_again) {
  const std::string id = create(small_seed()).workspace_id;
  write(id, "written", "by the host\n");
  auto waiting = std::async(std::launch::async, [&] {
    return error_of([&] { run(id, "echo begun > begun; sleep 60"); });
  });
  output_of(id, "while [ ! -e begun ]; do sleep 0.05; done");
  ::kill(process_of("qemu-system-x86_64"), SIGKILL);
  EXPECT_THAT(waiting.get(), Refused(ErrorCode::kFailedPrecondition,
                                     HasSubstr("backing guest process is no longer running")));
  const auto dead = wait_for_stopped(id);
  EXPECT_EQ(dead.state, WorkspaceState::kStopped);
  EXPECT_EQ(dead.last_error, "backing guest process is no longer running");
  for (const auto& entry : call(api::WorkspaceLogs{.workspace_id = id}).entries) {
    EXPECT_EQ(entry.exit_code.has_value(), !entry.command.ends_with("sleep 60")) << entry.command;
  }
  EXPECT_THAT(error_of([&] { read(id, "written"); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("workspace_file_read")));
  EXPECT_EQ(call(api::StartWorkspace{.workspace_id = id}).last_error, std::nullopt);
  EXPECT_EQ(read(id, "written"), "by the host\n");
}

TEST_F(WorkspaceGuestTest, a_reset_works_from_any_state) {
  const std::string id = create(small_seed()).workspace_id;
  call(api::StopWorkspace{.workspace_id = id});
  EXPECT_EQ(reset(id).state, WorkspaceState::kStarted);
  ::kill(process_of("qemu-system-x86_64"), SIGKILL);
  EXPECT_EQ(reset(id).reset_count, 2U);
  EXPECT_EQ(read(id, "src/main.py"), "print('hello')\n");
}

TEST_F(WorkspaceGuestTest, a_reset_that_fails_leaves_a_stopped_workspace_that_can_be_tried_again) {
  const std::string id = create(small_seed()).workspace_id;
  output_of(id, "echo mine > mine");
  snapshot(id, "s");
  const fs::path volume = paths_.workspaces_dir() / id / "snapshots/s.ext4";
  // The features that a kernel must know, in ext4's super block.
  constexpr off_t kFeaturesAt = 1024 + 0x60;
  const UniqueFd file = open_file(volume, O_RDWR);
  std::array<char, 4> features{};
  ASSERT_EQ(::pread(file.get(), features.data(), features.size(), kFeaturesAt), 4);
  ASSERT_EQ(::pwrite(file.get(), "\xFF\xFF\xFF\xFF", 4, kFeaturesAt), 4);
  EXPECT_TRUE(error_of([&] { reset(id, "s"); }).has_value());
  const auto failed = status(id);
  EXPECT_EQ(failed.state, WorkspaceState::kStopped);
  EXPECT_THAT(failed.last_error.value_or(""), HasSubstr("reset failed: "));
  EXPECT_EQ(failed.reset_count, 0U);
  EXPECT_EQ(machine_count(), 1U);
  ASSERT_EQ(::pwrite(file.get(), features.data(), features.size(), kFeaturesAt), 4);
  EXPECT_EQ(reset(id, "s").reset_count, 1U);
  EXPECT_EQ(read(id, "mine"), "mine\n");
  EXPECT_EQ(status(id).last_error, std::nullopt);
}

TEST_F(WorkspaceGuestTest, deleting_one_removes_every_trace) {
  const std::string id = create(small_seed()).workspace_id;
  run(id, "echo printed");
  snapshot(id, "s");
  const auto deleted = call(api::DeleteWorkspace{.workspace_id = id});
  EXPECT_TRUE(deleted.deleted);
  EXPECT_THAT(error_of([&] { status(id); }),
              Refused(ErrorCode::kNotFound, HasSubstr("does not exist")));
  EXPECT_TRUE(fs::is_empty(paths_.workspaces_dir()));
  EXPECT_EQ(call(api::ListWorkspaces{}).count, 0U);
  expect_no_machine_left();
}

TEST_F(WorkspaceGuestTest, what_cannot_be_seeded_leaves_nothing) {
  EXPECT_THAT(
      error_of([&] { create(directory_.path() / "missing"); }),
      Refused(ErrorCode::kNotFound, AllOf(HasSubstr("seed_path"), HasSubstr("does not exist"))));
  put(directory_.path() / "plain.txt", "x");
  EXPECT_THAT(error_of([&] { create(directory_.path() / "plain.txt"); }),
              Refused(ErrorCode::kInvalidArgument,
                      "seed_path must be a directory or a .tar/.tar.gz/.tgz archive"));
  EXPECT_EQ(call(api::ListWorkspaces{}).count, 0U);
  EXPECT_TRUE(wait_for_machines(0));
  EXPECT_TRUE(fs::is_empty(paths_.workspaces_dir()));
}

TEST_F(WorkspaceGuestTest, an_archive_is_a_seed_as_well) {
  const fs::path seed = small_seed();
  const fs::path archive = directory_.path() / "seed.tar.gz";
  run_checked({.argv = {"tar", "-C", seed.string(), "-czf", archive.string(), "."}},
              Clock::now() + std::chrono::seconds(30), {});
  const auto workspace = create(archive);
  EXPECT_EQ(workspace.workspace_seed.mode, api::SeedMode::kTarArchive);
  EXPECT_EQ(output_of(workspace.workspace_id,
                      "cat src/main.py; readlink link; stat -c %a link/.. "
                      "2>/dev/null; stat -c %a src/main.py"),
            "print('hello')\nsrc/main.py\n755\n");
}

TEST_F(WorkspaceGuestTest, names_and_labels_can_be_changed_and_taken_away) {
  const auto made = call(api::CreateWorkspace{
      .environment = kEnvironment, .name = "parser", .labels = {{"team", "a"}, {"kind", "fix"}}});
  const std::string id = made.workspace_id;
  const auto changed = call(api::UpdateWorkspace{
      .workspace_id = id, .name = "parser 2", .labels = {{"team", "b"}}, .clear_labels = {"kind"}});
  EXPECT_EQ(changed.name, "parser 2");
  EXPECT_EQ(changed.labels, (std::map<std::string, std::string>{{"team", "b"}}));
  EXPECT_GT(changed.last_activity_at, made.last_activity_at);
  EXPECT_EQ(call(api::UpdateWorkspace{.workspace_id = id, .clear_name = true}).name, std::nullopt);
  EXPECT_THAT(error_of([&] { call(api::UpdateWorkspace{.workspace_id = id, .name = "a\nb"}); }),
              Refused(ErrorCode::kInvalidArgument));
}

TEST_F(WorkspaceGuestTest, reads_do_not_move_the_expiry_and_changes_do) {
  const std::string id = create(small_seed()).workspace_id;
  const double before = status(id).last_activity_at;
  read(id, "README.md");
  diff(id);
  call(api::WorkspaceLogs{.workspace_id = id});
  call(api::SummarizeWorkspace{.workspace_id = id});
  EXPECT_EQ(status(id).last_activity_at, before);
  write(id, "a", "b");
  const auto after = status(id);
  EXPECT_GT(after.last_activity_at, before);
  EXPECT_EQ(after.expires_at, after.last_activity_at + after.ttl_seconds);
}

TEST_F(WorkspaceGuestTest, lists_the_most_recent_activity_first) {
  const std::string first = create().workspace_id;
  const std::string second = create().workspace_id;
  run(first, "true");
  const auto list = call(api::ListWorkspaces{});
  ASSERT_EQ(list.count, 2U);
  EXPECT_EQ(list.workspaces[0].workspace_id, first);
  EXPECT_EQ(list.workspaces[0].command_count, 1U);
  EXPECT_EQ(list.workspaces[1].workspace_id, second);
  EXPECT_EQ(list.workspaces[1].state, WorkspaceState::kStarted);
}

TEST_F(WorkspaceGuestTest, a_summary_tells_the_session) {
  const std::string id = create(small_seed()).workspace_id;
  run(id, "echo changed >> README.md");
  write(id, "notes/a.txt", "a\n");
  snapshot(id, "s");
  call(api::ExportPath{.workspace_id = id,
                       .path = "README.md",
                       .output_path = (directory_.path() / "out.md").string()});
  const auto summary = call(api::SummarizeWorkspace{.workspace_id = id});
  EXPECT_EQ(summary.outcome.command_count, 1U);
  EXPECT_EQ(summary.outcome.export_count, 1U);
  EXPECT_EQ(summary.outcome.snapshot_count, 1U);
  EXPECT_TRUE(summary.changes.available);
  EXPECT_EQ(summary.changes.summary.total, 2U);
  ASSERT_EQ(summary.edits.recent.size(), 1U);
  EXPECT_THAT(summary.edits.recent[0].paths, ElementsAre("/workspace/notes/a.txt"));
  call(api::StopWorkspace{.workspace_id = id});
  const auto stopped = call(api::SummarizeWorkspace{.workspace_id = id});
  EXPECT_FALSE(stopped.changes.available);
  EXPECT_EQ(stopped.changes.reason, "the workspace is stopped");
}

TEST_F(WorkspaceGuestTest, cancelling_ends_the_command_and_a_vanished_caller_does_not) {
  const std::string id = create().workspace_id;
  std::stop_source stop;
  auto cancelled = std::async(std::launch::async, [&] {
    return error_of([&] {
      client_->call(api::ExecWorkspace{.workspace_id = id,
                                       .command = "echo $$ > pid; sleep 60; echo survived > file"},
                    {.deadline = Clock::now() + std::chrono::minutes(1), .stop = stop.get_token()});
    });
  });
  output_of(id, "while [ ! -s pid ]; do sleep 0.05; done");
  stop.request_stop();
  EXPECT_THAT(cancelled.get(), Refused(ErrorCode::kCancelled));
  EXPECT_EQ(output_of(id, "ls; pgrep -x sleep; true"), "pid\n");

  const std::string script = "echo begun; for i in $(seq 30); do sleep 0.1; done; echo end > end";
  RunningCommand vanishing(pyro_words({"workspace", "exec", id, "--", "sh", "-c", script}));
  ASSERT_TRUE(vanishing.wait_for_text("begun")) << vanishing.output();
  vanishing.signal(SIGKILL);
  vanishing.finish();
  EXPECT_EQ(output_of(id, "while [ ! -s end ]; do sleep 0.1; done; cat end"), "end\n");
  const auto job = call(api::WorkspaceLogs{.workspace_id = id}).entries.at(3).job_id;
  const auto ended = call(api::AttachExec{.workspace_id = id, .job_id = job});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.stdout_text, "begun\n");
}

/// Short lives, which the interface does not allow: the record is changed behind its back, and the
/// reaper looks again when a call ends.
class ExpiringWorkspaceTest : public WorkspaceFixture {
 protected:
  void expire_in(const std::string& id, double seconds) {
    Registry registry(paths_.registry());
    workspace::WorkspaceTable(registry).update(id, [seconds](workspace::WorkspaceRecord& record) {
      record.workspace.expires_at = now_epoch_seconds() + seconds;
    });
    // Where it has expired by now, that says so, and the reaper has looked.
    error_of([&] { call(api::ListFiles{.workspace_id = id}); });
  }
};

TEST_F(ExpiringWorkspaceTest, is_stopped_at_its_expiry_and_started_again_with_its_files) {
  const std::string id = create(small_seed()).workspace_id;
  output_of(id, "echo kept > kept.txt");
  expire_in(id, 1);
  ASSERT_TRUE(soon([&] { return status(id).state == WorkspaceState::kExpired; }));
  EXPECT_TRUE(soon([&] { return processes("qemu-system-x86_64").size() <= 1; })) << "a standby";
  EXPECT_THAT(error_of([&] { run(id, "true"); }), Refused(reason::kNotStarted));
  EXPECT_EQ(call(api::StartWorkspace{.workspace_id = id}).state, WorkspaceState::kStarted);
  EXPECT_EQ(read(id, "kept.txt"), "kept\n");
}

TEST_F(ExpiringWorkspaceTest, lives_on_while_a_background_process_runs) {
  const std::string id = create().workspace_id;
  const std::string idle = create().workspace_id;
  run(id, "sleep 1000 >/dev/null 2>&1 & echo $! > pid");
  expire_in(id, 0.1);
  expire_in(idle, 0.2);
  // Later than the other, and seen by the same reaper.
  ASSERT_TRUE(soon([&] { return status(idle).state == WorkspaceState::kExpired; }));
  EXPECT_EQ(status(id).state, WorkspaceState::kStarted);
  EXPECT_EQ(call(api::ListFiles{.workspace_id = id}).expires_at, std::nullopt);
  run(id, "kill $(cat pid)");
  expire_in(id, 0.1);
  EXPECT_TRUE(soon([&] { return status(id).state == WorkspaceState::kExpired; }));
}

TEST_F(ExpiringWorkspaceTest, lives_on_while_a_command_runs) {
  const std::string id = create().workspace_id;
  const std::string other = create().workspace_id;
  auto running = std::async(std::launch::async,
                            [&] { return run(id, "while [ ! -e go ]; do sleep 0.1; done"); });
  while (status(id).command_count == 0) std::this_thread::yield();
  expire_in(id, 0.2);
  while (status(id).expires_at > now_epoch_seconds()) std::this_thread::yield();
  // It says nothing of a time that has no meaning now.
  EXPECT_EQ(call(api::ListFiles{.workspace_id = id}).expires_at, std::nullopt);
  // The end of any call has the reaper look; what it did not spare is gone before the last one.
  for (int i = 0; i < 3; ++i) call(api::ListFiles{.workspace_id = other});
  write(id, "go", "");
  const auto ended = running.get();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.expires_at, std::nullopt);
  EXPECT_GT(status(id).expires_at, now_epoch_seconds() + 500);
}

TEST_F(ExpiringWorkspaceTest, every_reply_of_its_last_part_names_the_expiry) {
  const std::string id = create().workspace_id;
  EXPECT_EQ(call(api::ListFiles{.workspace_id = id}).expires_at, std::nullopt);
  expire_in(id, 100);
  const auto listed = call(api::ListFiles{.workspace_id = id});
  ASSERT_TRUE(listed.expires_at.has_value());
  EXPECT_NEAR(*listed.expires_at, now_epoch_seconds() + 100, 20);
}

}  // namespace
}  // namespace pyro::test
