#include "tests/support/errors.h"
#include "tests/unit/files/patch_fixture.h"

namespace pyro {
namespace {

using api::DiffStatus;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::PatchedTree;

/// `1\n2\n…` up to `last`.
std::string numbers(int last) {
  std::string text;
  for (int i = 1; i <= last; ++i) text += fmt::format("{}\n", i);
  return text;
}

TEST(PatchApply, adds_modifies_and_deletes) {
  PatchedTree tree;
  tree.put("gone", "x\n");
  tree.put("changed", "one\n");
  const auto outcome = tree.apply(
      "diff --git a/gone b/gone\ndeleted file mode 100644\nindex 1..0\n"
      "--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
      "diff --git a/changed b/changed\nindex 1..2 100644\n"
      "--- a/changed\n+++ b/changed\n@@ -1 +1 @@\n-one\n+two\n"
      "diff --git a/deep/new b/deep/new\nnew file mode 100755\nindex 0..2\n"
      "--- /dev/null\n+++ b/deep/new\n@@ -0,0 +1 @@\n+y\n");
  ASSERT_EQ(outcome.entries.size(), 3U);
  EXPECT_EQ(outcome.entries[0].path, "changed");
  EXPECT_EQ(outcome.entries[0].status, DiffStatus::kModified);
  EXPECT_EQ(outcome.entries[1].path, "deep/new");
  EXPECT_EQ(outcome.entries[1].status, DiffStatus::kAdded);
  EXPECT_EQ(outcome.entries[2].path, "gone");
  EXPECT_EQ(outcome.entries[2].status, DiffStatus::kDeleted);
  EXPECT_EQ(tree.files(), (testing::HostTree{{"changed", testing::text_file("two\n")},
                                             {"deep/new", testing::text_file("y\n", 0755)}}));
}

TEST(PatchApply, says_what_each_file_was_when_it_was_read) {
  PatchedTree tree;
  tree.put("a", "one\n");
  const auto outcome = tree.apply(
      "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+two\n--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+x\n");
  EXPECT_THAT(tree.asked_for(), ElementsAre("a", "new"));
  ASSERT_EQ(outcome.expectations.size(), 2U);
  EXPECT_EQ(outcome.expectations[0].path, "a");
  EXPECT_FALSE(outcome.expectations[0].absent);
  EXPECT_EQ(outcome.expectations[0].inode, 1U);
  EXPECT_EQ(outcome.expectations[0].ctime_ns, 7);
  EXPECT_TRUE(outcome.expectations[1].absent);
}

TEST(PatchApply, takes_labels_of_all_kinds) {
  const std::vector<std::pair<std::string, std::string>> labels{
      {"a/d/f", "b/d/f"},
      {"d/f", "d/f"},
      {"a/d/f", "d/f"},
      {"d/f", "b/d/f"},
      {"./d//f", "d/f"},
      {"/workspace/d/f", "/workspace/d/f"},
      {"a//workspace/d/f", "b//workspace/d/f"},
      {"a/d/f\t2024-01-01 10:00:00.000000000 +0000", "b/d/f\t2024-01-01 10:00:01 +0000"},
      {"\"a/d/\\146\"", "\"b/d/f\""},
      {"a/d/f\r", "b/d/f\r"},
  };
  for (const auto& [before, after] : labels) {
    PatchedTree tree;
    tree.put("d/f", "one\n");
    tree.apply(fmt::format("--- {}\n+++ {}\n@@ -1 +1 @@\n-one\n+two\n", before, after));
    EXPECT_EQ(tree.content("d/f"), "two\n") << before;
  }
}

TEST(PatchApply, takes_a_directory_that_is_named_as_a_prefix) {
  PatchedTree tree;
  tree.put("a/f", "one\n");
  tree.apply("--- a/f\n+++ a/f\n@@ -1 +1 @@\n-one\n+two\n");
  EXPECT_EQ(tree.content("a/f"), "two\n");
}

TEST(PatchApply, takes_odd_names) {
  for (const std::string name : {"with space", "trailing ", "caf\xC3\xA9", "b/b b/b", "-dash",
                                 "x\" y", "f0", "patch", "git~1"}) {
    PatchedTree tree;
    tree.put(name, "one\n");
    tree.apply(fmt::format("--- a/{0}\t\n+++ b/{0}\t\n@@ -1 +1 @@\n-one\n+two\n", name));
    EXPECT_EQ(tree.content(name), "two\n") << name;
  }
  PatchedTree tree;
  tree.put("new\nline \xE9", "one\n");
  const auto outcome = tree.apply(
      "diff --git \"a/new\\nline \\351\" \"b/new\\nline \\351\"\nold mode 100644\nnew mode "
      "100755\n");
  EXPECT_EQ(outcome.entries.at(0).path, "new\nline \xEF\xBF\xBD");
  EXPECT_EQ(tree.files().begin()->second.mode, 0755U);
}

TEST(PatchApply, reads_names_from_the_git_header_when_there_are_no_labels) {
  PatchedTree tree;
  tree.put("with b/space", "", 0644);
  tree.apply(
      "diff --git a/with b/space b/with b/space\ndeleted file mode 100644\nindex e69de29..0000000\n"
      "diff --git plain plain\nnew file mode 100644\nindex 0000000..e69de29\n");
  EXPECT_EQ(tree.files(), (testing::HostTree{{"plain", testing::text_file("")}}));
}

TEST(PatchApply, reports_how_far_off_a_hunk_was_found) {
  PatchedTree tree;
  tree.put("a", "x\nx\nx\n" + numbers(9));
  tree.put("b", numbers(9));
  const std::string hunk = "@@ -2,3 +2,3 @@\n 2\n-3\n+three\n 4\n";
  const auto outcome = tree.apply("--- a/a\n+++ b/a\n" + hunk + "--- a/b\n+++ b/b\n" + hunk);
  EXPECT_EQ(outcome.entries.at(0).offset_lines, 3);
  EXPECT_EQ(outcome.entries.at(1).offset_lines, std::nullopt);
  EXPECT_EQ(tree.content("a"), "x\nx\nx\n1\n2\nthree\n4\n5\n6\n7\n8\n9\n");
}

TEST(PatchApply, reports_an_offset_to_the_front_as_negative) {
  PatchedTree tree;
  tree.put("a", numbers(9));
  const auto outcome = tree.apply("--- a/a\n+++ b/a\n@@ -6,3 +6,3 @@\n 2\n-3\n+three\n 4\n");
  EXPECT_EQ(outcome.entries.at(0).offset_lines, -4);
}

TEST(PatchApply, reports_the_first_of_several_offsets) {
  PatchedTree tree;
  tree.put("a", "x\n" + numbers(9) + "y\ny\n" + "11\n12\n13\n");
  const auto outcome = tree.apply(
      "--- a/a\n+++ b/a\n@@ -2,3 +2,3 @@\n 2\n-3\n+three\n 4\n"
      "@@ -10,3 +10,3 @@\n 11\n-12\n+twelve\n 13\n");
  EXPECT_EQ(outcome.entries.at(0).offset_lines, 1);
}

TEST(PatchApply, takes_an_empty_line_for_one_of_context) {
  PatchedTree tree;
  tree.put("a", "1\n\n3\n");
  tree.apply("--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n 1\n\n-3\n+three\n");
  EXPECT_EQ(tree.content("a"), "1\n\nthree\n");
}

TEST(PatchApply, takes_several_hunks) {
  PatchedTree tree;
  tree.put("a", numbers(20));
  tree.apply(
      "--- a/a\n+++ b/a\n@@ -1,2 +1,3 @@\n+0\n 1\n 2\n@@ -18,3 +19,2 @@ heading\n 18\n-19\n 20\n");
  std::string expected = "0\n" + numbers(18) + "20\n";
  EXPECT_EQ(tree.content("a"), expected);
}

TEST(PatchApply, places_hunks_without_context_by_their_lines) {
  PatchedTree tree;
  tree.put("a", "x\nx\nx\nx\n");
  tree.put("with-context", numbers(3));
  tree.apply(
      "--- a/a\n+++ b/a\n@@ -2 +2 @@\n-x\n+second\n@@ -3,0 +4 @@\n+inserted\n"
      "--- a/with-context\n+++ b/with-context\n@@ -2,2 +2,2 @@\n 2\n-3\n+three\n");
  EXPECT_EQ(tree.content("a"), "x\nsecond\nx\ninserted\nx\n");
  EXPECT_EQ(tree.content("with-context"), "1\n2\nthree\n");
}

TEST(PatchApply, keeps_line_ends_as_they_are) {
  PatchedTree tree;
  tree.put("crlf", "one\r\ntwo\r\n");
  tree.put("open", "one");
  tree.apply(
      "--- a/crlf\n+++ b/crlf\n@@ -1,2 +1,2 @@\n one\r\n-two\r\n+2\r\n"
      "--- a/open\n+++ b/open\n@@ -1 +1,2 @@\n-one\n\\ No newline at end of file\n+one\n+two\n"
      "\\ No newline at end of file\n");
  EXPECT_EQ(tree.content("crlf"), "one\r\n2\r\n");
  EXPECT_EQ(tree.content("open"), "one\ntwo");
}

TEST(PatchApply, honours_modes) {
  PatchedTree tree;
  tree.put("run", "x\n", 0640);
  tree.put("still", "x\n", 0755);
  const auto outcome = tree.apply(
      "diff --git a/run b/run\nold mode 100644\nnew mode 100755\n"
      "diff --git a/still b/still\nold mode 100755\nnew mode 100644\nindex 1..2\n"
      "--- a/still\n+++ b/still\n@@ -1 +1 @@\n-x\n+y\n");
  EXPECT_EQ(outcome.entries.size(), 2U);
  EXPECT_EQ(tree.files(), (testing::HostTree{{"run", testing::text_file("x\n", 0750)},
                                             {"still", testing::text_file("y\n", 0644)}}));
}

TEST(PatchApply, takes_a_file_without_a_header_after_a_change_of_mode) {
  PatchedTree tree;
  tree.put("run", "x\n");
  tree.put("other", "one\n");
  tree.apply(
      "diff --git a/run b/run\nold mode 100644\nnew mode 100755\n"
      "--- a/other\n+++ b/other\n@@ -1 +1 @@\n-one\n+two\n");
  EXPECT_EQ(tree.files(), (testing::HostTree{{"other", testing::text_file("two\n")},
                                             {"run", testing::text_file("x\n", 0755)}}));
}

TEST(PatchApply, keeps_the_mode_of_a_file_that_it_modifies) {
  PatchedTree tree;
  tree.put("a", "one\n", 04711);
  tree.apply("--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+two\n");
  EXPECT_EQ(tree.files().at("a").mode, 04711U);
}

TEST(PatchApply, leaves_out_what_stays_as_it_was) {
  PatchedTree tree;
  tree.put("a", "one\n", 0755);
  const auto outcome = tree.apply("diff --git a/a b/a\nold mode 100644\nnew mode 100755\n");
  EXPECT_THAT(outcome.entries, IsEmpty());
  EXPECT_THAT(outcome.writes, IsEmpty());
}

TEST(PatchApply, takes_a_new_file_that_is_shown_without_dev_null) {
  PatchedTree tree;
  const auto outcome =
      tree.apply("--- new.orig/x\t2020-01-01\n+++ new.orig/x\n@@ -0,0 +1 @@\n+x\n");
  EXPECT_EQ(outcome.entries.at(0).status, DiffStatus::kAdded);
  EXPECT_EQ(tree.content("new.orig/x"), "x\n");
}

TEST(PatchApply, takes_a_mail_of_git_format_patch) {
  PatchedTree tree;
  tree.put("a", "one\n");
  tree.apply(
      "From 1234 Mon Sep 17 00:00:00 2001\nFrom: x <x@y>\nSubject: [PATCH] z\n\nwords\n---\n"
      " a | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n"
      "diff --git a/a b/a\nindex 1..2 100644\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+two\n-- "
      "\n2.39.5"
      "\n\n");
  EXPECT_EQ(tree.content("a"), "two\n");
}

TEST(PatchApply, takes_what_diff_prints_of_directories) {
  PatchedTree tree;
  tree.put("d/a", "one\n");
  tree.put("d/b", "one\n");
  tree.apply(
      "diff -ruN d/a d/a\n--- d/a\t2024-01-01\n+++ d/a\t2024-01-02\n@@ -1 +1 @@\n-one\n+two\n"
      "Index: d/b\n=====\n--- d/b\t(revision 1)\n+++ d/b\t(working copy)\n@@ -1 +1 @@\n-one\n+two");
  EXPECT_EQ(tree.content("d/a"), "two\n");
  EXPECT_EQ(tree.content("d/b"), "two\n");
}

TEST(PatchApply, turns_a_file_into_a_directory) {
  PatchedTree tree;
  tree.put("a", "one\n");
  tree.apply(
      "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n--- /dev/null\n+++ b/a/b\n@@ -0,0 +1 @@\n+x\n");
  EXPECT_EQ(tree.files(), (testing::HostTree{{"a/b", testing::text_file("x\n")}}));
}

TEST(PatchApply, leaves_nothing_on_the_host) {
  PatchedTree tree;
  tree.put("a", "one\n");
  tree.apply("--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+two\n");
  EXPECT_TRUE(std::filesystem::is_empty(tree.scratch()));
}

}  // namespace
}  // namespace pyro
