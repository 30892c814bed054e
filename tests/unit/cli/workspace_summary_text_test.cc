#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "gateway/cli/commands/workspace/summary/summary_text.h"
#include "gateway/cli/text/human.h"

namespace pyro::cli {
namespace {

constexpr double kBegan = 1795285380;

api::WorkspaceSummary small_summary() {
  api::WorkspaceSummary summary;
  summary.workspace_id = "0123456789ab";
  summary.environment = "debian:12";
  summary.state = api::WorkspaceState::kStarted;
  summary.session_started_at = kBegan;
  summary.last_activity_at = kBegan + 3600;
  summary.changes.available = true;
  return summary;
}

TEST(WorkspaceSummaryText, a_fresh_workspace_is_a_few_lines) {
  EXPECT_EQ(summary_text(small_summary()),
            "## Workspace 0123456789ab\n"
            "\n"
            "debian:12, started, from 2026-11-21 18:23 UTC to 2026-11-21 19:23 UTC\n"
            "\n"
            "**Changes:** none\n"
            "\n"
            "**Commands:** none\n");
}

TEST(WorkspaceSummaryText, what_was_done_is_listed) {
  auto summary = small_summary();
  summary.name = "fix parser";
  summary.labels = {{"ticket", "123"}};
  summary.outcome.reset_count = 1;
  summary.outcome.export_count = 1;
  summary.changes.changed = true;
  summary.changes.summary = {{.total = 2, .added = 1, .modified = 1}};
  summary.changes.entries = {{.path = "a.c", .status = api::DiffStatus::kModified},
                             {.path = "b.c", .status = api::DiffStatus::kAdded}};
  summary.commands.total = 2;
  summary.commands.recent = {{.command = "make test", .exit_code = 0, .duration_ms = 1200},
                             {.command = "sleep 9"}};
  summary.edits.recent = {{"patch_apply", kBegan, {"a.c", "b.c"}}, {"sync_push", kBegan, {"src"}}};
  summary.services.current = {{.service_name = "web"}};
  summary.artifacts.exports = {{.workspace_path = "/workspace/out", .output_path = "/h/out"}};
  summary.snapshots.named_count = 1;
  summary.snapshots.recent = {{.snapshot_name = "before"}};
  EXPECT_EQ(summary_text(summary),
            "## Workspace 0123456789ab `fix parser`\n"
            "\n"
            "debian:12, started, from 2026-11-21 18:23 UTC to 2026-11-21 19:23 UTC, 1 reset\n"
            "`ticket=123`\n"
            "\n"
            "**Changes:** 2 paths: 1 added, 1 modified\n"
            "- modified: `a.c`\n"
            "- added: `b.c`\n"
            "\n"
            "**Commands:** 2, the latest first\n"
            "- `make test`: exit 0 after 1.2 s\n"
            "- `sleep 9`: no exit status: its guest ended first\n"
            "\n"
            "- **Edits:** patch_apply `a.c` …, sync_push `src`\n"
            "- **Services:** `web` running\n"
            "- **Exports:** `/workspace/out`\n"
            "- **Snapshots:** `before`\n");
}

TEST(WorkspaceSummaryText, an_event_that_may_not_have_happened_is_marked) {
  auto summary = small_summary();
  summary.edits.recent = {{.kind = "patch_apply", .unconfirmed = true}};
  summary.artifacts.exports = {
      {.workspace_path = "/workspace/out", .output_path = "/h/out", .unconfirmed = true}};
  EXPECT_THAT(summary_text(summary),
              ::testing::HasSubstr("- **Edits:** patch_apply (unconfirmed)\n"
                                   "- **Exports:** `/workspace/out` (unconfirmed)\n"));
}

TEST(WorkspaceSummaryText, what_a_guest_named_has_no_meaning_in_markdown) {
  auto summary = small_summary();
  summary.commands.total = 1;
  summary.commands.recent = {{.command = "echo `id` ``x\n# <b>\x1b[2J", .exit_code = 0}};
  EXPECT_THAT(summary_text(summary),
              ::testing::HasSubstr("\n- ``` echo `id` ``x # <b>[2J ```: exit 0 after 0 ms\n"));
}

TEST(WorkspaceSummaryText, changes_that_are_not_known_say_why) {
  auto summary = small_summary();
  summary.changes = {.available = false, .reason = "the workspace is stopped"};
  EXPECT_THAT(summary_text(summary),
              ::testing::HasSubstr("\n**Changes:** not known: the workspace is stopped\n"));
}

/// As much as a service ever puts into a summary, with the longest names.
api::WorkspaceSummary huge_summary() {
  auto summary = small_summary();
  const std::string longest(4096, 'x');
  summary.name = std::string(64, 'n');
  for (int i = 0; i < 64; ++i)
    summary.labels[fmt::format("{}{}", std::string(62, 'k'), i)] = longest;
  summary.outcome = {.export_count = 99999, .reset_count = 4000000};
  summary.changes.changed = true;
  summary.changes.summary = {
      {.total = 4000000, .added = 1000000, .modified = 1000000, .deleted = 1000000}, 1000000};
  summary.changes.entries.resize(50, {.path = longest, .status = api::DiffStatus::kTypeChanged});
  summary.commands.total = 100000;
  summary.commands.recent.resize(
      10, {.command = longest, .exit_code = -2147483647, .duration_ms = 7505000});
  summary.edits.recent.resize(10, {"patch_apply", kBegan, {longest, longest}});
  summary.services.current.resize(30, {.service_name = std::string(64, 's')});
  summary.artifacts.exports.resize(50, {.workspace_path = longest});
  summary.snapshots.named_count = 99999;
  summary.snapshots.recent.resize(10, {.snapshot_name = std::string(64, 's')});
  return summary;
}

TEST(WorkspaceSummaryText, even_a_huge_one_fits_on_a_screen) {
  const std::string text = summary_text(huge_summary());
  const auto lines = split(text, '\n');
  EXPECT_LE(lines.size() - 1, 24U);
  for (const auto& line : lines) EXPECT_LE(width_of(line), 100U) << line;
  EXPECT_THAT(text, ::testing::HasSubstr("\n- … and 3999996 more\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("\n- … and 99996 more\n"));
}

}  // namespace
}  // namespace pyro::cli
