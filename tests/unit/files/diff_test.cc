#include <gmock/gmock.h>

#include "common/base/text.h"
#include "tests/support/environment.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"
#include "tests/unit/files/host_tree.h"

namespace pyro {
namespace {

using api::ArtifactType;
using api::DiffStatus;
using files::DiffSide;
using ::testing::ElementsAre;
using testing::empty_directory;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using testing::symlink_to;
using testing::text_file;

class DiffBuilderTest : public ::testing::Test {
 protected:
  void add(const std::string& path, const DiffSide& before, const DiffSide& after) {
    builder_.add(path, before, after);
  }
  testing::TestDirectory directory_;
  files::DiffBuilder builder_{directory_.path(), testing::work_for(std::chrono::seconds(30))};
};

TEST_F(DiffBuilderTest, of_nothing_is_an_unchanged_diff) {
  add("same", text_file("x"), text_file("x"));
  add("link", symlink_to("x"), symlink_to("x"));
  const api::Diff diff = builder_.build();
  EXPECT_FALSE(diff.changed);
  EXPECT_THAT(diff.entries, IsEmpty());
  EXPECT_EQ(diff.patch, "");
}

TEST_F(DiffBuilderTest, shows_a_change_of_text_as_git_does) {
  add("a.txt", text_file("one\n"), text_file("two\n"));
  const api::Diff diff = builder_.build();
  EXPECT_EQ(diff.patch,
            "diff --git a/a.txt b/a.txt\n"
            "index 5626abf0f72e58d7a153368ba57db4c673c0e171.."
            "f719efd430d52bcfc8566a43b2eb655688d38871 100644\n"
            "--- a/a.txt\n"
            "+++ b/a.txt\n"
            "@@ -1 +1 @@\n"
            "-one\n"
            "+two\n");
  ASSERT_EQ(diff.entries.size(), 1U);
  EXPECT_EQ(diff.entries[0].text_patch, diff.patch);
  EXPECT_EQ(diff.summary.total, 1U);
  EXPECT_EQ(diff.summary.modified, 1U);
  EXPECT_EQ(diff.summary.text_patched, 1U);
}

TEST_F(DiffBuilderTest, counts_a_change_of_mode_as_modified_without_text) {
  add("group", text_file("x", 0644), text_file("x", 0664));
  add("run", text_file("x", 0644), text_file("x", 0755));
  const api::Diff diff = builder_.build();
  EXPECT_EQ(diff.patch, "diff --git a/run b/run\nold mode 100644\nnew mode 100755\n");
  ASSERT_EQ(diff.entries.size(), 2U);
  for (const auto& entry : diff.entries) {
    EXPECT_EQ(entry.status, DiffStatus::kModified);
    EXPECT_EQ(entry.text_patch, std::nullopt);
  }
  EXPECT_EQ(diff.summary.non_text, 2U);
}

TEST_F(DiffBuilderTest, sorts_entries_by_the_bytes_of_their_paths) {
  for (const char* path : {"b", "a/z", "a.c", "a-b", "\xC3\xA9", "Z"}) {
    add(path, {}, text_file("x"));
  }
  std::vector<std::string> paths;
  for (const auto& entry : builder_.build().entries) paths.push_back(entry.path);
  EXPECT_THAT(paths, ElementsAre("Z", "a-b", "a.c", "a/z", "b", "\xC3\xA9"));
}

TEST_F(DiffBuilderTest, of_a_part_holds_the_entries_from_the_nth_on_and_counts_all) {
  const std::string large(files::DiffBuilder::kContentLimit + 1, 'x');
  for (const char* path : {"c", "a", "b"}) add(path, text_file("old\n"), text_file("new\n"));
  add("d", {}, {.kind = tree::EntryKind::kFile, .mode = 0644, .content = large});
  add("0", {}, {.kind = tree::EntryKind::kFile, .mode = 0644, .content = large});
  const api::Diff rest = builder_.build({.offset = 3});
  ASSERT_EQ(rest.entries.size(), 2U);
  EXPECT_EQ(rest.entries[0].path, "c");
  EXPECT_EQ(rest.patch, rest.entries[0].text_patch);
  EXPECT_THAT(rest.patch_omits, ElementsAre("d"));
  EXPECT_TRUE(rest.changed);
  EXPECT_EQ(rest.summary.total, 5U);
  EXPECT_EQ(rest.summary.text_patched, 3U);
}

TEST_F(DiffBuilderTest, of_a_part_beyond_the_end_is_empty_but_for_the_summary) {
  add("a", {}, text_file("x\n"));
  const api::Diff nothing = builder_.build({.offset = 1});
  EXPECT_TRUE(nothing.changed);
  EXPECT_THAT(nothing.entries, IsEmpty());
  EXPECT_EQ(nothing.patch, "");
  EXPECT_EQ(nothing.summary.total, 1U);
}

TEST_F(DiffBuilderTest, shows_empty_directories_as_entries_alone) {
  add("gone", empty_directory(), {});
  add("new", {}, empty_directory());
  add("was-file", text_file("x\n"), empty_directory());
  const api::Diff diff = builder_.build();
  ASSERT_EQ(diff.entries.size(), 3U);
  EXPECT_EQ(diff.entries[0].status, DiffStatus::kDeleted);
  EXPECT_EQ(diff.entries[0].artifact_type, ArtifactType::kDirectory);
  EXPECT_EQ(diff.entries[1].status, DiffStatus::kAdded);
  EXPECT_EQ(diff.entries[2].status, DiffStatus::kTypeChanged);
  EXPECT_EQ(diff.entries[2].text_patch, std::nullopt);
  EXPECT_THAT(diff.patch, StartsWith("diff --git a/was-file b/was-file\ndeleted file mode 100644"));
}

TEST_F(DiffBuilderTest, sends_what_is_no_utf8_as_binary) {
  add("latin", text_file("caf\xE9\n"), text_file("th\xE9\n"));
  add("was-text", text_file("plain\n"), text_file("th\xE9\n"));
  add("nul", {}, text_file(std::string(20000, 'x') + std::string("\0", 1)));
  const api::Diff diff = builder_.build();
  for (const auto& entry : diff.entries) EXPECT_EQ(entry.text_patch, std::nullopt) << entry.path;
  EXPECT_EQ(diff.summary.non_text, 3U);
  EXPECT_THAT(diff.patch, HasSubstr("GIT binary patch"));
  EXPECT_THAT(diff.patch, Not(HasSubstr("@@")));
}

TEST_F(DiffBuilderTest, names_a_path_that_is_no_utf8_by_its_bytes) {
  add("caf\xE9", {}, text_file("x\n"));
  const api::Diff diff = builder_.build();
  ASSERT_EQ(diff.entries.size(), 1U);
  EXPECT_EQ(diff.entries[0].path, "caf\xEF\xBF\xBD");
  EXPECT_EQ(diff.entries[0].path_bytes, "Y2Fm6Q==");
  EXPECT_THAT(diff.patch, StartsWith("diff --git \"a/caf\\351\" \"b/caf\\351\"\n"));
}

TEST_F(DiffBuilderTest, tells_of_a_path_that_git_refuses_and_leaves_it_out_of_the_patch) {
  add("sub/.GIT/x", {}, text_file("x"));
  const api::Diff diff = builder_.build();
  ASSERT_EQ(diff.entries.size(), 1U);
  EXPECT_EQ(diff.entries[0].status, DiffStatus::kAdded);
  EXPECT_THAT(diff.patch_omits, ElementsAre("sub/.GIT/x"));
  EXPECT_EQ(diff.patch, "");
}

TEST_F(DiffBuilderTest, leaves_out_git_directories) {
  for (const char* path : {".git/config", "sub/.git/x", ".git"}) add(path, {}, text_file("x"));
  for (const char* path : {".gitignore", "x.git/y"}) add(path, {}, text_file("x"));
  std::vector<std::string> paths;
  for (const auto& entry : builder_.build().entries) paths.push_back(entry.path);
  EXPECT_THAT(paths, ElementsAre(".gitignore", "x.git/y"));
}

TEST_F(DiffBuilderTest, names_what_is_too_large_and_goes_on) {
  const std::string large(files::DiffBuilder::kContentLimit + 1, 'x');
  add("by-size", {}, text_file(large));
  add("by-mark", text_file("x"),
      {.kind = tree::EntryKind::kFile, .content = "1", .too_large = true});
  add("same", {.kind = tree::EntryKind::kFile, .content = "1", .too_large = true},
      {.kind = tree::EntryKind::kFile, .content = "1", .too_large = true});
  add("small", {}, text_file("x\n"));
  const api::Diff diff = builder_.build();
  EXPECT_EQ(diff.summary.total, 3U);
  EXPECT_EQ(diff.summary.text_patched, 1U);
  EXPECT_THAT(diff.patch_omits, ElementsAre("by-mark", "by-size"));
  EXPECT_THAT(diff.patch, StartsWith("diff --git a/small b/small\n"));
}

TEST_F(DiffBuilderTest, keeps_the_patch_below_its_limit) {
  const std::string line = std::string(1023, 'x') + "\n";
  std::string content;
  while (content.size() < 15U << 20U) content += line;
  for (const char* path : {"1", "2", "3"}) add(path, {}, text_file(content));
  const api::Diff diff = builder_.build();
  EXPECT_EQ(diff.summary.total, 3U);
  EXPECT_THAT(diff.patch_omits, ElementsAre("2", "3"));
  EXPECT_LE(diff.patch.size(), files::DiffBuilder::kPatchLimit);
  EXPECT_GT(diff.patch.size(), 15U << 20U);
}

TEST_F(DiffBuilderTest, refuses_more_entries_than_a_message_can_have) {
  for (std::size_t i = 0; i < files::DiffBuilder::kEntryLimit; ++i) {
    add(fmt::format("{}", i), {}, empty_directory());
  }
  EXPECT_THAT(testing::error_of([&] { add("one more", {}, empty_directory()); }),
              testing::Refused(ErrorCode::kResourceExhausted));
  EXPECT_EQ(builder_.build().summary.total, files::DiffBuilder::kEntryLimit);
}

TEST_F(DiffBuilderTest, takes_the_deletion_of_a_changed_type_first) {
  add("odd", text_file("x\n"), symlink_to("caf\xE9"));
  const std::string patch = builder_.build().patch;
  EXPECT_THAT(patch, StartsWith("diff --git a/odd b/odd\ndeleted file mode 100644\n"));
  EXPECT_THAT(patch, HasSubstr("diff --git a/odd b/odd\nnew file mode 120000\n"));
}

TEST_F(DiffBuilderTest, is_utf8_also_where_git_cuts_a_line_at_a_byte) {
  for (std::size_t shift = 0; shift < 2; ++shift) {
    std::string text = "f" + std::string(shift, 'x');
    for (int i = 0; i < 100; ++i) text += "\xC3\xA9";
    text += "\n1\n2\n3\n4\n5\n6\n";
    add(fmt::format("{}", shift), text_file(text), text_file(text + "7\n"));
  }
  const std::string patch = builder_.build().patch;
  EXPECT_EQ(patch, to_valid_utf8(patch));
  EXPECT_THAT(patch, HasSubstr("@@ f"));
}

TEST_F(DiffBuilderTest, refuses_a_tree_that_contradicts_itself) {
  add("a", {}, text_file("x"));
  add("a/b", {}, text_file("x"));
  EXPECT_THAT(testing::error_of([&] { builder_.build(); }),
              testing::Refused(ErrorCode::kFailedPrecondition,
                               "'a' changed while it was compared: try again"));
}

TEST_F(DiffBuilderTest, is_deaf_to_the_callers_git) {
  const testing::WithVariable directory("GIT_DIR", "/nonexistent");
  const testing::WithVariable options("GIT_DIFF_OPTS", "-u0");
  const testing::WithVariable external("GIT_EXTERNAL_DIFF", "/bin/false");
  add("a", text_file("1\n2\n3\n"), text_file("1\n2\n4\n"));
  EXPECT_THAT(builder_.build().patch, HasSubstr("@@ -1,3 +1,3 @@\n 1\n 2\n-3\n+4\n"));
}

TEST(DiffBuilderDeadline, ends_git) {
  const testing::TestDirectory directory;
  files::DiffBuilder builder(directory.path(), testing::work_for(std::chrono::seconds(-1)));
  builder.add("a", {}, text_file("x"));
  EXPECT_THAT(testing::error_of([&] { builder.build(); }),
              testing::Refused(ErrorCode::kDeadlineExceeded));
}

TEST(DiffBuilderScratch, is_empty_afterwards) {
  const testing::TestDirectory directory;
  {
    files::DiffBuilder builder(directory.path(), testing::work_for(std::chrono::seconds(30)));
    builder.add("a", {}, text_file("x"));
    builder.build();
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST_F(DiffBuilderTest, shows_no_secret_in_a_patch) {
  const Redactor redactor({"hunter22", "line one\nline two"});
  files::DiffBuilder builder(directory_.path(), testing::work_for(std::chrono::seconds(30)),
                             &redactor);
  builder.add("a", {.kind = tree::EntryKind::kAbsent},
              {.kind = tree::EntryKind::kFile,
               .mode = 0644,
               .content = "token = hunter22\nline one\nline two\n"});
  const auto diff = builder.build();
  EXPECT_NE(diff.patch.find("+token = [REDACTED]\n+[REDACTED]\n+[REDACTED]\n"), std::string::npos)
      << diff.patch;
  EXPECT_EQ(diff.entries.at(0).text_patch, diff.patch);
}

}  // namespace
}  // namespace pyro
