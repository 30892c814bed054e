#include <gmock/gmock.h>

#include "common/base/base64.h"
#include "common/base/text.h"
#include "common/directory_lease/directory_lease.h"
#include "services/files/copy_volume.h"
#include "services/files/diff.h"
#include "services/files/files.h"
#include "services/files/patch/workspace_patch.h"
#include "services/files/seed.h"
#include "services/files/volume/volume_reader.h"
#include "tests/support/errors.h"
#include "tests/support/git_repository.h"
#include "tests/unit/files/nouns_fixture.h"

namespace pyro {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HostTree;
using ::testing::IsEmpty;
using testing::Refused;
using testing::symlink_to;
using testing::text_file;

TEST_F(FilesNouns, list_a_directory) {
  auto guest = guest_.connect();
  const auto list = files::list_files(guest, {.workspace_id = "w", .path = "bin"});
  EXPECT_EQ(list.path, "/workspace/bin");
  EXPECT_EQ(list.artifact_type, api::ArtifactType::kDirectory);
  ASSERT_EQ(list.entries.size(), 2U);
  EXPECT_EQ(list.entries[0].path, "/workspace/bin/link");
  EXPECT_EQ(list.entries[0].link_target, "run");
  EXPECT_EQ(list.entries[1].path, "/workspace/bin/run");
  EXPECT_EQ(list.entries[1].size_bytes, 10U);
}

TEST_F(FilesNouns, list_the_whole_workspace_sorted) {
  auto guest = guest_.connect();
  std::vector<std::string> paths;
  for (const auto& entry : files::list_files(guest, {.recursive = true}).entries) {
    paths.push_back(entry.path);
  }
  EXPECT_THAT(paths, ElementsAre("/workspace/a.txt", "/workspace/bin", "/workspace/bin/link",
                                 "/workspace/bin/run", "/workspace/caf\xEF\xBF\xBD", "/workspace/d",
                                 "/workspace/d/e", "/workspace/d/e/f"));
}

TEST_F(FilesNouns, list_from_the_nth_entry_on) {
  auto guest = guest_.connect();
  const auto list = files::list_files(guest, {.path = "bin", .offset = 1});
  EXPECT_EQ(list.count, 2U);
  ASSERT_EQ(list.entries.size(), 1U);
  EXPECT_EQ(list.entries[0].path, "/workspace/bin/run");
  EXPECT_TRUE(files::list_files(guest, {.path = "bin", .offset = 7}).entries.empty());
  EXPECT_EQ(files::list_files(guest, {.path = "bin/run", .offset = 0}).entries.size(), 1U);
}

TEST_F(FilesNouns, list_a_file_as_itself) {
  auto guest = guest_.connect();
  const auto list = files::list_files(guest, {.path = "/workspace/a.txt"});
  EXPECT_EQ(list.artifact_type, api::ArtifactType::kFile);
  ASSERT_EQ(list.entries.size(), 1U);
  EXPECT_EQ(list.entries[0].path, "/workspace/a.txt");
}

TEST_F(FilesNouns, refuse_a_path_that_does_not_exist) {
  auto guest = guest_.connect();
  EXPECT_THAT(testing::error_of([&] { files::list_files(guest, {.path = "no"}); }),
              Refused(ErrorCode::kNotFound, "workspace path does not exist: /workspace/no"));
  EXPECT_THAT(testing::error_of([&] { files::read_part(guest, {.path = "no"}); }),
              Refused(ErrorCode::kNotFound, "workspace path does not exist: /workspace/no"));
  EXPECT_THAT(testing::error_of([&] { export_to("no", directory_ / "out"); }),
              Refused(ErrorCode::kNotFound, "workspace path does not exist: /workspace/no"));
  EXPECT_THAT(names_in_directory(), ElementsAre("exports"));
}

TEST_F(FilesNouns, read_a_part_of_a_file) {
  auto guest = guest_.connect();
  const auto part = files::read_part(guest, {.path = "a.txt", .max_bytes = 2, .offset = 1});
  EXPECT_EQ(part.content, "ne");
  EXPECT_EQ(part.size_bytes, 4U);
  EXPECT_TRUE(part.truncated);
  const auto rest = files::read_part(guest, {.path = "a.txt", .max_bytes = 2, .offset = 2});
  EXPECT_EQ(rest.content, "e\n");
  EXPECT_FALSE(rest.truncated);
  EXPECT_FALSE(files::read_part(guest, {.path = "a.txt", .offset = 9}).truncated);
  EXPECT_THAT(
      testing::error_of([&] { files::read_part(guest, {.path = "bin"}); }),
      Refused(ErrorCode::kFailedPrecondition, "workspace file read only supports regular files"));
}

TEST_F(FilesNouns, read_pages_that_cut_no_character) {
  auto guest = guest_.connect();
  const std::string text = "aé€😀";
  files::write_whole(guest, {.path = "text", .text = text});
  for (std::uint64_t max_bytes = 1; max_bytes <= text.size() + 1; ++max_bytes) {
    std::string all;
    std::optional<std::uint64_t> offset = 0;
    while (offset) {
      const auto page =
          files::read_part(guest, {.path = "text", .max_bytes = max_bytes, .offset = *offset});
      ASSERT_FALSE(page.content.empty());
      EXPECT_LE(page.content.size(), max_bytes);
      EXPECT_EQ(page.truncated, page.next_offset.has_value());
      EXPECT_TRUE(max_bytes < 4 || to_valid_utf8(page.content) == page.content) << max_bytes;
      all += page.content;
      offset = page.next_offset;
    }
    EXPECT_EQ(all, text) << max_bytes;
  }
}

TEST_F(FilesNouns, read_pages_that_show_no_part_of_a_secret) {
  auto guest = guest_.connect();
  const auto redactor = std::make_shared<const Redactor>(std::vector<std::string>{"hunter22"});
  const std::string text = "<hunter22>, hunter2";
  files::write_whole(guest, {.path = "text", .text = text});
  for (std::uint64_t offset = 0; offset < text.size(); ++offset) {
    for (std::uint64_t max_bytes = 1; max_bytes <= text.size(); ++max_bytes) {
      for (const bool as_base64 : {false, true}) {
        const auto page = files::read_part(
            guest,
            {.path = "text", .max_bytes = max_bytes, .offset = offset, .as_base64 = as_base64},
            redactor);
        const std::string content =
            as_base64 ? from_base64(page.content).value_or("?") : page.content;
        const std::uint64_t end = std::min<std::uint64_t>(offset + max_bytes, text.size());
        std::string expected = text.substr(offset, end - offset);
        const std::uint64_t from = std::max<std::uint64_t>(offset, 1);
        const std::uint64_t to = std::min<std::uint64_t>(end, 9);
        if (from < to) expected.replace(from - offset, to - from, "[REDACTED]");
        EXPECT_EQ(content, expected) << offset << " " << max_bytes;
        EXPECT_EQ(page.next_offset.value_or(end), end);
      }
    }
  }
}

TEST_F(FilesNouns, read_marks_text_that_is_no_utf8_and_gives_none_of_a_binary_file) {
  auto guest = guest_.connect();
  const auto read = [&](const std::string& bytes, api::ReadFile request = {}) {
    write_file_atomically(guest_.tree() / "f", bytes);
    request.path = "f";
    return files::read_part(guest, request);
  };
  EXPECT_EQ(read("latein é\n").encoding, api::FileEncoding::kUtf8);
  EXPECT_EQ(read("\x01\x02\x03").encoding, api::FileEncoding::kUtf8);
  const auto latin = read("lat\xE9in\n");
  EXPECT_EQ(latin.encoding, api::FileEncoding::kNotUtf8);
  EXPECT_EQ(latin.content, "lat\xE9in\n");
  // Cyrillic of Windows: hardly a byte of it is UTF-8.
  EXPECT_EQ(read("\xCF\xF0\xE8\xE2\xE5\xF2\r\n").encoding, api::FileEncoding::kNotUtf8);
  std::string noise;
  for (int i = 1; i < 256; ++i) noise += static_cast<char>(i * 7 % 255 + 1);
  for (const auto& binary : {std::string("\x7F"
                                         "ELF\0\0\0",
                                         7),
                             std::string(2000, '\0'), noise}) {
    const auto page = read(binary, {.max_bytes = 1000});
    EXPECT_EQ(page.encoding, api::FileEncoding::kBinary);
    EXPECT_EQ(page.content, "");
    EXPECT_EQ(page.size_bytes, binary.size());
    EXPECT_FALSE(page.truncated);
    EXPECT_FALSE(page.next_offset);
  }
}

TEST_F(FilesNouns, read_gives_any_bytes_as_base64) {
  auto guest = guest_.connect();
  write_file_atomically(guest_.tree() / "f", std::string("a\xE9\0\xC3\xA9", 5));
  const auto page = files::read_part(guest, {.path = "f", .max_bytes = 4, .as_base64 = true});
  EXPECT_EQ(page.encoding, api::FileEncoding::kBase64);
  EXPECT_EQ(page.content, "YekAww==");
  EXPECT_EQ(page.next_offset, 4U);
}

TEST_F(FilesNouns, write_a_file_and_the_directories_above_it) {
  auto guest = guest_.connect();
  const auto written = files::write_whole(guest, {.path = "new/dir/file", .text = "text"});
  EXPECT_EQ(written.path, "/workspace/new/dir/file");
  EXPECT_EQ(written.bytes_written, 4U);
  EXPECT_EQ(read_file(guest_.tree() / "new/dir/file"), "text");
  EXPECT_THAT(testing::error_of([&] { files::write_whole(guest, {.path = "bin", .text = "x"}); }),
              Refused(ErrorCode::kFailedPrecondition));
  EXPECT_THAT(testing::error_of([&] { files::write_whole(guest, {.path = "../x"}); }),
              Refused(ErrorCode::kInvalidArgument, "workspace path must stay inside /workspace"));
}

TEST_F(FilesNouns, patch_files_in_the_workspace) {
  auto guest = guest_.connect();
  const auto applied = files::patch_workspace(
      guest,
      {.workspace_id = "w",
       .patch = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n"
                "diff --git a/bin/run b/bin/run\nold mode 100755\nnew mode 100644\n"
                "--- /dev/null\n+++ b/n/e/w\n@@ -0,0 +1 @@\n+new\n"
                "diff --git a/d/e/f b/d/e/f\nindex 1..2 100644\n--- a/d/e/f\n+++ /dev/null\n"
                "@@ -1 +0,0 @@\n-" +
                std::string(200000, 'x') + "\n\\ No newline at end of file\n"},
      directory_.path(), work_);
  EXPECT_EQ(applied.summary.total, 4U);
  EXPECT_EQ(applied.summary.added, 1U);
  EXPECT_EQ(applied.summary.modified, 2U);
  EXPECT_EQ(applied.summary.deleted, 1U);
  HostTree expected = small_tree();
  expected["a.txt"].content = "two\n";
  expected["bin/run"].mode = 0644;
  expected["n/e/w"] = text_file("new\n");
  expected.erase("d/e/f");
  EXPECT_EQ(testing::read_tree(guest_.tree()), expected);
  EXPECT_EQ(fs::status(guest_.tree() / "bin").permissions(), fs::perms(0755));
}

TEST_F(FilesNouns, patch_nothing_when_one_file_does_not_match) {
  auto guest = guest_.connect();
  EXPECT_THAT(testing::error_of([&] {
                files::patch_workspace(guest,
                                       {.patch = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n"
                                                 "+two\n--- a/no\n+++ b/no\n@@ -1 +1 @@\n-x\n+y\n"},
                                       directory_.path(), work_);
              }),
              Refused(ErrorCode::kFailedPrecondition,
                      "patch context does not match for no: it does not exist"));
  EXPECT_EQ(testing::read_tree(guest_.tree()), small_tree());
}

TEST_F(FilesNouns, patch_no_file_behind_a_link) {
  fs::create_symlink("bin", guest_.tree() / "other");
  auto guest = guest_.connect();
  EXPECT_TRUE(testing::error_of([&] {
    files::patch_workspace(guest, {.patch = "--- /dev/null\n+++ b/other/new\n@@ -0,0 +1 @@\n+x\n"},
                           directory_.path(), work_);
  }));
  EXPECT_FALSE(fs::exists(guest_.tree() / "bin/new"));
}

class SeededWorkspace : public FilesNouns {
 protected:
  SeededWorkspace() {
    testing::write_tree(directory_ / "seed", small_tree());
    fs::create_directory(directory_ / "seed/empty");
    fs::remove_all(guest_.tree() / "bin");  // the guest begins without a tree
    for (const auto& entry : fs::directory_iterator(guest_.tree())) fs::remove_all(entry.path());
    seed_ = files::build_volume(directory_ / "cache", directory_.path(),
                                {.volume = baseline(), .seed_path = (directory_ / "seed").string()},
                                work_);
    auto guest = guest_.connect();
    filled_ = files::fill_workspace(guest, {.vm_id = "vm", .volume = baseline()}, work_);
    fs::create_directory(directory_ / "scratch");
  }

  std::string baseline() const { return (directory_ / "baseline.ext4").string(); }

  api::Diff diff(std::optional<std::string> path = {}, std::uint32_t offset = 0,
                 std::optional<std::uint32_t> page_bytes = {}) {
    auto guest = guest_.connect();
    auto request = on_machine(api::DiffWorkspace{
        .workspace_id = "w", .path = std::move(path), .offset = offset, .page_bytes = page_bytes});
    request.baseline = baseline();
    return files::diff_workspace(guest, request, directory_ / "scratch", work_);
  }

  api::WorkspaceSeed seed_;
  api::TreeSize filled_;
};

TEST_F(SeededWorkspace, counts_its_seed) {
  EXPECT_EQ(seed_.mode, api::SeedMode::kDirectory);
  EXPECT_EQ(seed_.entry_count, 9U);
  EXPECT_EQ(seed_.bytes_written, 200015U);
  EXPECT_EQ(filled_.entry_count, 9U);
  EXPECT_EQ(filled_.bytes_written, 200015U);
  EXPECT_EQ(testing::read_tree(guest_.tree()), small_tree());
}

TEST_F(SeededWorkspace, has_no_diff_at_first) {
  const api::Diff none = diff();
  EXPECT_FALSE(none.changed) << none.patch;
}

TEST_F(SeededWorkspace, shows_what_was_done_to_it) {
  write_all(open_file(guest_.tree() / "a.txt", O_WRONLY | O_TRUNC).get(), "two\n");
  fs::remove_all(guest_.tree() / "d");
  fs::remove(guest_.tree() / "bin/link");
  fs::create_directories(guest_.tree() / "bin/link/sub");
  fs::create_directory(guest_.tree() / ".git");
  fs::remove(guest_.tree() / "empty");
  fs::permissions(guest_.tree() / "bin/run", fs::perms(0644));
  ASSERT_EQ(::mkfifo((guest_.tree() / "fifo").c_str(), 0600), 0);
  const api::Diff shown = diff();
  std::vector<std::string> entries;
  for (const auto& entry : shown.entries) {
    entries.push_back(fmt::format("{} {}", entry.path, static_cast<int>(entry.status)));
  }
  EXPECT_THAT(entries, ElementsAre("a.txt 1", "bin/link 2", "bin/link/sub 0", "bin/run 1",
                                   "d/e/f 2", "empty 2"));
  const auto tree = directory_ / "seed";
  const CommandResult applied = testing::git_apply(tree, shown.patch);
  EXPECT_EQ(applied.status.code, 0) << applied.error_output << shown.patch;
  EXPECT_EQ(testing::read_tree(tree), testing::as_git_sees(testing::read_tree(guest_.tree())));
}

TEST_F(SeededWorkspace, shows_one_entry_or_those_from_the_nth_on) {
  for (const char* name : {"a.txt", "new", "other"}) {
    write_file_atomically(guest_.tree() / name, "two\n", 0644);
  }
  const api::Diff all = diff();
  ASSERT_EQ(all.entries.size(), 3U);
  for (const char* path : {"new", "/workspace/new", "./new/"}) {
    const api::Diff one = diff(path);
    ASSERT_EQ(one.entries.size(), 1U) << path;
    EXPECT_EQ(one.entries[0].path, "new");
    EXPECT_EQ(one.patch, all.entries[1].text_patch);
    EXPECT_EQ(one.summary.total, 3U);
  }
  const api::Diff rest = diff({}, 1);
  EXPECT_EQ(rest.patch, *all.entries[1].text_patch + *all.entries[2].text_patch);
  const auto tree = directory_ / "seed";
  const CommandResult applied = testing::git_apply(tree, rest.patch);
  EXPECT_EQ(applied.status.code, 0) << applied.error_output << rest.patch;
  EXPECT_EQ(read_file(tree / "new"), "two\n");
  EXPECT_NE(read_file(tree / "a.txt"), "two\n");
}

TEST_F(SeededWorkspace, shows_its_changes_in_parts_that_are_patches_of_their_own) {
  for (int i = 0; i < 20; ++i) {
    write_file_atomically(guest_.tree() / fmt::format("new{}", i), std::string(1000, 'x'), 0644);
  }
  const auto tree = directory_ / "seed";
  std::vector<std::string> paths;
  for (std::optional<std::uint64_t> next = 0; next;) {
    const api::Diff part = diff({}, static_cast<std::uint32_t>(*next), 5000);
    EXPECT_EQ(part.summary.total, 20U);
    EXPECT_LE(part.patch.size(), 5000U);
    ASSERT_FALSE(part.entries.empty());
    for (const auto& entry : part.entries) paths.push_back(entry.path);
    EXPECT_EQ(testing::git_apply(tree, part.patch).status.code, 0) << part.patch;
    EXPECT_EQ(part.truncated, part.next_offset.has_value());
    next = part.next_offset;
  }
  EXPECT_EQ(paths.size(), 20U);
  EXPECT_EQ(testing::read_tree(tree), testing::as_git_sees(testing::read_tree(guest_.tree())));
  EXPECT_EQ(diff({}, 0, 1).entries.size(), 1U);
}

TEST_F(SeededWorkspace, refuses_the_diff_of_a_path_that_is_not_changed_or_none_of_its_own) {
  const auto refusal = [this](std::string path, std::uint32_t offset = 0) {
    return testing::error_of([&] { diff(std::move(path), offset); });
  };
  EXPECT_THAT(refusal("a.txt"),
              Refused(ErrorCode::kNotFound, "workspace path is not changed: /workspace/a.txt"));
  EXPECT_THAT(refusal("/workspace"),
              Refused(ErrorCode::kNotFound, "workspace path is not changed: /workspace"));
  EXPECT_THAT(refusal("../etc"),
              Refused(ErrorCode::kInvalidArgument, "workspace path must stay inside /workspace"));
  EXPECT_THAT(refusal(""),
              Refused(ErrorCode::kInvalidArgument, "workspace path must not be empty"));
  EXPECT_THAT(refusal("a.txt", 1),
              Refused(ErrorCode::kInvalidArgument, "path and offset exclude each other"));
}

TEST_F(SeededWorkspace, is_copied_while_it_is_frozen) {
  write_file_atomically(directory_ / "disk", "the disk");
  auto guest = guest_.connect();
  const auto size = files::copy_volume(
      guest, {.disk = directory_ / "disk", .volume = directory_ / "copy"}, work_);
  EXPECT_EQ(size.entry_count, 9U);
  EXPECT_EQ(size.bytes_written, 200015U);
  EXPECT_EQ(read_file(directory_ / "copy"), "the disk");
}

TEST_F(SeededWorkspace, is_not_copied_when_it_thawed_meanwhile) {
  write_file_atomically(directory_ / "disk", "the disk");
  guest_.lose_freezes();
  auto guest = guest_.connect();
  EXPECT_THAT(testing::error_of([&] {
                files::copy_volume(
                    guest, {.disk = directory_ / "disk", .volume = directory_ / "copy"}, work_);
              }),
              Refused(ErrorCode::kUnavailable));
  EXPECT_FALSE(fs::exists(directory_ / "copy"));
  EXPECT_FALSE(fs::exists(directory_ / "copy.partial"));
}

TEST_F(SeededWorkspace, is_not_copied_to_a_disk_that_is_too_full_and_thaws) {
  write_file_atomically(directory_ / "disk", "the disk");
  const auto copy = [this](std::uint32_t keep_free_mib) {
    auto guest = guest_.connect();
    files::copy_volume(guest,
                       {.disk = directory_ / "disk",
                        .volume = directory_ / "copy",
                        .keep_free_mib = keep_free_mib},
                       work_);
  };
  EXPECT_THAT(testing::error_of([&] { copy(1U << 30U); }),
              Refused(ErrorCode::kResourceExhausted, HasSubstr("limits.keep_free_mib")));
  EXPECT_FALSE(fs::exists(directory_ / "copy"));
  EXPECT_FALSE(fs::exists(directory_ / "copy.partial"));
  copy(0);
  EXPECT_TRUE(fs::exists(directory_ / "copy"));
}

TEST_F(SeededWorkspace, is_copied_file_by_file_where_there_is_no_disk) {
  auto guest = guest_.connect();
  const auto size = files::copy_volume(guest,
                                       {.disk = directory_ / "none",
                                        .volume = directory_ / "copy",
                                        .cache_dir = directory_ / "cache"},
                                       work_);
  EXPECT_EQ(size.entry_count, 9U);
  EXPECT_EQ(volume::VolumeReader(directory_ / "copy").find("d/e/f").size, 200000U);
}

TEST(Seed, of_nothing_is_an_empty_volume) {
  const testing::TestDirectory directory;
  const auto seed = files::build_volume(directory / "cache", directory.path(),
                                        {.volume = (directory / "v").string()},
                                        testing::work_for(std::chrono::seconds(30)));
  EXPECT_EQ(seed.mode, api::SeedMode::kEmpty);
  EXPECT_EQ(seed.seed_path, std::nullopt);
  EXPECT_EQ(seed.entry_count, 0U);
  const volume::VolumeReader reader(directory / "v");
  EXPECT_THAT(reader.list(""), IsEmpty());
  EXPECT_GT(reader.unchanged_ctime_ns(), 0);
}

TEST(Seed, is_shown_by_the_path_that_it_was_read_from) {
  const testing::TestDirectory directory;
  std::filesystem::create_directory(directory / "real");
  std::filesystem::create_directory_symlink("real", directory / "link");
  const auto seed = files::build_volume(
      directory / "cache", directory.path(),
      {.volume = (directory / "v").string(), .seed_path = (directory / "link/../link").string()},
      testing::work_for(std::chrono::seconds(30)));
  EXPECT_EQ(seed.seed_path, std::filesystem::canonical(directory / "real").string());
  EXPECT_EQ(seed.origin_ref, seed.seed_path);
}

TEST(Seed, says_where_it_came_from) {
  const testing::TestDirectory directory;
  const testing::GitRepository project(directory / "project");
  project.put("tracked", "one\n");
  project.commit("first");
  project.put("untracked", "two\n");
  const std::string path = project.root().string();
  int volumes = 0;
  const auto build = [&](const std::optional<api::SeedOrigin>& origin) {
    const auto volume = directory / ("v" + std::to_string(++volumes));
    auto seed =
        files::build_volume(directory / "cache", directory.path(),
                            {.volume = volume.string(), .seed_path = path, .origin = origin},
                            testing::work_for(std::chrono::seconds(30)));
    const volume::VolumeReader reader(volume);
    EXPECT_EQ(reader.find("tracked").size, 4U);
    EXPECT_EQ(reader.find("untracked").kind == tree::EntryKind::kFile, !origin);
    EXPECT_EQ(reader.find(".git/hooks").kind == tree::EntryKind::kDirectory, !origin);
    EXPECT_EQ(seed.mode, api::SeedMode::kDirectory);
    EXPECT_EQ(seed.seed_path, path);
    return seed;
  };
  const auto manual = build(std::nullopt);
  EXPECT_EQ(manual.origin_kind, "manual_seed_path");
  EXPECT_EQ(manual.origin_ref, path);
  const auto source = build(api::SeedOrigin{
      .origin_kind = api::OriginKind::kProjectPath, .origin_ref = path, .git_tracked = true});
  EXPECT_EQ(source.origin_kind, "project_path");
  EXPECT_EQ(source.origin_ref, path);
}

TEST(Seed, of_a_clone_keeps_it_from_being_removed) {
  const testing::TestDirectory directory;
  const fs::path place = directory / "clones/key" / std::string(40, 'a');
  const testing::GitRepository clone(place / "tree");
  clone.put("tracked", "one\n");
  clone.commit("first");
  bool free = false;
  auto work = testing::work_for(std::chrono::seconds(30));
  work.progress = [&](const api::Progress& step) {
    if (step.phase != "pack_history") return;
    free = free || DirectoryLease::take_for_deletion(place).has_value();
  };
  const auto build = [&](const std::string& volume) {
    return files::build_volume(directory / "cache", directory.path(),
                               {.volume = (directory / volume).string(),
                                .seed_path = clone.root().string(),
                                .origin = api::SeedOrigin{.origin_kind = api::OriginKind::kRepoUrl,
                                                          .origin_ref = "url@main",
                                                          .git_tracked = true}},
                               work);
  };
  EXPECT_THAT(testing::error_of([&] { build("v1"); }), Refused(ErrorCode::kNotFound));
  DirectoryLease::prepare(place);
  const auto seed = build("v2");
  EXPECT_EQ(seed.origin_kind, "repo_url");
  EXPECT_EQ(seed.origin_ref, "url@main");
  EXPECT_FALSE(free);
  EXPECT_TRUE(DirectoryLease::take_for_deletion(place));
}

TEST(Seed, that_fails_leaves_no_volume) {
  const testing::TestDirectory directory;
  const auto build = [&](std::optional<std::string> seed_path, std::chrono::seconds time) {
    return testing::error_of([&] {
      files::build_volume(directory / "cache", directory.path(),
                          {.volume = (directory / "v").string(), .seed_path = std::move(seed_path)},
                          testing::work_for(time));
    });
  };
  EXPECT_THAT(build("/nonexistent/x", std::chrono::seconds(30)),
              Refused(ErrorCode::kNotFound, "seed_path /nonexistent/x does not exist"));
  EXPECT_THAT(build("/dev/null", std::chrono::seconds(30)),
              Refused(ErrorCode::kInvalidArgument,
                      "seed_path must be a directory or a .tar/.tar.gz/.tgz archive"));
  EXPECT_THAT(build("/usr/share", std::chrono::seconds(-1)), Refused(ErrorCode::kDeadlineExceeded));
  write_file_atomically(directory / "broken.tar", "no archive");
  EXPECT_TRUE(build((directory / "broken.tar").string(), std::chrono::seconds(30)));
  EXPECT_FALSE(fs::exists(directory / "v"));
  EXPECT_FALSE(fs::exists(directory / "v.partial"));
  write_file_atomically(directory / "v", "mine");
  EXPECT_THAT(build(std::nullopt, std::chrono::seconds(30)), Refused(ErrorCode::kAlreadyExists));
  EXPECT_EQ(read_file(directory / "v"), "mine");
}

}  // namespace
}  // namespace pyro
