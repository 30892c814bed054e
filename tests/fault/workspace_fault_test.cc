#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <future>
#include <thread>

#include "common/api/job_state.h"
#include "common/api/machine.h"
#include "common/api/workspace.h"
#include "common/api/workspace_commands.h"
#include "common/api/workspace_disk.h"
#include "common/api/workspace_services.h"
#include "common/api/workspace_shells.h"
#include "common/api/workspace_snapshots.h"
#include "common/api/workspace_sync.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "tests/fault/workspace_faults.h"
#include "tests/support/errors.h"
#include "tests/support/soon.h"

namespace pyro::test {
namespace {

namespace fs = std::filesystem;
using api::WorkspaceState;
using pyro::testing::error_of;
using ::testing::AnyOf;

TEST_F(WorkspaceFaults, a_create_is_all_or_nothing_wherever_a_process_is_killed) {
  const fs::path seed = small_seed();
  walk({.prepare = [] {},
        .act = [&] { create(seed); },
        .check =
            [&] {
              const auto list = call(api::ListWorkspaces{});
              EXPECT_LE(list.count, 1U);
              for (const auto& found : list.workspaces) {
                revive(found.workspace_id);
                EXPECT_EQ(read(found.workspace_id, "README.md"), "# Project\n\nA line.\n");
                call(api::DeleteWorkspace{.workspace_id = found.workspace_id});
              }
              expect_no_garbage(0);
            },
        .least_steps = 10});
}

TEST_F(WorkspaceFaults, a_reset_is_all_or_nothing_wherever_a_process_is_killed) {
  const std::string id = create(small_seed()).workspace_id;
  std::uint32_t resets = 0;
  walk({.prepare =
            [&] {
              revive(id);
              write(id, "session.txt", "session");
              resets = status(id).reset_count;
            },
        .act = [&] { reset(id); },
        .check =
            [&] {
              const bool is_new = status(id).reset_count > resets;
              revive(id);
              EXPECT_EQ(error_of([&] { read(id, "session.txt"); }).has_value(), is_new);
              EXPECT_EQ(read(id, "README.md"), "# Project\n\nA line.\n");
              expect_no_garbage(1);
            },
        .least_steps = 8});
}

TEST_F(WorkspaceFaults, a_snapshot_is_there_whole_or_not_wherever_a_process_is_killed) {
  const std::string id = create(small_seed()).workspace_id;
  int number = 0;
  walk({.prepare =
            [&] {
              revive(id);
              write(id, "number.txt", std::to_string(++number));
            },
        .act = [&] { snapshot(id, "s" + std::to_string(number)); },
        .check =
            [&] {
              revive(id);  // it is not frozen
              const std::string name = "s" + std::to_string(number);
              const auto list = call(api::ListSnapshots{.workspace_id = id}).snapshots;
              const bool is_there = list.back().snapshot_name == name;
              if (is_there) {
                reset(id, name);
                EXPECT_EQ(read(id, "number.txt"), std::to_string(number));
                call(api::DeleteSnapshot{.workspace_id = id, .snapshot_name = name});
              } else {
                snapshot(id, name);
                call(api::DeleteSnapshot{.workspace_id = id, .snapshot_name = name});
              }
              EXPECT_TRUE(fs::is_empty(paths_.workspaces_dir() / id / "snapshots"));
              expect_no_garbage(1);
            },
        .least_steps = 3});
}

TEST_F(WorkspaceFaults, a_deleted_snapshot_is_whole_or_gone_wherever_a_process_is_killed) {
  const std::string id = create(small_seed()).workspace_id;
  const fs::path volumes = paths_.workspaces_dir() / id / "snapshots";
  int number = 0;
  walk({.prepare =
            [&] {
              revive(id);
              write(id, "number.txt", std::to_string(++number));
              snapshot(id, "s");
            },
        .act = [&] { call(api::DeleteSnapshot{.workspace_id = id, .snapshot_name = "s"}); },
        .check =
            [&] {
              revive(id);
              if (call(api::ListSnapshots{.workspace_id = id}).snapshots.back().snapshot_name ==
                  "s") {
                reset(id, "s");
                EXPECT_EQ(read(id, "number.txt"), std::to_string(number));
                call(api::DeleteSnapshot{.workspace_id = id, .snapshot_name = "s"});
              }
              const Deadline deadline = Clock::now() + std::chrono::seconds(30);
              while (!fs::is_empty(volumes) && Clock::now() < deadline) std::this_thread::yield();
              EXPECT_TRUE(fs::is_empty(volumes));
              expect_no_garbage(1);
            },
        .least_steps = 1});
}

TEST_F(WorkspaceFaults, a_stop_keeps_the_disk_wherever_a_process_is_killed) {
  const std::string id = create(small_seed()).workspace_id;
  int number = 0;
  walk({.prepare =
            [&] {
              revive(id);
              run(id, fmt::format("echo {} > number.txt && sync", ++number));
            },
        .act = [&] { call(api::StopWorkspace{.workspace_id = id}); },
        .check =
            [&] {
              revive(id);
              EXPECT_EQ(read(id, "number.txt"), fmt::format("{}\n", number));
              EXPECT_EQ(read(id, "README.md"), "# Project\n\nA line.\n");
              expect_no_garbage(1);
            },
        .least_steps = 3});
}

TEST_F(WorkspaceFaults, a_start_brings_the_disk_back_wherever_a_process_is_killed) {
  const std::string id = create(small_seed()).workspace_id;
  int number = 0;
  walk({.prepare =
            [&] {
              revive(id);
              write(id, "number.txt", std::to_string(++number));
              call(api::StopWorkspace{.workspace_id = id});
            },
        .act = [&] { call(api::StartWorkspace{.workspace_id = id}); },
        .check =
            [&] {
              revive(id);
              EXPECT_EQ(read(id, "number.txt"), std::to_string(number));
              expect_no_garbage(1);
            },
        .least_steps = 2});
}

TEST_F(WorkspaceFaults, a_push_comes_whole_or_not_wherever_a_process_is_killed) {
  const std::string id = create(small_seed()).workspace_id;
  const fs::path source = directory_.path() / "source";
  int version = 0;
  walk({.prepare =
            [&] {
              revive(id);
              ++version;
              for (const char* name : {"a", "b/c", "README.md"}) {
                put(source / name, std::to_string(version));
              }
            },
        .act = [&] { call(api::PushSync{.workspace_id = id, .source_path = source.string()}); },
        .check =
            [&] {
              revive(id);
              const std::string readme = read(id, "README.md");
              if (readme != "# Project\n\nA line.\n") {
                EXPECT_EQ(read(id, "a"), readme);
                EXPECT_EQ(read(id, "b/c"), readme);
              }
              EXPECT_EQ(read(id, "src/main.py"), "print('hello')\n");
              expect_no_garbage(1);
            },
        .least_steps = 2});
}

TEST_F(WorkspaceFaults, an_exported_disk_is_whole_or_absent_wherever_a_process_is_killed) {
  const std::string id = create(small_seed()).workspace_id;
  const fs::path directory = directory_.path() / "out";
  const fs::path output = directory / "disk.ext4";
  walk({.prepare =
            [&] {
              call(api::StopWorkspace{.workspace_id = id});
              fs::remove_all(directory);
              fs::create_directory(directory);
            },
        .act = [&] { call(api::ExportDisk{.workspace_id = id, .output_path = output.string()}); },
        .check =
            [&] {
              const auto listed = call(api::ListDisk{.workspace_id = id, .path = "src"});
              EXPECT_EQ(listed.entries.at(0).path, "/workspace/src/main.py");
              // The next service has removed what a killed one left.
              for (const auto& entry : fs::directory_iterator(directory)) {
                EXPECT_EQ(entry.path(), output);
                EXPECT_EQ(run_command({.argv = {"e2fsck", "-fn", output.string()}},
                                      Clock::now() + std::chrono::minutes(1), {})
                              .status.code,
                          0);
              }
              EXPECT_TRUE(fs::is_empty(paths_.exports_dir()));
              expect_no_garbage(1);
            },
        .least_steps = 4});
}

TEST_F(WorkspaceFaults, a_deletion_leaves_all_or_nothing_wherever_a_process_is_killed) {
  const fs::path seed = small_seed();
  std::string id;
  walk({.prepare = [&] { id = create(seed).workspace_id; },
        .act = [&] { call(api::DeleteWorkspace{.workspace_id = id}); },
        .check =
            [&] {
              if (call(api::ListWorkspaces{}).count > 0) {
                revive(id);
                EXPECT_EQ(read(id, "README.md"), "# Project\n\nA line.\n");
                call(api::DeleteWorkspace{.workspace_id = id});
              }
              expect_no_garbage(0);
            },
        .least_steps = 4});
}

TEST_F(WorkspaceFaults, a_command_runs_once_wherever_a_process_is_killed) {
  const std::string id = create().workspace_id;
  api::ExecWorkspace request{.workspace_id = id};
  int number = 0;
  std::optional<Error> failed;
  walk({.prepare =
            [&] {
              revive(id);
              request.command = fmt::format("echo {} >> runs && sync runs", ++number);
              request.job_id = new_id();
              request.first_called_at = now_epoch_seconds();
            },
        .act =
            [&] {
              // As the MCP server does.
              do {
                failed = error_of([&] { EXPECT_EQ(call(request).exit_code, 0); });
              } while (failed && failed->code() == ErrorCode::kUnavailable);
            },
        .check =
            [&] {
              // Only the end of its guest ends a command.
              if (failed) {
                EXPECT_EQ(failed->code(), ErrorCode::kFailedPrecondition) << failed->message();
                EXPECT_EQ(wait_for_stopped(id).state, WorkspaceState::kStopped)
                    << failed->message();
              }
              revive(id);
              const auto log = call(api::WorkspaceLogs{.workspace_id = id}).entries;
              const auto entries = std::count_if(log.begin(), log.end(), [&](const auto& entry) {
                return entry.job_id == request.job_id;
              });
              const auto lines = output_of(id, fmt::format("grep -cx {} runs; true", number));
              if (failed) {
                EXPECT_LE(entries, 1);
                EXPECT_THAT(lines, AnyOf("", "0\n", "1\n"));
              } else {
                EXPECT_EQ(entries, 1);
                EXPECT_EQ(lines, "1\n");
              }
            },
        .least_steps = 5});
}

TEST_F(WorkspaceFaults, a_shell_is_opened_once_or_not_wherever_a_process_is_killed) {
  const std::string id = create().workspace_id;
  std::string shell;
  walk({.prepare =
            [&] {
              revive(id);
              shell = new_id();
            },
        .act = [&] { call(api::OpenShell{.workspace_id = id, .call_id = shell}); },
        .check =
            [&] {
              revive(id);
              // The same open, repeated: it is that one, or the first.
              call(api::OpenShell{.workspace_id = id, .call_id = shell});
              EXPECT_EQ(call(api::ListShells{.workspace_id = id}).count, 1U);
              call(api::WriteShell{.workspace_id = id, .shell_id = shell, .input = "true"});
              call(api::CloseShell{.workspace_id = id, .shell_id = shell});
              expect_no_garbage(1);
            },
        .least_steps = 2});
}

TEST_F(WorkspaceFaults, a_closed_shell_is_gone_or_as_before_wherever_a_process_is_killed) {
  const std::string id = create().workspace_id;
  std::string shell;
  walk({.prepare =
            [&] {
              revive(id);
              shell = call(api::OpenShell{.workspace_id = id}).shell_id;
            },
        .act = [&] { call(api::CloseShell{.workspace_id = id, .shell_id = shell}); },
        .check =
            [&] {
              revive(id);
              error_of([&] { call(api::CloseShell{.workspace_id = id, .shell_id = shell}); });
              const Deadline deadline = Clock::now() + std::chrono::seconds(30);
              const auto count = [&] { return call(api::ListShells{.workspace_id = id}).count; };
              while (count() > 0 && Clock::now() < deadline) std::this_thread::yield();
              EXPECT_EQ(count(), 0U);
              EXPECT_FALSE(error_of([&] { run(id, "true"); }));
              expect_no_garbage(1);
            },
        .least_steps = 1});
}

/// A service of a workspace, and what of it is in the guest.
class ServiceFaults : public WorkspaceFaults {
 protected:
  using State = api::WorkspaceServiceState;

  void start() {
    ++number_;
    call(api::StartService{.workspace_id = id_,
                           .service_name = "web",
                           .command = fmt::format("touch ready-{}; exec sleep 7777", number_),
                           .ready_file = fmt::format("ready-{}", number_),
                           .ready_timeout_seconds = 60});
  }
  void stop() { call(api::StopService{.workspace_id = id_, .service_name = "web"}); }
  /// Nothing when there is none.
  std::optional<api::Service> service() {
    const auto list = call(api::ListServices{.workspace_id = id_}).services;
    return list.empty() ? std::nullopt : std::optional(list.front());
  }
  void expect_that_it_runs_as_its_record_says() {
    std::optional<api::Service> now;
    EXPECT_TRUE(soon([&] {
      now = service();
      return !now || now->state != State::kRunning || now->ready_at;
    })) << "it starts for ever";
    const bool runs = now && now->state == State::kRunning;
    EXPECT_EQ(output_of(id_, "cat /proc/[0-9]*/comm | grep -cx sleep; true"), runs ? "1\n" : "0\n");
  }

  std::string id_ = create().workspace_id;

 private:
  int number_ = 0;
};

TEST_F(ServiceFaults, a_service_is_started_with_its_record_or_not_wherever_a_process_is_killed) {
  walk({.prepare =
            [&] {
              revive(id_);
              const auto before = service();
              if (before && before->state == State::kRunning) stop();
            },
        .act = [&] { start(); },
        .check =
            [&] {
              revive(id_);
              expect_that_it_runs_as_its_record_says();
              expect_no_garbage(1);
            },
        .least_steps = 3});
}

TEST_F(ServiceFaults, a_stopped_service_is_gone_or_as_before_wherever_a_process_is_killed) {
  walk({.prepare =
            [&] {
              revive(id_);
              const auto before = service();
              if (!before || before->state != State::kRunning) start();
            },
        .act = [&] { stop(); },
        .check =
            [&] {
              revive(id_);
              expect_that_it_runs_as_its_record_says();
              stop();
              EXPECT_NE(service()->state, State::kRunning);
              expect_that_it_runs_as_its_record_says();
              expect_no_garbage(1);
            },
        .least_steps = 3});
}

TEST_F(WorkspaceFaults, a_command_outlives_every_service) {
  const std::string id = create().workspace_id;
  for (const char* victim : {"pyro-workspace", "pyro-vm", "pyro-files", "pyro-supervisor"}) {
    SCOPED_TRACE(victim);
    const std::string mark = std::string("ended-") + victim;
    auto waiting = std::async(std::launch::async, [&] {
      return error_of([&] {
        run(id, "echo > begun; while [ ! -e go ]; do sleep 0.05; done; echo x > " + mark);
      });
    });
    // A command that is recorded need not have begun.
    output_of(id, "while [ ! -e begun ]; do sleep 0.05; done; rm begun");
    for (const pid_t pid : processes(victim)) ::kill(pid, SIGKILL);
    // Who waited for it hears of its own service's end, and of no other's.
    const bool deaf = std::string(victim) == "pyro-workspace";
    if (deaf) {
      EXPECT_TRUE(waiting.get().has_value());
    }
    output_of(id, "touch go; while [ ! -s " + mark + " ]; do sleep 0.05; done; rm go");
    if (!deaf) {
      EXPECT_FALSE(waiting.get().has_value());
    }
    for (const auto& entry : call(api::WorkspaceLogs{.workspace_id = id}).entries) {
      call(api::AttachExec{.workspace_id = id, .job_id = entry.job_id});  // to its end
    }
    for (const auto& entry : call(api::WorkspaceLogs{.workspace_id = id}).entries) {
      EXPECT_EQ(entry.exit_code, 0) << entry.command;
    }
  }
}

TEST_F(WorkspaceFaults, a_command_whose_end_was_not_recorded_is_found_ended_by_the_next_service) {
  const std::string id = create().workspace_id;
  const auto begun = call(
      api::ExecWorkspace{.workspace_id = id,
                         .command = "echo said; while [ ! -e go ]; do sleep 0.05; done; exit 4",
                         .answer_within_seconds = 0});
  points_.kill_at("workspace.exec.ended");
  write(id, "go", "");
  const auto ended =
      call(api::PollExec{.workspace_id = id, .job_id = begun.job_id, .wait_seconds = 40});
  EXPECT_TRUE(points_.wait_until_held([] { return true; })) << "nobody was killed";
  points_.release();
  EXPECT_EQ(ended.state, api::JobState::kExited);
  EXPECT_EQ(ended.exit_code, 4);
  EXPECT_EQ(ended.stdout_text, "said\n");
}

TEST_F(WorkspaceFaults,
       a_command_that_was_recorded_and_not_begun_leaves_no_entry_and_can_be_repeated) {
  const std::string id = create().workspace_id;
  const api::ExecWorkspace request{
      .workspace_id = id, .command = "echo ran >> runs; echo said", .job_id = new_id()};
  for (const bool repeated : {false, true}) {
    SCOPED_TRACE(repeated);
    points_.kill_at("workspace.exec.recorded");
    EXPECT_TRUE(error_of([&] { call(request); }).has_value());
    EXPECT_TRUE(points_.wait_until_held([] { return true; })) << "nobody was killed";
    points_.release();
    if (!repeated) {
      while (status(id).command_count > 0) std::this_thread::yield();
      continue;
    }
    std::optional<Error> lost;
    do {
      lost = error_of([&] { EXPECT_EQ(call(request).stdout_text, "said\n"); });
    } while (lost && lost->code() == ErrorCode::kUnavailable);
    EXPECT_FALSE(lost) << lost->message();
  }
  EXPECT_EQ(read(id, "runs"), "ran\n");
  EXPECT_EQ(status(id).command_count, 1U);
}

TEST_F(WorkspaceFaults, after_a_reboot_of_the_host_workspaces_are_stopped_and_start_again) {
  const std::string id = create(small_seed()).workspace_id;
  write(id, "kept.txt", "kept");
  run(id, "echo history");
  snapshot(id, "s");
  for (const pid_t pid : processes()) ::kill(pid, SIGKILL);
  EXPECT_TRUE(all_gone(""));
  fs::remove_all(paths_.runtime_dir);
  client_ = std::make_unique<StackClient>(find_paths());
  const auto list = call(api::ListWorkspaces{});
  ASSERT_EQ(list.count, 1U);
  EXPECT_EQ(list.workspaces[0].state, WorkspaceState::kStopped);
  EXPECT_EQ(call(api::StartWorkspace{.workspace_id = id}).state, WorkspaceState::kStarted);
  EXPECT_EQ(read(id, "kept.txt"), "kept");
  EXPECT_EQ(call(api::WorkspaceLogs{.workspace_id = id}).entries.at(0).stdout_text, "history\n");
  reset(id, "s");
  EXPECT_EQ(read(id, "kept.txt"), "kept");
}

}  // namespace
}  // namespace pyro::test
