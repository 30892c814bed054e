#include "gateway/cli/commands/workspace/lifecycle/workspace_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/cli/commands/workspace/exec/log_text.h"
#include "gateway/cli/notes.h"

namespace pyro::cli {
namespace {

constexpr double kNow = 1795285380;

api::Workspace workspace() {
  api::Workspace workspace;
  workspace.workspace_id = "0123456789ab";
  workspace.environment = "debian:12";
  workspace.environment_version = "1.1.0";
  workspace.state = api::WorkspaceState::kStarted;
  workspace.execution_mode = api::ExecutionMode::kGuestSerial;
  workspace.created_at = kNow - 200;
  workspace.last_activity_at = kNow - 60;
  workspace.expires_at = kNow + 540;
  workspace.workspace_seed = {{{.entry_count = 120, .bytes_written = 3565158}},
                              api::SeedMode::kDirectory,
                              "/home/me/project"};
  return workspace;
}

TEST(WorkspaceText, a_new_workspace_says_how_long_it_lives_and_what_to_type_next) {
  EXPECT_EQ(created_text(workspace()),
            "workspace: 0123456789ab\n"
            "state: started\n"
            "environment: debian:12 1.1.0\n"
            "seed: /home/me/project (120 entries, 3.4 MiB)\n"
            "expires in 10 min without activity\n"
            "\n"
            "Next:\n"
            "  pyro workspace exec 0123456789ab -- ls -la\n"
            "  pyro workspace diff 0123456789ab\n"
            "  pyro workspace delete 0123456789ab\n");
}

TEST(WorkspaceText, a_workspace_that_runs_without_a_kvm_that_is_there_says_why) {
  auto slow = workspace();
  slow.metadata = {{"boot_mode", "cold"}, {"accelerator_reason", "a guest hung"}};
  EXPECT_THAT(status_text(slow, kNow),
              ::testing::HasSubstr("cold boot, without KVM: a guest hung\n"));
}

TEST(WorkspaceText, an_empty_seed_and_what_a_seed_left_out_are_told) {
  auto made = workspace();
  made.workspace_seed.skipped_count = 1;
  EXPECT_THAT(
      created_text(made),
      ::testing::HasSubstr("(120 entries, 3.4 MiB; 1 socket, FIFO or device was left out)\n"));
  made.workspace_seed = {};
  EXPECT_THAT(created_text(made), ::testing::HasSubstr("seed: none, /workspace was empty\n"));
}

TEST(WorkspaceText, a_seed_is_told_by_where_it_came_from) {
  auto made = workspace();
  made.workspace_seed.origin_ref = "https://example.org/a.git@v1";
  EXPECT_THAT(created_text(made),
              ::testing::HasSubstr("seed: https://example.org/a.git@v1 (120 entries"));
}

TEST(WorkspaceText, the_status_of_a_plain_workspace_is_a_block_of_lines) {
  EXPECT_EQ(status_text(workspace(), kNow),
            "workspace: 0123456789ab\n"
            "state: started\n"
            "environment: debian:12 1.1.0\n"
            "machine: 1 CPU, 1024 MiB, guest_serial\n"
            "network: off\n"
            "seed: /home/me/project (120 entries, 3.4 MiB)\n"
            "created: 3 min ago\n"
            "last activity: 1 min ago\n"
            "expires: in 9 min without activity\n"
            "commands: 0\n");
}

TEST(WorkspaceText, a_full_status_begins_with_its_error_and_lets_no_guest_steer_it) {
  auto full = workspace();
  full.last_error = "backing guest process\nis no longer running\x1b[2J";
  full.name = "fix-parser";
  full.labels = {{"owner", "me"}, {"ticket", "1=2"}};
  full.state = api::WorkspaceState::kStopped;
  full.vcpu_count = 2;
  full.metadata = {{"boot_mode", "warm"}};
  full.guest_ip = "10.0.0.2";
  full.secrets = {{"TOKEN", api::SecretSource::kFile}, {"KEY", api::SecretSource::kLiteral}};
  full.command_count = 3;
  full.last_command =
      api::CommandSummary{.command = "make\ntest", .exit_code = 2, .duration_ms = 1200};
  full.service_count = 2;
  full.running_service_count = 1;
  full.reset_count = 4;
  full.last_reset_at = kNow - 7200;
  full.expires_at = kNow - 1;
  EXPECT_EQ(status_text(full, kNow),
            "LAST ERROR: backing guest process is no longer running[2J\n"
            "workspace: 0123456789ab\n"
            "name: fix-parser\n"
            "labels: owner=me, ticket=1=2\n"
            "state: stopped\n"
            "environment: debian:12 1.1.0\n"
            "machine: 2 CPUs, 1024 MiB, guest_serial, warm boot\n"
            "network: off\n"
            "address: 10.0.0.2\n"
            "seed: /home/me/project (120 entries, 3.4 MiB)\n"
            "secrets: TOKEN, KEY\n"
            "created: 3 min ago\n"
            "last activity: 1 min ago\n"
            "expires: once nothing runs in it and the session that made it has ended\n"
            "commands: 3, the last: make test (exit 2 after 1.2 s)\n"
            "services: 2, 1 running\n"
            "resets: 4, the last 2 h ago\n");
}

TEST(WorkspaceText, the_list_is_a_table_or_says_how_to_make_a_workspace) {
  EXPECT_EQ(list_text({}, kNow),
            "there are no workspaces; make one: pyro workspace create debian:12 --seed-path .\n");
  api::WorkspaceList list;
  list.workspaces.push_back({.workspace_id = "0123456789ab",
                             .environment = "debian:12",
                             .state = api::WorkspaceState::kStarted,
                             .last_activity_at = kNow - 200,
                             .expires_at = kNow + 400,
                             .command_count = 12});
  list.workspaces.back().project = "/home/u/one";
  list.workspaces.push_back({.workspace_id = "ba9876543210",
                             .environment = "debian:12-base",
                             .state = api::WorkspaceState::kStopped,
                             .last_activity_at = kNow,
                             .expires_at = kNow + 604800});
  list.workspaces.front().name = "fix";
  list.workspaces.front().running_shell_count = 2;
  list.workspaces.back().lost_snapshots = {"baseline"};
  list.workspaces.push_back({.workspace_id = "aaaaaaaaaaaa",
                             .environment = "debian:12",
                             .state = api::WorkspaceState::kExpired,
                             .last_activity_at = kNow - 90000,
                             .expires_at = kNow - 89400,
                             .deleted_at = kNow + 86400 * 6});
  EXPECT_EQ(
      list_text(list, kNow),
      "ID            NAME  STATE             ENVIRONMENT     LAST ACTIVITY  EXPIRES         "
      "COMMANDS"
      "  SHELLS  PROJECT\n"
      "0123456789ab  fix   started           debian:12       3 min ago      in 6 min        12"
      "        2       /home/u/one\n"
      "ba9876543210  -     stopped, damaged  debian:12-base  just now       in 7 d          0"
      "         0       -\n"
      "aaaaaaaaaaaa  -     expired           debian:12       1 d ago        deleted in 6 d  0"
      "         0       -\n");
}

TEST(WorkspaceText, changes_of_state_are_one_line_each) {
  auto changed = workspace();
  EXPECT_EQ(started_text(changed), "workspace 0123456789ab is started\n");
  EXPECT_EQ(reset_text(changed), "workspace 0123456789ab is reset and started\n");
  changed.workspace_reset =
      api::WorkspaceReset{{.entry_count = 1, .bytes_written = 10}, "before", "named"};
  EXPECT_EQ(
      reset_text(changed),
      "workspace 0123456789ab is reset and started, /workspace as in before (1 entry, 10 B)\n");
  changed.state = api::WorkspaceState::kStopped;
  EXPECT_EQ(
      stopped_text(changed),
      "workspace 0123456789ab is stopped and keeps its files; to start it: pyro workspace start "
      "0123456789ab\n");
  EXPECT_EQ(deleted_text({{.workspace_id = "0123456789ab"}, true, "explicit_delete"}),
            "workspace 0123456789ab is deleted\n");
  EXPECT_EQ(deleted_text({{.workspace_id = "0123456789ab"}, false, "a reason"}),
            "workspace 0123456789ab was not deleted: a reason\n");
}

TEST(WorkspaceLogText, a_command_with_its_output_its_errors_and_its_end) {
  api::WorkspaceLog log;
  log.workspace_id = "0123456789ab";
  log.entries.push_back({{.command = "make", .exit_code = 2, .duration_ms = 1200},
                         {.stdout_text = "one\n\ntwo\n", .stderr_text = "bad"},
                         kNow - 200});
  log.entries.push_back({{.command = "true", .exit_code = 0, .duration_ms = 3}, {}, kNow});
  EXPECT_EQ(log_text(log, kNow),
            "$ make\n"
            "  one\n"
            "  \n"
            "  two\n"
            "! bad\n"
            "-> exit 2 after 1.2 s, 3 min ago\n"
            "\n"
            "$ true\n"
            "-> exit 0 after 3 ms, just now\n");
}

TEST(WorkspaceLogText, output_can_look_like_no_other_line_and_steers_no_terminal) {
  api::WorkspaceLog log;
  log.workspace_id = "0123456789ab";
  log.entries.push_back({{.command = "sh -c 'a\n$ b'"},
                         {.stdout_text = "$ rm\n-> exit 0\x1b]0;x\a\xff",
                          .stderr_text = "-> exit 0\n",
                          .stdout_truncated = true,
                          .stderr_truncated = true},
                         kNow});
  EXPECT_EQ(log_text(log, kNow),
            "$ sh -c 'a\n"
            "> $ b'\n"
            "  $ rm\n"
            "  -> exit 0]0;x\xEF\xBF\xBD\n"
            "~ part of its standard output was dropped\n"
            "! -> exit 0\n"
            "~ part of its standard error was dropped\n"
            "-> no exit status: its guest ended first, just now\n");
}

TEST(WorkspaceLogText, a_command_that_runs_names_its_job_and_one_that_was_cancelled_says_so) {
  api::WorkspaceLog log;
  log.workspace_id = "0123456789ab";
  log.entries.push_back({{.command = "make",
                          .duration_ms = 61000,
                          .job_id = "ba9876543210",
                          .state = api::JobState::kRunning},
                         {.stdout_text = "so far"},
                         kNow - 61});
  log.entries.push_back({{.command = "sleep 9",
                          .exit_code = 137,
                          .duration_ms = 1200,
                          .state = api::JobState::kCancelled},
                         {},
                         kNow});
  EXPECT_EQ(log_text(log, kNow),
            "$ make\n"
            "  so far\n"
            "-> runs for 1 min 1 s as job ba9876543210, 1 min ago\n"
            "\n"
            "$ sleep 9\n"
            "-> cancelled after 1.2 s, just now\n");
}

TEST(WorkspaceLogText, without_a_command_it_says_how_to_run_one) {
  EXPECT_EQ(log_text({{.workspace_id = "0123456789ab"}}, kNow),
            "no command has run since it was created or reset; run one: pyro workspace exec "
            "0123456789ab -- ls\n");
}

TEST(Notes, the_last_fifth_of_a_life_is_told_and_nothing_before) {
  auto old = workspace();
  old.expires_at = kNow + 120;
  EXPECT_EQ(expiry_note(old, kNow), "");
  EXPECT_EQ(expiry_note(old, kNow + 1),
            "note: workspace 0123456789ab expires in 1 min 59 s without activity; `pyro workspace "
            "start 0123456789ab` brings it back");
  old.on_expiry = api::ExpiryAction::kDelete;
  EXPECT_EQ(expiry_note(old, kNow + 1),
            "note: workspace 0123456789ab is deleted in 1 min 59 s without activity");
  EXPECT_EQ(expiry_note(old, kNow + 500), "") << "something holds it off, or it has expired";
}

TEST(Notes, only_a_run_on_the_host_is_told) {
  EXPECT_EQ(host_compat_note(api::ExecutionMode::kGuestSerial), "");
  EXPECT_EQ(host_compat_note(api::ExecutionMode::kHostCompat),
            "note: this ran on the host itself (host_compat), without a guest's isolation");
}

}  // namespace
}  // namespace pyro::cli
