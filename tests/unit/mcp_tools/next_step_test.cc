#include "gateway/mcp/tools/next_step.h"

#include <gmock/gmock.h>

#include "common/base/reasons/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/stack.h"
#include "common/base/reasons/workspace.h"
#include "toolbox_fixture.h"

namespace pyro::mcp {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// What a model is told by a server with those tools.
std::string told(const Error& error, std::string_view tool,
                 ServerProfile profile = ServerProfile::kWorkspaceCore) {
  return next_step(error, row_of(tool).steps, tool_set({.profile = profile}));
}

TEST(NextStep, every_failure_of_every_tool_has_one) {
  for (const auto& options : every_choice()) {
    const ToolSet set = tool_set(options);
    for (const auto& name : names_of(tools_of(toolbox(options)))) {
      for (const auto& error : every_error()) {
        EXPECT_NE(next_step(error, row_of(name).steps, set), "")
            << set.name << " " << name << ": " << error.message();
      }
    }
  }
}

TEST(NextStep, arguments_are_corrected_by_the_model) {
  const auto result = call(named(tools_of(toolbox({})), "workspace_exec"), {{"workspace_id", "a"}});
  EXPECT_EQ(text_of(result),
            "command is required\ncode: invalid_argument\n"
            "next: Correct the arguments and call again; nothing was changed.");
}

TEST(NextStep, what_keeps_the_client_away_is_fixed_by_the_user) {
  const auto box =
      toolbox({}, "", []() -> Client& { throw invalid_argument("configuration 'c': no"); });
  for (const auto& tool : tools_of(box)) {
    if (tool.name != "workspace_list" && tool.name != "workspace_create") continue;
    const auto text = text_of(call(tool, Json::object()));
    EXPECT_THAT(text,
                HasSubstr("configuration 'c': no\ncode: invalid_argument\nnext: No argument"));
    EXPECT_THAT(text, AllOf(HasSubstr("the user"), Not(HasSubstr("Correct the arguments"))));
  }
}

TEST(NextStep, a_missing_thing_is_looked_up_with_the_tool_that_lists_it) {
  const auto lost = not_found(reason::kPathMissing, "workspace path does not exist: /workspace/a");
  EXPECT_THAT(told(lost, "workspace_file_read"), HasSubstr("workspace_file_list"));
  EXPECT_THAT(told(not_found(reason::kWorkspaceGone, "workspace 'x' does not exist"),
                   "workspace_file_read"),
              HasSubstr("workspace_list"));
  const auto snapshot =
      not_found(reason::kSnapshotMissing, "snapshot 's' does not exist in workspace 'x'");
  EXPECT_THAT(told(snapshot, "workspace_reset", ServerProfile::kWorkspaceFull),
              HasSubstr("snapshot_list"));
  EXPECT_THAT(told(snapshot, "workspace_reset"), HasSubstr("Correct the argument"));
  EXPECT_THAT(told(not_found(reason::kMachineGone, "vm 'x' does not exist"), "vm_exec",
                   ServerProfile::kWorkspaceFull),
              HasSubstr("vm_create"));
}

TEST(NextStep, a_refusal_names_the_way_round_it) {
  EXPECT_THAT(
      told(failed_precondition(reason::kPatchMismatch, "patch context does not match for a"),
           "workspace_patch_apply"),
      HasSubstr("workspace_file_read"));
  EXPECT_THAT(
      told(already_exists(reason::kExists, "output_path already exists: a"), "workspace_export"),
      HasSubstr("another name or path"));
  const auto stopped = failed_precondition(
      reason::kNotStarted, "workspace x must be in 'started' state before workspace_exec");
  EXPECT_THAT(told(stopped, "workspace_exec"), HasSubstr("workspace_start"));
}

TEST(NextStep, a_stopped_workspace_is_started_again_with_whatever_tools_there_are) {
  for (const auto& options : every_choice()) {
    const ToolSet set = tool_set(options);
    if (!set.has("workspace_exec")) continue;
    for (const std::string_view why : {reason::kNotStarted, reason::kGuestGone}) {
      const auto next = next_step(
          Error(ErrorCode::kFailedPrecondition, std::string(why), "workspace x is stopped"),
          row_of("workspace_exec").steps, set);
      // A reset loses its files, a new one has none.
      EXPECT_EQ(next, "workspace_start restarts it with its files.") << set.name << " " << why;
    }
  }
  const auto lost = failed_precondition(reason::kMachineLost, "its machine is gone");
  EXPECT_THAT(told(lost, "workspace_start"),
              AllOf(HasSubstr("workspace_reset"), HasSubstr("throws away")));
}

TEST(NextStep, where_all_places_are_taken_one_is_freed_by_who_can) {
  const auto full =
      resource_exhausted(reason::kLimitReached, "max active VMs reached (8); delete old VMs first");
  EXPECT_THAT(told(full, "vm_run", ServerProfile::kVmRun), HasSubstr("`pyro workspace delete`"));
  EXPECT_THAT(told(full, "workspace_create"),
              AllOf(HasSubstr("workspace_delete"), HasSubstr("ask before")));
  EXPECT_THAT(told(full, "vm_create", ServerProfile::kWorkspaceFull), HasSubstr("vm_delete"));
}

TEST(NextStep, an_error_that_says_it_itself_gets_none) {
  const auto lost = unavailable(
      reason::kAnswerLost, "the command may still run: call workspace_exec_poll with job_id 1");
  EXPECT_EQ(told(lost, "workspace_exec"), "");
  EXPECT_NE(told(lost, "workspace_create"), "");
}

TEST(NextStep, is_decided_by_the_reason_whatever_the_sentence_says) {
  const auto named = not_found(reason::kWorkspaceGone, "it is away");
  EXPECT_THAT(told(named, "workspace_status"), HasSubstr("workspace_list"));
  const auto said = not_found("workspace 'x' does not exist; max active VMs reached");
  EXPECT_THAT(told(said, "workspace_status"), HasSubstr("Correct the argument"));
}

TEST(NextStep, a_reason_of_a_newer_service_is_told_by_its_code) {
  const Error newer(ErrorCode::kNotFound, "cheese_missing", "no cheese");
  EXPECT_EQ(told(newer, "workspace_status"), told(not_found("no cheese"), "workspace_status"));
}

TEST(NextStep, a_tool_has_steps_of_its_own_for_what_all_are_refused) {
  const auto stopped = failed_precondition(reason::kNotStarted, "vm x is created");
  EXPECT_EQ(told(stopped, "vm_exec", ServerProfile::kWorkspaceFull), "vm_start starts it.");
  const auto moved = failed_precondition(reason::kChangedMeanwhile, "a changed meanwhile");
  EXPECT_THAT(told(moved, "workspace_patch_apply"), HasSubstr("write the patch again"));
  EXPECT_EQ(told(moved, "workspace_diff"), "Call again.");
}

}  // namespace
}  // namespace pyro::mcp
