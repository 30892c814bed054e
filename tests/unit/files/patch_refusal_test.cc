#include "services/files/patch/patch_text.h"
#include "tests/support/errors.h"
#include "tests/unit/files/patch_fixture.h"

namespace pyro {
namespace {

using ::testing::HasSubstr;

std::optional<Error> refusal_of(std::string_view patch) {
  testing::PatchedTree tree;
  tree.put("a", "one\ntwo\n");
  tree.put("b", "");
  return testing::error_of([&] { tree.apply(patch); });
}

auto InvalidPatch(const char* message) {
  return testing::Refused(ErrorCode::kInvalidArgument, message);
}

constexpr const char* kHunk = "@@ -1,2 +1,2 @@\n-one\n+1\n two\n";

std::string labelled(std::string_view before, std::string_view after) {
  return fmt::format("--- {}\n+++ {}\n{}", before, after, kHunk);
}

TEST(PatchRefusal, of_nothing) {
  for (const char* patch : {"", " ", "\n\r\n\t"}) {
    EXPECT_THAT(refusal_of(patch), InvalidPatch("patch must not be empty"));
  }
}

TEST(PatchRefusal, of_labels_that_name_two_files) {
  for (const char* patch :
       {"diff --git a/a b/long name\n", "--- a/a\n+++ b/c\n@@ -1,2 +1,2 @@\n-one\n+1\n two\n",
        "diff --git a/a b/c\nrename from a\n", "diff --git a/a b/c\ncopy to c\n"}) {
    EXPECT_THAT(refusal_of(patch),
                testing::Refused(ErrorCode::kInvalidArgument,
                                 ::testing::StartsWith("unsupported patch feature: ")))
        << patch;
  }
}

TEST(PatchRefusal, names_the_line_that_is_not_supported) {
  const std::map<std::string, std::string> lines{
      {"Binary files a and b differ\n" + labelled("a", "a"), "Binary files a and b differ"},
      {"diff --git a/a b/a\nBinary files a/a and b/a differ\n",
       "Binary files a/a and b/a differ (it has no content: make the patch with git diff "
       "--binary)"},
      {"diff --git a/a b/a\nnew file mode 100000\n", "new file mode 100000"},
      {"diff --git a/a b/a\n", "diff --git a/a b/a"},
      {"diff --git a/a b/a\nindex 1..2 100644\n", "diff --git a/a b/a"},
      {"diff --cc a\nindex 1,2..3\n" + labelled("a/a", "b/a") + "diff --cc b\n", "diff --cc b"},
      {"just words\nand more\n", "just words"},
      {kHunk, "@@ -1,2 +1,2 @@"},
      {labelled("a/a", "b/a") + "garbage\n", "garbage"},
      {labelled("a/a", "b/a") + "\\ what\n\\ what\n", "\\ what"},
      {labelled("a/a", "b/a") + "Only in b: c\n", "Only in b: c"},
      {"--- \"a/a\n+++ \"b/a\n" + std::string(kHunk), "\"a/a"},
  };
  for (const auto& [patch, line] : lines) {
    EXPECT_THAT(refusal_of(patch), InvalidPatch(("unsupported patch feature: " + line).c_str()))
        << patch;
  }
}

TEST(PatchRefusal, of_a_hunk_without_lines) {
  for (const char* hunk :
       {"@@ -1,2 +1,2 @@\n*one\n", "@@ -1,2 +1,2 @@\n", "@@ @@\n", "@@ x @@\n"}) {
    EXPECT_THAT(refusal_of(std::string("--- a/a\n+++ b/a\n") + hunk),
                testing::Refused(ErrorCode::kInvalidArgument,
                                 ::testing::StartsWith("unsupported patch feature: @@ ")))
        << hunk;
  }
}

TEST(PatchRefusal, of_a_path_outside_of_the_workspace) {
  for (const char* path :
       {"/etc/passwd", "../x", "a/../../x", "/workspace/../etc/passwd", "/workspacex/a", "a/.."}) {
    EXPECT_THAT(refusal_of(labelled(path, path)),
                InvalidPatch("workspace path must stay inside /workspace"))
        << path;
  }
  EXPECT_THAT(refusal_of("diff --git \"a/\\056\\056/x\" \"b/\\056./x\"\nnew file mode 100644\n"),
              InvalidPatch("workspace path must stay inside /workspace"));
}

TEST(PatchRefusal, of_a_path_that_is_no_file) {
  EXPECT_THAT(refusal_of(labelled("a/", "b/")), InvalidPatch("workspace path must not be empty"));
  EXPECT_THAT(refusal_of(labelled("/workspace", "/workspace/")),
              InvalidPatch("workspace path must name a file"));
  EXPECT_THAT(refusal_of(labelled("\"a/\\000\"", "\"b/\\000\"")),
              testing::Refused(ErrorCode::kInvalidArgument));
  const std::string long_name(256, 'x');
  EXPECT_THAT(refusal_of(labelled(long_name, long_name)),
              testing::Refused(ErrorCode::kInvalidArgument));
}

TEST(PatchRefusal, of_labels_that_contradict_their_header) {
  EXPECT_THAT(refusal_of("diff --git a/b b/b\nindex 1..2 100644\n" + labelled("a/a", "b/a")),
              InvalidPatch("unsupported patch feature: diff --git a/b b/b (its labels name "
                           "another)"));
  EXPECT_THAT(refusal_of("diff --git a/a b/a\nnew file mode 100644\n" + labelled("a/a", "b/a")),
              InvalidPatch("unsupported patch feature: diff --git a/a b/a"));
}

TEST(PatchRefusal, of_context_that_does_not_match_says_what_is_there) {
  const auto mismatch = [](const char* path, const char* why) {
    return testing::Refused(
        ErrorCode::kFailedPrecondition,
        fmt::format("patch context does not match for {}: {}", path, why).c_str());
  };
  EXPECT_THAT(refusal_of("--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n one\n-other\n+1\n"),
              mismatch("a", "hunk 1: line 2 is 'two', where the patch has 'other'"));
  EXPECT_THAT(refusal_of("--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n one\n-two \n+1\n"),
              mismatch("a",
                       "hunk 1: line 2 is 'two', where the patch has 'two ' (other white "
                       "space)"));
  EXPECT_THAT(refusal_of("--- a/a\n+++ b/a\n@@ @@\n-two\n+1\n@@ @@\n three\n-four\n"),
              mismatch("a", "hunk 2: line 1 is 'one', where the patch has 'three'"));
  EXPECT_THAT(refusal_of("--- a/a\n+++ b/a\n@@ -2,2 +2,1 @@\n two\n-three\n"),
              mismatch("a", "hunk 1: the file ends after line 2, where the patch has 'three'"));
  EXPECT_THAT(refusal_of(labelled("a/missing", "b/missing")),
              mismatch("missing", "it does not exist"));
  EXPECT_THAT(refusal_of("--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+x\n"),
              mismatch("a", "it exists already"));
  EXPECT_THAT(refusal_of("--- a/a\n+++ b/a\n@@ -0,0 +1 @@\n+x\n"),
              mismatch("a", "it exists already, and the patch adds it"));
  EXPECT_THAT(refusal_of("--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n"),
              testing::Refused(ErrorCode::kFailedPrecondition,
                               ::testing::StartsWith("patch context does not match for a: ")));
  EXPECT_THAT(refusal_of("diff --git a/a b/a\ndeleted file mode 100644\n"),
              mismatch("a", "it is not empty, and the patch deletes an empty file"));
  EXPECT_THAT(refusal_of("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n"),
              mismatch("x", "it does not exist"));
  EXPECT_THAT(refusal_of("--- /dev/null\n+++ b/d\n@@ -0,0 +1 @@\n+x\n"
                         "--- /dev/null\n+++ b/d/e/f\n@@ -0,0 +1 @@\n+x\n"),
              mismatch("d/e/f", "d is no directory"));
}

TEST(PatchRefusal, says_what_kind_of_file_is_there) {
  testing::PatchedTree tree;
  tree.put("binary", std::string("a\0b\n", 4));
  tree.put("latin", "caf\xE9\nx\n");
  tree.put("link", testing::symlink_to("latin"));
  tree.put("dir", testing::empty_directory());
  const std::map<std::string, std::string> said{
      {"binary", "it is a binary file, and the patch is one of text"},
      {"latin", "hunk 1: line 1 is 'caf\xEF\xBF\xBD', where the patch has 'one' (not UTF-8)"},
      {"link", "it is a symbolic link, and the patch is one of a file"},
      {"dir", "it is a directory"}};
  for (const auto& [path, why] : said) {
    EXPECT_THAT(testing::error_of([&, &path = path] { tree.apply(labelled(path, path)); }),
                testing::Refused(
                    ErrorCode::kFailedPrecondition,
                    fmt::format("patch context does not match for {}: {}", path, why).c_str()));
  }
}

TEST(PatchRefusal, changes_nothing_when_one_of_two_files_does_not_match) {
  testing::PatchedTree tree;
  tree.put("a", "one\ntwo\n");
  tree.put("b", "other\n");
  const auto before = tree.files();
  EXPECT_THAT(
      testing::error_of([&] { tree.apply(labelled("a/a", "b/a") + labelled("a/b", "b/b")); }),
      testing::Refused(ErrorCode::kFailedPrecondition,
                       ::testing::StartsWith("patch context does not match for b: hunk 1: ")));
  EXPECT_EQ(tree.files(), before);
}

TEST(PatchRefusal, of_what_is_no_regular_file) {
  testing::PatchedTree tree;
  tree.put("link", testing::symlink_to("a"));
  tree.put("dir", testing::empty_directory());
  for (const char* path : {"link", "dir"}) {
    EXPECT_THAT(testing::error_of([&] { tree.apply(labelled(path, path)); }),
                testing::Refused(ErrorCode::kFailedPrecondition));
  }
}

TEST(PatchRefusal, of_a_file_over_the_limit) {
  testing::PatchedTree tree;
  tree.put("a", std::string(files::kPatchedFileLimit + 1, 'x'));
  EXPECT_THAT(testing::error_of([&] { tree.apply(labelled("a", "a")); }),
              testing::Refused(ErrorCode::kResourceExhausted));
}

}  // namespace
}  // namespace pyro
