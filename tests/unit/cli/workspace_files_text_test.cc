#include <gtest/gtest.h>

#include "gateway/cli/commands/workspace/diff/diff_text.h"
#include "gateway/cli/commands/workspace/export/export_text.h"
#include "gateway/cli/commands/workspace/files/file_text.h"
#include "gateway/cli/commands/workspace/patch/patch_text.h"
#include "gateway/cli/commands/workspace/snapshots/snapshot_text.h"
#include "gateway/cli/commands/workspace/sync/sync_text.h"

namespace pyro::cli {
namespace {

TEST(WorkspaceFilesText, a_diff_names_what_its_patch_does_not_show) {
  api::Diff diff{.changed = true};
  diff.workspace_id = "0123456789ab";
  diff.summary = {{.total = 5, .added = 2, .modified = 1, .deleted = 1}, 1};
  diff.entries = {{.path = "a.txt", .text_patch = "…"},
                  {.path = "big.bin"},
                  {.path = "empty\x1b", .artifact_type = api::ArtifactType::kDirectory},
                  {.path = "logo.png"}};
  diff.patch_omits = {"big.bin"};
  EXPECT_EQ(diff_note(diff),
            "5 paths: 2 added, 1 modified, 1 deleted, 1 type changed\n"
            "changed, but not as text: empty, logo.png\n"
            "too large for the patch: big.bin; pyro workspace export 0123456789ab PATH --output "
            "HOST_PATH\n");
}

TEST(WorkspaceFilesText, a_diff_without_changes_says_so) {
  EXPECT_EQ(diff_note({}), "nothing changed since the workspace was created\n");
}

TEST(WorkspaceFilesText, a_diff_counts_what_git_ignores) {
  api::Diff diff;
  diff.summary.ignored_count = 3;
  EXPECT_EQ(diff_note(diff),
            "nothing changed since the workspace was created; 3 ignored paths left out (--ignored "
            "shows them)\n");
  diff.changed = true;
  diff.summary.total = diff.summary.added = 1;
  EXPECT_EQ(diff_note(diff), "1 path: 1 added; 3 ignored paths left out (--ignored shows them)\n");
}

TEST(WorkspaceFilesText, files_are_a_table_with_links_and_directories) {
  api::FileList list{.path = "/workspace"};
  EXPECT_EQ(file_list_text(list), "/workspace is empty\n");
  list.entries = {{.path = "/workspace/a b", .size_bytes = 2048},
                  {.path = "/workspace/l\n",
                   .artifact_type = api::ArtifactType::kSymlink,
                   .link_target = "a b"},
                  {.path = "/workspace/src", .artifact_type = api::ArtifactType::kDirectory}};
  EXPECT_EQ(file_list_text(list),
            "TYPE       SIZE     PATH\n"
            "file       2.0 KiB  /workspace/a b\n"
            "symlink    -        /workspace/l -> a b\n"
            "directory  -        /workspace/src/\n");
}

TEST(WorkspaceFilesText, a_file_for_a_person_ends_its_line_and_steers_nothing) {
  EXPECT_EQ(file_text({.content = "a\x1b[2J\tb"}), "a[2J\tb\n");
  EXPECT_EQ(file_text({.content = "a\n"}), "a\n");
  EXPECT_EQ(file_text({.content = ""}), "");
}

TEST(WorkspaceFilesText, a_part_of_a_file_says_how_to_read_on) {
  EXPECT_EQ(file_read_note({.size_bytes = 1, .max_bytes = 9, .content = "a"}), "");
  EXPECT_EQ(file_read_note({.path = "/workspace/a", .max_bytes = 9}), "/workspace/a is empty\n");
  EXPECT_EQ(file_read_note({.offset = 10,
                            .size_bytes = 30,
                            .max_bytes = 10,
                            .content = "x",
                            .truncated = true,
                            .next_offset = 19}),
            "bytes 10 to 19 of 30; the rest: --offset 19\n");
  EXPECT_EQ(file_read_note({.offset = 20, .size_bytes = 30, .max_bytes = 10, .content = "x"}),
            "bytes 20 to 30 of 30\n");
  EXPECT_EQ(file_read_note({.offset = 99, .size_bytes = 30, .max_bytes = 10}),
            "bytes 30 to 30 of 30\n");
}

TEST(WorkspaceFilesText, a_file_that_is_no_utf8_says_how_to_get_its_bytes) {
  EXPECT_EQ(file_read_note({.path = "/workspace/a",
                            .size_bytes = 2048,
                            .max_bytes = 9,
                            .encoding = api::FileEncoding::kBinary}),
            "/workspace/a is binary (2.0 KiB): --content-only or pyro workspace export gives it\n");
  EXPECT_EQ(file_read_note({.offset = 10,
                            .size_bytes = 30,
                            .max_bytes = 10,
                            .encoding = api::FileEncoding::kNotUtf8,
                            .content = "x\xE9",
                            .truncated = true,
                            .next_offset = 12}),
            "bytes 10 to 12 of 30; the rest: --offset 12\nbytes that are not UTF-8 are shown as "
            "replacement characters: --content-only or pyro workspace export gives them\n");
  EXPECT_EQ(file_bytes({.encoding = api::FileEncoding::kBase64, .content = "AOk="}),
            std::string("\0\xE9", 2));
}

TEST(WorkspaceFilesText, an_applied_patch_names_its_files_and_displaced_hunks) {
  api::PatchApplied applied{.changed = true};
  applied.summary = {.total = 2, .added = 1, .modified = 1};
  applied.entries = {{.path = "a", .status = api::DiffStatus::kAdded},
                     {.path = "b", .status = api::DiffStatus::kModified, .offset_lines = -3}};
  EXPECT_EQ(patch_applied_text(applied),
            "2 files: 1 added, 1 modified\n  added a\n  modified b (displaced by -3 lines)\n");
  EXPECT_EQ(patch_applied_text({}), "the patch changed nothing\n");
}

TEST(WorkspaceFilesText, transfers_tell_from_where_to_where_and_how_much) {
  EXPECT_EQ(file_written_text({.path = "/workspace/a", .size_bytes = 5, .bytes_written = 5}),
            "wrote /workspace/a (5 B)\n");
  EXPECT_EQ(pushed_text({.workspace_sync = {{{.entry_count = 2, .bytes_written = 10}, 3},
                                            api::SeedMode::kDirectory,
                                            "/h/src",
                                            "/workspace/src"}}),
            "pushed /h/src to /workspace/src (2 entries, 10 B; 3 sockets, FIFOs or devices were "
            "left out)\n");
  api::Exported exported{.workspace_path = "/workspace/out",
                         .output_path = "/h/out",
                         .artifact_type = api::ArtifactType::kDirectory};
  exported.entry_count = 1;
  EXPECT_EQ(exported_text(exported),
            "exported directory /workspace/out to /h/out (1 entry, 0 B)\n");
}

TEST(WorkspaceFilesText, snapshots_say_how_to_come_back_to_them) {
  const api::Snapshot before{
      {.entry_count = 2, .bytes_written = 10}, "before", api::SnapshotKind::kNamed, 1000};
  EXPECT_EQ(created_snapshot_text({{.workspace_id = "0123456789ab"}, before}),
            "snapshot before holds 2 entries, 10 B; to return to it: pyro workspace reset "
            "0123456789ab --snapshot before\n");
  EXPECT_EQ(deleted_snapshot_text({.snapshot_name = "before", .deleted = true}),
            "snapshot before is deleted\n");
  EXPECT_EQ(deleted_snapshot_text({.snapshot_name = "before", .deleted = false}),
            "snapshot before was not deleted\n");
  api::SnapshotList list;
  list.snapshots = {{.snapshot_name = "baseline",
                     .kind = api::SnapshotKind::kBaseline,
                     .created_at = 900,
                     .deletable = false},
                    before};
  EXPECT_EQ(snapshot_list_text(list, 1120),
            "NAME      KIND      CREATED    ENTRIES  SIZE\n"
            "baseline  baseline  3 min ago  0        0 B\n"
            "before    named     2 min ago  2        10 B\n");
}

}  // namespace
}  // namespace pyro::cli
