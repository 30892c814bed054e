// Patches as models write them, and what git makes that is no text.

#include "common/base/reasons/files.h"
#include "tests/support/errors.h"
#include "tests/support/git_repository.h"
#include "tests/unit/files/patch_fixture.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::PatchedTree;

constexpr const char* kEight = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n";
constexpr const char* kPatched = "one\nTWO\nthree\nfour\nfive\nsix\nseven\neight\n";

/// A tree with the files that models patch.
class PatchForms : public ::testing::Test {
 protected:
  PatchForms() {
    tree_.put("f.txt", kEight);
    tree_.put("crlf.txt", "one\r\ntwo\r\nthree\r\n");
    tree_.put("nonl.txt", "one\ntwo\nthree");
  }
  std::optional<Error> refusal_of(std::string_view patch) {
    return testing::error_of([&] { tree_.apply(patch); });
  }
  /// Nothing changed.
  void expect_untouched() const {
    EXPECT_EQ(tree_.content("f.txt"), kEight);
    EXPECT_EQ(tree_.files().size(), 3U);
  }

  PatchedTree tree_;
};

TEST_F(PatchForms, counts_that_are_too_big_give_way_to_the_body) {
  tree_.apply("--- a/f.txt\n+++ b/f.txt\n@@ -1,6 +1,6 @@\n one\n-two\n+TWO\n three\n four\n");
  EXPECT_EQ(tree_.content("f.txt"), kPatched);
}

TEST_F(PatchForms, counts_that_are_too_small_give_way_to_the_body) {
  tree_.apply("--- a/f.txt\n+++ b/f.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n four\n");
  EXPECT_EQ(tree_.content("f.txt"), kPatched);
}

TEST_F(PatchForms, counts_that_take_in_the_next_file_give_way_to_the_body) {
  tree_.put("g.txt", "a\nb\nc\n");
  tree_.apply(
      "--- a/f.txt\n+++ b/f.txt\n@@ -1,4 +1,4 @@\n one\n-two\n+TWO\n three\n"
      "--- a/g.txt\n+++ b/g.txt\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
  EXPECT_EQ(tree_.content("f.txt"), kPatched);
  EXPECT_EQ(tree_.content("g.txt"), "a\nB\nc\n");
}

TEST_F(PatchForms, huge_counts_take_no_memory) {
  tree_.apply("--- a/f.txt\n+++ b/f.txt\n@@ -1,999999999 +1,99999999999 @@\n one\n-two\n+TWO\n");
  EXPECT_EQ(tree_.content("f.txt"), kPatched);
}

TEST_F(PatchForms, hunks_without_numbers_are_found_by_their_lines) {
  for (const char* line : {"@@ @@", "@@", "@@ ... @@", "@@ -x,1 +1 @@", "@@ -1 @@"}) {
    tree_.put("f.txt", kEight);
    tree_.apply(std::string("--- a/f.txt\n+++ b/f.txt\n") + line + "\n one\n-two\n+TWO\n three\n");
    EXPECT_EQ(tree_.content("f.txt"), kPatched) << line;
  }
}

TEST_F(PatchForms, code_fences_and_prose_around_a_patch_are_passed_over) {
  tree_.apply(
      "Here is the fix:\n\n```diff\n--- a/f.txt\n+++ b/f.txt\n@@ -1,4 +1,4 @@\n one\n-two\n+TWO\n"
      " three\n four\n```\nIt works.\n");
  EXPECT_EQ(tree_.content("f.txt"), kPatched);
}

TEST_F(PatchForms, an_envelope_is_read) {
  tree_.apply(
      "*** Begin Patch\n*** Update File: f.txt\n@@\n one\n-two\n+TWO\n three\n*** End Patch\n");
  EXPECT_EQ(tree_.content("f.txt"), kPatched);
}

TEST_F(PatchForms, an_envelope_adds_deletes_and_moves) {
  tree_.apply(
      "*** Begin Patch\n*** Add File: new/a.txt\n+a\n+\n+b\n*** Delete File: nonl.txt\n"
      "*** Update File: f.txt\n*** Move to: moved.txt\n two\n-three\n+3\n@@\n seven\n-eight\n+8\n"
      "*** End of File\n*** End Patch\n");
  EXPECT_EQ(tree_.content("new/a.txt"), "a\n\nb\n");
  EXPECT_EQ(tree_.content("moved.txt"), "one\ntwo\n3\nfour\nfive\nsix\nseven\n8\n");
  EXPECT_FALSE(tree_.files().contains("nonl.txt"));
  EXPECT_FALSE(tree_.files().contains("f.txt"));
}

TEST_F(PatchForms, an_anchor_of_an_envelope_stands_above_its_hunk) {
  tree_.put("c.py", "class A:\n  def f(self):\n    pass\nclass B:\n  def f(self):\n    pass\n");
  tree_.apply("*** Update File: c.py\n@@ class B:\n@@ def f(self):\n-    pass\n+    return 1\n");
  EXPECT_EQ(tree_.content("c.py"),
            "class A:\n  def f(self):\n    pass\nclass B:\n  def f(self):\n    return 1\n");
}

TEST_F(PatchForms, a_hunk_that_fits_in_several_places_is_refused) {
  tree_.put("c.py", "x\ny\nx\ny\n");
  EXPECT_THAT(refusal_of("--- a/c.py\n+++ b/c.py\n@@ @@\n x\n-y\n+Y\n"),
              testing::Refused(ErrorCode::kFailedPrecondition,
                               HasSubstr("hunk 1 fits at line 1 and at line 3")));
  EXPECT_THAT(refusal_of("--- a/c.py\n+++ b/c.py\n@@ @@\n+Y\n"),
              testing::Refused(ErrorCode::kFailedPrecondition, HasSubstr("does not say where")));
  EXPECT_EQ(tree_.content("c.py"), "x\ny\nx\ny\n");
}

TEST_F(PatchForms, a_file_with_carriage_returns_keeps_them) {
  tree_.apply("--- a/crlf.txt\n+++ b/crlf.txt\n@@ -1,3 +1,4 @@\n one\n-two\n+TWO\n+2\n three\n");
  EXPECT_EQ(tree_.content("crlf.txt"), "one\r\nTWO\r\n2\r\nthree\r\n");
}

TEST_F(PatchForms, a_patch_with_carriage_returns_brings_none_into_a_file_without) {
  tree_.apply(
      "--- a/f.txt\r\n+++ b/f.txt\r\n@@ -1,3 +1,3 @@\r\n one\r\n-two\r\n+TWO\r\n three\r\n");
  EXPECT_EQ(tree_.content("f.txt"), kPatched);
}

TEST_F(PatchForms, a_file_without_a_last_line_end_still_lacks_it) {
  tree_.apply("--- a/nonl.txt\n+++ b/nonl.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n");
  EXPECT_EQ(tree_.content("nonl.txt"), "one\nTWO\nthree");
  tree_.apply("--- a/nonl.txt\n+++ b/nonl.txt\n@@ -2,2 +2,3 @@\n TWO\n-three\n+3\n+4\n");
  EXPECT_EQ(tree_.content("nonl.txt"), "one\nTWO\n3\n4");
  tree_.apply("--- a/nonl.txt\n+++ b/nonl.txt\n@@ @@\n 3\n-4\n");
  EXPECT_EQ(tree_.content("nonl.txt"), "one\nTWO\n3\n");
}

TEST_F(PatchForms, several_sections_of_one_file_are_applied_in_order) {
  tree_.apply(
      "--- a/f.txt\n+++ b/f.txt\n@@ -1,4 +1,4 @@\n one\n-two\n+TWO\n three\n four\n"
      "--- a/f.txt\n+++ b/f.txt\n@@ -7,2 +7,2 @@\n seven\n-eight\n+EIGHT\n"
      "--- a/f.txt\n+++ b/f.txt\n@@ @@\n one\n-TWO\n+2\n");
  EXPECT_EQ(tree_.content("f.txt"), "one\n2\nthree\nfour\nfive\nsix\nseven\nEIGHT\n");
}

TEST_F(PatchForms, diff_of_two_directories_is_read) {
  const auto outcome = tree_.apply(
      "diff -ruN old/new.txt new/new.txt\n"
      "--- old/new.txt\t1970-01-01 00:00:00.000000000 +0000\n"
      "+++ new/new.txt\t2026-01-01 00:00:00.000000000 +0000\n@@ -0,0 +1,2 @@\n+a\n+b\n"
      "diff -ruN old/nonl.txt new/nonl.txt\n"
      "--- old/nonl.txt\t2026-01-01 00:00:00.000000000 +0100\n"
      "+++ new/nonl.txt\t1970-01-01 01:00:00.000000000 +0100\n@@ -1,3 +0,0 @@\n-one\n-two\n-three\n"
      "\\ No newline at end of file\n"
      "diff -ruN old/f.txt new/f.txt\n--- old/f.txt\t2026-01-01\n+++ new/f.txt\t2026-01-02\n"
      "@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n");
  EXPECT_EQ(tree_.content("new.txt"), "a\nb\n");
  EXPECT_EQ(tree_.content("f.txt"), kPatched);
  EXPECT_FALSE(tree_.files().contains("nonl.txt"));
}

TEST_F(PatchForms, an_absent_file_and_one_that_exists_already_are_told_apart) {
  EXPECT_THAT(refusal_of("--- a/nope.txt\n+++ b/nope.txt\n@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n"),
              testing::Refused(ErrorCode::kFailedPrecondition, HasSubstr("it does not exist")));
  EXPECT_THAT(refusal_of("--- /dev/null\n+++ b/f.txt\n@@ -0,0 +1 @@\n+hello\n"),
              testing::Refused(ErrorCode::kFailedPrecondition, HasSubstr("it exists already")));
  expect_untouched();
}

TEST_F(PatchForms, a_series_of_mails_is_applied_one_after_the_other) {
  const testing::TestDirectory directory;
  const testing::GitRepository repository(directory / "r");
  repository.put("f.txt", kEight);
  repository.commit("begin");
  repository.put("f.txt", kPatched);
  repository.commit("one\n\n--- not a patch\n-- ");
  repository.git({"mv", "f.txt", "g.txt"});
  repository.commit("two");
  repository.put("g.txt", "0\n" + std::string(kPatched));
  repository.commit("three");
  tree_.apply(repository.git({"format-patch", "--stdout", "HEAD~3"}) + "\n");
  EXPECT_EQ(tree_.content("g.txt"), "0\n" + std::string(kPatched));
  EXPECT_FALSE(tree_.files().contains("f.txt"));
}

TEST_F(PatchForms, renames_and_copies_begin_at_the_files_before_the_patch) {
  const auto outcome = tree_.apply(
      "diff --git a/f.txt b/d/g.txt\nsimilarity index 90%\nrename from f.txt\nrename to d/g.txt\n"
      "index 1..2 100644\n--- a/f.txt\n+++ b/d/g.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n"
      "diff --git a/f.txt b/h.txt\nsimilarity index 100%\ncopy from f.txt\ncopy to h.txt\n"
      "diff --git a/crlf.txt b/nonl.txt\nrename from crlf.txt\nrename to nonl.txt\n"
      "diff --git a/nonl.txt b/crlf.txt\nrename from nonl.txt\nrename to crlf.txt\n");
  EXPECT_EQ(tree_.content("d/g.txt"), kPatched);
  EXPECT_EQ(tree_.content("h.txt"), kEight);
  EXPECT_EQ(tree_.content("crlf.txt"), "one\ntwo\nthree");
  EXPECT_EQ(tree_.content("nonl.txt"), "one\r\ntwo\r\nthree\r\n");
  EXPECT_FALSE(tree_.files().contains("f.txt"));
  ASSERT_EQ(outcome.entries.size(), 5U);
  EXPECT_EQ(outcome.entries[1].path, "d/g.txt");
  EXPECT_EQ(outcome.entries[1].status, api::DiffStatus::kAdded);
}

TEST_F(PatchForms, symbolic_links_are_made_changed_and_removed) {
  tree_.put("old", testing::symlink_to("f.txt"));
  tree_.put("gone", testing::symlink_to("f.txt"));
  tree_.apply(
      "diff --git a/d/new b/d/new\nnew file mode 120000\nindex 0000000..1\n--- /dev/null\n"
      "+++ b/d/new\n@@ -0,0 +1 @@\n+../f.txt\n\\ No newline at end of file\n"
      "diff --git a/old b/old\nindex 1..2 120000\n--- a/old\n+++ b/old\n@@ -1 +1 @@\n-f.txt\n"
      "\\ No newline at end of file\n+nonl.txt\n\\ No newline at end of file\n"
      "diff --git a/gone b/gone\ndeleted file mode 120000\nindex 1..0\n--- a/gone\n+++ /dev/null\n"
      "@@ -1 +0,0 @@\n-f.txt\n\\ No newline at end of file\n"
      "diff --git a/f.txt b/f.txt\ndeleted file mode 100644\n--- a/f.txt\n+++ /dev/null\n"
      "@@ -1,8 +0,0 @@\n-one\n-two\n-three\n-four\n-five\n-six\n-seven\n-eight\n"
      "diff --git a/f.txt b/f.txt\nnew file mode 120000\n--- /dev/null\n+++ b/f.txt\n"
      "@@ -0,0 +1 @@\n+nonl.txt\n\\ No newline at end of file\n");
  EXPECT_EQ(tree_.files().at("d/new"), testing::symlink_to("../f.txt"));
  EXPECT_EQ(tree_.files().at("old"), testing::symlink_to("nonl.txt"));
  EXPECT_EQ(tree_.files().at("f.txt"), testing::symlink_to("nonl.txt"));
  EXPECT_FALSE(tree_.files().contains("gone"));
}

TEST_F(PatchForms, symbolic_links_that_lead_out_are_refused_however_they_come_about) {
  const auto link = [](const std::string& path, const std::string& target) {
    return fmt::format(
        "diff --git a/{0} b/{0}\nnew file mode 120000\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n"
        "+{1}\n\\ No newline at end of file\n",
        path, target);
  };
  tree_.put("a/b/inside", testing::symlink_to("../../f.txt"));
  const auto before = tree_.files();
  for (const std::string& patch :
       {link("l", "/etc/passwd"), link("l", "../x"), link("a/l", "../../x"), link("l", "a/../../x"),
        link("l", "/workspace/../etc"), link("l", "/workspacex"),
        std::string("diff --git a/a/b/inside b/l\nrename from a/b/inside\nrename to l\n"),
        std::string("diff --git a/a/b/inside b/l\ncopy from a/b/inside\ncopy to l\n")}) {
    EXPECT_THAT(refusal_of(patch), testing::Refused(reason::kOutsideWorkspace)) << patch;
  }
  EXPECT_THAT(refusal_of(link("l", "a") + "--- /dev/null\n+++ b/l/x\n@@ -0,0 +1 @@\n+x\n"),
              testing::Refused(ErrorCode::kFailedPrecondition, HasSubstr("l is no directory")));
  EXPECT_EQ(tree_.files(), before);
  tree_.apply(link("d/l", "/workspace/f.txt"));
}

TEST_F(PatchForms, names_of_renames_lead_nowhere_else) {
  for (const std::string name : {"../x", "a/../../x", "\"..\\057x\"", "/etc/passwd"}) {
    for (const std::string kind : {"rename", "copy"}) {
      EXPECT_THAT(refusal_of(fmt::format("diff --git a/f.txt b/x\n{0} from f.txt\n{0} to {1}\n",
                                         kind, name)),
                  testing::Refused(reason::kOutsideWorkspace))
          << name;
      EXPECT_THAT(
          refusal_of(fmt::format("diff --git a/f.txt b/x\n{0} from {1}\n{0} to x\n", kind, name)),
          testing::Refused(reason::kOutsideWorkspace))
          << name;
    }
  }
  expect_untouched();
}

TEST_F(PatchForms, what_is_gits_own_is_refused) {
  for (const std::string path : {".git/hooks/pre-commit", "sub/.git", ".GIT/config"}) {
    EXPECT_THAT(refusal_of(fmt::format("--- /dev/null\n+++ b/{}\n@@ -0,0 +1 @@\n+x\n", path)),
                testing::Refused(reason::kPatchUnsupported));
    EXPECT_THAT(
        refusal_of(fmt::format("diff --git a/f.txt b/x\nrename from f.txt\nrename to {}\n", path)),
        testing::Refused(reason::kPatchUnsupported));
    EXPECT_THAT(refusal_of("*** Add File: " + path + "\n+x\n"),
                testing::Refused(reason::kPatchUnsupported));
  }
  expect_untouched();
}

TEST_F(PatchForms, submodules_are_named_and_left_out) {
  const auto outcome = tree_.apply(
      "diff --git a/sub b/sub\nindex 1..2 160000\n--- a/sub\n+++ b/sub\n@@ -1 +1 @@\n"
      "-Subproject commit 1111111111111111111111111111111111111111\n"
      "+Subproject commit 2222222222222222222222222222222222222222\n"
      "diff --git a/f.txt b/f.txt\nindex 1..2 100644\n--- a/f.txt\n+++ b/f.txt\n"
      "@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n");
  EXPECT_THAT(outcome.left_out, ::testing::ElementsAre("sub"));
  EXPECT_EQ(tree_.content("f.txt"), kPatched);
}

TEST_F(PatchForms, prefixes_of_gits_configuration_are_read) {
  tree_.apply(
      "diff --git i/f.txt w/f.txt\nindex 1..2 100644\n--- i/f.txt\n+++ w/f.txt\n@@ -1,3 +1,3 @@\n"
      " one\n-two\n+TWO\n three\n"
      "diff --git i/d/new w/d/new\nnew file mode 100644\n--- /dev/null\n+++ w/d/new\n"
      "@@ -0,0 +1 @@\n+x\n");
  EXPECT_EQ(tree_.content("f.txt"), kPatched);
  EXPECT_EQ(tree_.content("d/new"), "x\n");
}

TEST_F(PatchForms, lines_of_binary_content_are_nothing_else) {
  EXPECT_THAT(refusal_of("diff --git a/x b/x\nnew file mode 100644\nindex "
                         "0000000000000000000000000000000000000000.."
                         "9ab3a8dbe79f17b565a26cf8f6758403fbe73d79\nGIT binary patch\nliteral 3\n"
                         "diff --git a/f1 b/f1\n\n"),
              testing::Refused(reason::kPatchUnsupported));
  expect_untouched();
}

/// Binary files in two commits of a real repository.
class BinaryPatch : public ::testing::Test {
 protected:
  BinaryPatch() {
    repository_.put("changed", bytes(5000, 1));
    repository_.put("gone", bytes(300, 2));
    repository_.put("moved", bytes(4000, 3));
    repository_.commit("begin");
    before_ = testing::read_tree(repository_.root());
    repository_.put("changed", bytes(5000, 1) + "more");
    repository_.put("new", bytes(400, 4), 0755);
    fs::remove(repository_ / "gone");
    fs::rename(repository_ / "moved", repository_ / "there");
    repository_.put("there", bytes(4000, 3) + "x");
    repository_.commit("change");
    std::erase_if(before_, [](const auto& one) { return one.first.starts_with(".git/"); });
    tree_.put(before_);
  }

  static std::string bytes(std::size_t count, unsigned seed) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      seed = seed * 1664525U + 1013904223U;
      text += static_cast<char>(seed >> 24U);
    }
    return text + '\0';
  }
  std::string patch(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"diff", "--binary", "HEAD~1", "HEAD"};
    words.insert(words.begin() + 1, more.begin(), more.end());
    return repository_.git(words) + "\n\n";
  }
  testing::HostTree after() const {
    auto tree = testing::read_tree(repository_.root());
    std::erase_if(tree, [](const auto& one) { return one.first.starts_with(".git/"); });
    return tree;
  }

  testing::TestDirectory directory_;
  testing::GitRepository repository_{directory_ / "r"};
  testing::HostTree before_;
  PatchedTree tree_;
};

TEST_F(BinaryPatch, of_git_is_applied) {
  tree_.apply(patch());
  EXPECT_EQ(tree_.files(), after());
}

TEST_F(BinaryPatch, without_renames_and_in_a_mail_is_applied) {
  tree_.apply(repository_.git({"format-patch", "--stdout", "--no-renames", "HEAD~1"}) + "\n");
  EXPECT_EQ(tree_.files(), after());
}

TEST_F(BinaryPatch, for_other_content_changes_nothing) {
  tree_.put("changed", bytes(5000, 9));
  const auto files = tree_.files();
  EXPECT_THAT(testing::error_of([&] { tree_.apply(patch()); }),
              testing::Refused(ErrorCode::kFailedPrecondition,
                               HasSubstr("patch context does not match for changed: its content")));
  EXPECT_EQ(tree_.files(), files);
}

TEST_F(BinaryPatch, that_unpacks_to_more_than_a_file_may_have_is_refused) {
  std::string huge = patch();
  const std::size_t at = huge.find("\ndelta ");
  ASSERT_NE(at, huge.npos);
  const std::size_t end = huge.find('\n', at + 1);
  huge.replace(at, end - at, "\nliteral 999999999999");
  EXPECT_THAT(testing::error_of([&] { tree_.apply(huge); }), testing::Refused(reason::kTooLarge));
  EXPECT_EQ(tree_.files(), before_);
}

TEST_F(BinaryPatch, with_a_delta_that_grows_without_end_is_refused) {
  // A file of 16 MiB that a delta of a few bytes copies eight times.
  std::string big(files::kPatchedFileLimit, 'x');
  big[0] = '\0';
  repository_.put("big", big);
  repository_.commit("big");
  std::string eight;
  for (int i = 0; i < 8; ++i) eight += big;
  repository_.put("big", eight);
  repository_.commit("bigger");
  tree_.put("big", big);
  const std::string delta = patch();
  ASSERT_LT(delta.size(), 4096U);
  ASSERT_THAT(delta, HasSubstr("\ndelta "));
  EXPECT_THAT(testing::error_of([&] { tree_.apply(delta); }),
              testing::Refused(ErrorCode::kResourceExhausted));
  EXPECT_EQ(tree_.content("big").size(), files::kPatchedFileLimit);
}

TEST_F(PatchForms, copies_that_multiply_a_file_are_refused) {
  tree_.put("big", std::string(files::kPatchedFileLimit, 'x'));
  std::string patch;
  for (int i = 0; i < 5; ++i) {
    patch += fmt::format("diff --git a/big b/c{0}\ncopy from big\ncopy to c{0}\n", i);
  }
  EXPECT_THAT(refusal_of(patch), testing::Refused(reason::kTooLarge));
}

TEST_F(PatchForms, sections_without_end_on_one_file_are_refused) {
  std::string patch;
  for (int i = 0; i < 300; ++i) {
    patch += "--- a/f.txt\n+++ b/f.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+two\n";
  }
  EXPECT_THAT(refusal_of(patch), testing::Refused(ErrorCode::kInvalidArgument));
}

TEST_F(PatchForms, the_first_file_that_does_not_fit_is_named) {
  EXPECT_THAT(
      refusal_of("--- a/crlf.txt\n+++ b/crlf.txt\n@@ -1 +1 @@\n-none\n+1\n"
                 "--- a/f.txt\n+++ b/f.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+TWO\n"),
      testing::Refused(ErrorCode::kFailedPrecondition, HasSubstr("for crlf.txt: hunk 1: ")));
  expect_untouched();
}

TEST_F(PatchForms, text_that_is_not_utf8_is_patched) {
  tree_.put("latin", "caf\xE9\nb\n");
  tree_.apply("--- a/latin\n+++ b/latin\n@@ -1,2 +1,2 @@\n-caf\xE9\n+th\xE9\n b\n");
  EXPECT_EQ(tree_.content("latin"), "th\xE9\nb\n");
}

}  // namespace
}  // namespace pyro
