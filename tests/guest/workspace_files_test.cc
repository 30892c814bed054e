#include "common/api/workspace_files.h"

#include <sys/stat.h>

#include <fstream>
#include <random>

#include "common/api/artifact.h"
#include "common/api/workspace.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_patch.h"
#include "common/api/workspace_sync.h"
#include "common/base/error.h"
#include "common/base/reasons/workspace.h"
#include "common/base/text.h"
#include "services/workspace/workspace_paths.h"
#include "tests/guest/workspace_fixture.h"
#include "tests/support/errors.h"

namespace pyro::test {
namespace {

namespace fs = std::filesystem;
using api::DiffStatus;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class WorkspaceFilesTest : public WorkspaceFixture {
 protected:
  api::FileList list(const std::string& path, bool recursive = false) {
    return call(api::ListFiles{.workspace_id = id_, .path = path, .recursive = recursive});
  }
  api::PatchApplied patch(const std::string& text) {
    return call(api::ApplyPatch{.workspace_id = id_, .patch = text});
  }
  api::PushedSync push(const fs::path& source, const std::string& dest = "/workspace") {
    return call(api::PushSync{.workspace_id = id_, .source_path = source.string(), .dest = dest});
  }
  api::Exported export_to(const std::string& path, const fs::path& output) {
    return call(api::ExportPath{.workspace_id = id_, .path = path, .output_path = output.string()});
  }
  static std::string content_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// Applies the workspace's patch to a copy of its seed and compares that with an export.
  void expect_patch_makes_the_tree(const fs::path& seed);

  std::string id_ = create(small_seed()).workspace_id;
};

TEST_F(WorkspaceFilesTest, lists_what_is_there_sorted_by_path) {
  const auto top = list("/workspace");
  EXPECT_EQ(top.artifact_type, api::ArtifactType::kDirectory);
  std::vector<std::string> paths;
  for (const auto& entry : top.entries) paths.push_back(entry.path);
  EXPECT_THAT(paths, ElementsAre("/workspace/README.md", "/workspace/data.bin", "/workspace/empty",
                                 "/workspace/link", "/workspace/src"));
  EXPECT_EQ(top.entries[0].size_bytes, 19U);
  EXPECT_EQ(top.entries[3].link_target, "src/main.py");
  EXPECT_EQ(list(".", true).entries.size(), 6U);
  EXPECT_EQ(list("src/main.py").entries.at(0).path, "/workspace/src/main.py");
  EXPECT_THAT(error_of([&] { list("nowhere"); }),
              Refused(ErrorCode::kNotFound, HasSubstr("/workspace/nowhere")));
}

TEST_F(WorkspaceFilesTest, reads_parts_of_regular_files_and_nothing_else) {
  const auto part =
      call(api::ReadFile{.workspace_id = id_, .path = "README.md", .max_bytes = 7, .offset = 2});
  EXPECT_EQ(part.content, "Project");
  EXPECT_EQ(part.size_bytes, 19U);
  EXPECT_TRUE(part.truncated);
  EXPECT_EQ(part.path, "/workspace/README.md");
  for (const char* path : {"src", "link", "/workspace"}) {
    EXPECT_THAT(
        error_of([&] { read(id_, path); }),
        Refused(ErrorCode::kFailedPrecondition, "workspace file read only supports regular files"))
        << path;
  }
  for (const char* path : {"/etc/passwd", "../etc/passwd", "src/../../x", "/workspace/.."}) {
    EXPECT_THAT(error_of([&] { read(id_, path); }),
                Refused(ErrorCode::kInvalidArgument, "workspace path must stay inside /workspace"))
        << path;
  }
}

TEST_F(WorkspaceFilesTest, a_link_in_the_guest_leads_no_operation_out) {
  output_of(id_, "ln -s / root; ln -s /etc/passwd pass; ln -s ../etc up; mkdir in; ln -s in near");
  for (const char* path : {"root/etc/passwd", "up/passwd"}) {
    EXPECT_TRUE(error_of([&] { read(id_, path); }).has_value()) << path;
    EXPECT_TRUE(error_of([&] { write(id_, path, "evil"); }).has_value()) << path;
    EXPECT_TRUE(error_of([&] { export_to(path, directory_.path() / "stolen"); }).has_value())
        << path;
  }
  EXPECT_TRUE(error_of([&] { write(id_, "pass", "evil"); }).has_value());
  EXPECT_TRUE(error_of([&] { write(id_, "near/file", "x"); }).has_value());
  EXPECT_THAT(output_of(id_, "head -1 /etc/passwd; ls -A in"), HasSubstr("root:x:0:0"));
}

TEST_F(WorkspaceFilesTest, writes_whole_files_with_the_directories_above_them) {
  write(id_, "deep/er/file.txt", "text äöü\n");
  EXPECT_EQ(read(id_, "/workspace/deep/er/file.txt"), "text äöü\n");
  const auto again = call(api::WriteFile{.workspace_id = id_, .path = "src/main.py", .text = ""});
  EXPECT_EQ(again.bytes_written, 0U);
  EXPECT_EQ(output_of(id_, "stat -c '%a %s' src/main.py"), "755 0\n");
  EXPECT_THAT(error_of([&] { write(id_, "src", "x"); }), Refused(ErrorCode::kFailedPrecondition));
  EXPECT_THAT(error_of([&] { write(id_, "", "x"); }), Refused(ErrorCode::kInvalidArgument));
}

TEST_F(WorkspaceFilesTest, a_full_disk_of_the_guest_is_not_taken_for_the_hosts) {
  output_of(id_,
            "for size in 1G 64M 4M 256K 16K 4K; do number=0; while fallocate -l $size "
            "fill-$size-$number 2>&-; do number=$((number + 1)); done; done");
  const auto error = error_of([&] { write(id_, "more", std::string(256 << 10, 'x')); });
  EXPECT_THAT(error, Refused(ErrorCode::kResourceExhausted, HasSubstr("the disk of /workspace (")));
  EXPECT_EQ(error->reason(), reason::kWorkspaceFull);
  output_of(id_, "rm fill-*");
  write(id_, "more", std::string(256 << 10, 'x'));
}

TEST_F(WorkspaceFilesTest, a_written_file_outlives_a_killed_guest) {
  write(id_, "kept.txt", "kept");
  ::kill(process_of("qemu-system-x86_64"), SIGKILL);
  wait_for_stopped(id_);
  call(api::StartWorkspace{.workspace_id = id_});
  EXPECT_EQ(read(id_, "kept.txt"), "kept");
}

TEST_F(WorkspaceFilesTest, a_push_adds_and_overwrites_and_never_deletes) {
  const fs::path source = directory_.path() / "source";
  put(source / "README.md", "pushed\n");
  put(source / "new/file", "new\n");
  const auto pushed = push(source);
  EXPECT_EQ(pushed.workspace_sync.entry_count, 3U);
  EXPECT_EQ(read(id_, "README.md"), "pushed\n");
  EXPECT_EQ(read(id_, "new/file"), "new\n");
  EXPECT_EQ(read(id_, "src/main.py"), "print('hello')\n");
  EXPECT_EQ(push(source, "vendor/lib").workspace_sync.destination, "/workspace/vendor/lib");
  EXPECT_EQ(read(id_, "vendor/lib/new/file"), "new\n");
  EXPECT_EQ(output_of(id_, "stat -c %u:%g new/file vendor"), "0:0\n0:0\n");
}

TEST_F(WorkspaceFilesTest, a_push_that_conflicts_changes_nothing) {
  const fs::path source = directory_.path() / "source";
  put(source / "README.md", "pushed\n");
  put(source / "src", "a file where a directory is\n");
  EXPECT_THAT(error_of([&] { push(source); }),
              Refused(ErrorCode::kFailedPrecondition, "file conflicts with existing path: src"));
  EXPECT_FALSE(diff(id_).changed);
  EXPECT_THAT(error_of([&] { push(source, ""); }),
              Refused(ErrorCode::kInvalidArgument, "workspace destination must not be empty"));
  EXPECT_THAT(
      error_of([&] { push(source, "/etc"); }),
      Refused(ErrorCode::kInvalidArgument, "workspace destination must stay inside /workspace"));
}

TEST_F(WorkspaceFilesTest, exports_files_directories_and_links_to_new_places_only) {
  const fs::path out = directory_.path() / "out";
  const auto directory = export_to("/workspace", out / "tree");
  EXPECT_EQ(directory.artifact_type, api::ArtifactType::kDirectory);
  EXPECT_EQ(content_of(out / "tree/src/main.py"), "print('hello')\n");
  EXPECT_EQ(fs::read_symlink(out / "tree/link"), "src/main.py");
  EXPECT_TRUE(fs::is_directory(out / "tree/empty"));
  EXPECT_EQ(fs::status(out / "tree/src/main.py").permissions() & fs::perms::mask, fs::perms(0755));
  EXPECT_EQ(export_to("data.bin", out / "data").artifact_type, api::ArtifactType::kFile);
  EXPECT_EQ(content_of(out / "data"), std::string("\0\xff\x01 binary", 10));
  EXPECT_EQ(export_to("link", out / "link").artifact_type, api::ArtifactType::kSymlink);
  EXPECT_THAT(
      error_of([&] { export_to("data.bin", out / "data"); }),
      Refused(ErrorCode::kAlreadyExists, "output_path already exists: " + (out / "data").string()));
  EXPECT_THAT(error_of([&] { export_to("nowhere", out / "x"); }),
              Refused(ErrorCode::kNotFound, "workspace path does not exist: /workspace/nowhere"));
  output_of(id_, "ln -s ../../etc/passwd src/out");
  EXPECT_THAT(error_of([&] { export_to("src", out / "y"); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("escapes the workspace")));
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(out)) left.push_back(entry.path().filename());
  EXPECT_THAT(left, ::testing::UnorderedElementsAre("tree", "data", "link"));
}

/// Content of what has not changed comes from the baseline, all other from the guest.
TEST_F(WorkspaceFilesTest, an_export_is_what_the_guest_sees_whatever_has_changed) {
  output_of(
      id_,
      "mv src moved; cp -p data.bin copied; ln data.bin hard; truncate -s 1M README.md; "
      "chmod 600 moved/main.py; echo new > empty/new; sync; echo 3 > /proc/sys/vm/drop_caches");
  const fs::path out = directory_.path() / "out";
  const auto exported = export_to("/workspace", out);
  const std::string sums =
      "find . -type f -exec stat -c '%a %s %n' {} + -exec sha256sum {} + | sort";
  EXPECT_EQ(run_checked({.argv = {"sh", "-c", sums}, .directory = out},
                        Clock::now() + std::chrono::seconds(30), {}),
            output_of(id_, sums));
  EXPECT_EQ(exported.entry_count, 9U);
}

/// The guest has all of it.
TEST_F(WorkspaceFilesTest, an_export_needs_no_baseline) {
  const workspace::WorkspacePaths files(paths_, id_);
  fs::rename(files.baseline(), files.directory / "lost");
  const fs::path out = directory_.path() / "out";
  export_to("/workspace", out);
  fs::rename(files.directory / "lost", files.baseline());
  EXPECT_EQ(content_of(out / "src/main.py"), "print('hello')\n");
}

TEST_F(WorkspaceFilesTest, a_patch_applies_whole_or_not_at_all) {
  const auto applied = patch(
      "--- a/README.md\n+++ b/README.md\n@@ -1,3 +1,3 @@\n-# Project\n+# Renamed\n \n A line.\n"
      "--- /dev/null\n+++ b/src/new/deep.txt\n@@ -0,0 +1 @@\n+new\n"
      "--- a/src/main.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-print('hello')\n");
  EXPECT_EQ(applied.summary.total, 3U);
  EXPECT_EQ(applied.summary.added, 1U);
  EXPECT_EQ(applied.summary.deleted, 1U);
  EXPECT_EQ(read(id_, "README.md"), "# Renamed\n\nA line.\n");
  EXPECT_EQ(read(id_, "src/new/deep.txt"), "new\n");
  EXPECT_TRUE(error_of([&] { read(id_, "src/main.py"); }).has_value());
  reset(id_);
  EXPECT_THAT(error_of([&] {
                patch(
                    "--- /dev/null\n+++ b/added\n@@ -0,0 +1 @@\n+x\n"
                    "--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-other\n+y\n");
              }),
              Refused(ErrorCode::kFailedPrecondition,
                      HasSubstr("patch context does not match for README.md")));
  EXPECT_FALSE(diff(id_).changed);
  EXPECT_THAT(error_of([&] { patch(" \n"); }),
              Refused(ErrorCode::kInvalidArgument, "patch must not be empty"));
}

TEST_F(WorkspaceFilesTest, the_diff_names_what_changed_and_only_that) {
  output_of(
      id_,
      "touch data.bin; echo more >> README.md; chmod 644 src/main.py; rmdir empty; mkdir full; "
      "mkdir hollow; echo x > full/x; rm link; echo now a file > link; mkdir -p .git; "
      "echo hidden > .git/x");
  const auto changes = diff(id_);
  std::map<std::string, DiffStatus> statuses;
  for (const auto& entry : changes.entries) statuses[entry.path] = entry.status;
  EXPECT_EQ(statuses, (std::map<std::string, DiffStatus>{{"README.md", DiffStatus::kModified},
                                                         {"src/main.py", DiffStatus::kModified},
                                                         {"empty", DiffStatus::kDeleted},
                                                         {"full/x", DiffStatus::kAdded},
                                                         {"hollow", DiffStatus::kAdded},
                                                         {"link", DiffStatus::kTypeChanged}}));
  EXPECT_THAT(changes.patch, HasSubstr("+more\n"));
  EXPECT_THAT(changes.patch, HasSubstr("old mode 100755\nnew mode 100644\n"));
  EXPECT_EQ(changes.summary.total, 6U);

  const auto one = call(api::DiffWorkspace{.workspace_id = id_, .path = "full/x"});
  ASSERT_EQ(one.entries.size(), 1U);
  EXPECT_EQ(one.patch, one.entries[0].text_patch);
  EXPECT_EQ(one.summary.total, 6U);
  const auto rest = call(api::DiffWorkspace{.workspace_id = id_, .offset = 4});
  EXPECT_EQ(rest.entries.size(), 2U);
  EXPECT_TRUE(changes.patch.ends_with(rest.patch));
  EXPECT_THAT(testing::error_of(
                  [this] { call(api::DiffWorkspace{.workspace_id = id_, .path = "data.bin"}); }),
              Refused(ErrorCode::kNotFound, "workspace path is not changed: /workspace/data.bin"));
}

TEST_F(WorkspaceFilesTest, the_diff_sees_moved_directories) {
  output_of(id_, "mkdir -p a/b/c; mv src a/b/c/moved; mv a z");
  const auto changes = diff(id_);
  std::map<std::string, DiffStatus> statuses;
  for (const auto& entry : changes.entries) statuses[entry.path] = entry.status;
  EXPECT_EQ(statuses,
            (std::map<std::string, DiffStatus>{{"src/main.py", DiffStatus::kDeleted},
                                               {"z/b/c/moved/main.py", DiffStatus::kAdded}}));
}

void WorkspaceFilesTest::expect_patch_makes_the_tree(const fs::path& seed) {
  const fs::path applied = directory_.path() / "applied";
  const fs::path exported = directory_.path() / "exported";
  run_checked({.argv = {"cp", "-a", seed.string(), applied.string()}},
              Clock::now() + std::chrono::seconds(30), {});
  const auto changes = diff(id_);
  put(directory_.path() / "patch", changes.patch);
  if (!changes.patch.empty()) {
    run_checked(
        {.argv = {"git", "apply", (directory_.path() / "patch").string()}, .directory = applied},
        Clock::now() + std::chrono::seconds(30), {});
  }
  export_to("/workspace", exported);
  for (const auto& tree : {applied, exported}) {
    run_checked(
        {.argv = {"find", tree.string(), "-mindepth", "1", "-type", "d", "-empty", "-delete"}},
        Clock::now() + std::chrono::seconds(30), {});
  }
  run_checked({.argv = {"diff", "-r", "--no-dereference", applied.string(), exported.string()}},
              Clock::now() + std::chrono::seconds(30), {});
}

TEST_F(WorkspaceFilesTest, the_patch_makes_the_current_tree_of_the_original) {
  output_of(
      id_,
      "printf 'a\\r\\nb' > crlf; printf '\\xe9t\\xe9\\n' > latin1; head -c 5000 /dev/urandom > "
      "random; mv README.md 'with \"quotes\" and ä'; ln -sf data.bin link; rm -r src; "
      "printf 'x\\n' > \"$(printf 'new\\nline')\"; mkdir -p d/e/f && echo deep > d/e/f/g; "
      "chmod 755 data.bin; printf 'no newline' > n");
  expect_patch_makes_the_tree(directory_.path() / "seed");
}

}  // namespace
}  // namespace pyro::test
