#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "gateway/cli/commands/workspace/host_path.h"
#include "gateway/cli/commands/workspace/lifecycle/label_option.h"
#include "gateway/cli/commands/workspace/text_option.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro::cli {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
constexpr auto kInvalid = ErrorCode::kInvalidArgument;

TEST(LabelOption, a_value_may_be_empty_and_hold_an_equals_sign) {
  EXPECT_THAT(labels_of({"a=1", "b=", "c=x=y"}),
              ::testing::ElementsAre(::testing::Pair("a", "1"), ::testing::Pair("b", ""),
                                     ::testing::Pair("c", "x=y")));
}

TEST(LabelOption, a_label_without_a_key_or_twice_is_refused) {
  for (const auto* label : {"abc", "=1", ""}) {
    EXPECT_THAT(
        error_of([label] { labels_of({label}); }),
        Refused(kInvalid, ::testing::HasSubstr(fmt::format("--label takes KEY=VALUE, as in --label "
                                                           "ticket=123, not '{}'",
                                                           label))));
  }
  EXPECT_THAT(error_of([] {
                labels_of({"a=1", "a=1"});
              }),
              Refused(kInvalid, "label 'a' is given twice"));
}

TEST(HostPath, it_is_absolute_and_keeps_what_a_symlink_may_change) {
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(absolute_host_path("seed_path", "."), here);
  EXPECT_EQ(absolute_host_path("seed_path", "./a//b/"), here + "/a/b");
  EXPECT_EQ(absolute_host_path("seed_path", "l/../b"), here + "/l/../b");
  EXPECT_EQ(absolute_host_path("seed_path", "/"), "/");
  EXPECT_EQ(absolute_host_path("seed_path", "/x/."), "/x");
  EXPECT_THAT(error_of([] { absolute_host_path("seed_path", ""); }),
              Refused(kInvalid, "seed_path must not be empty"));
}

TEST(TextOption, exactly_one_source_is_taken) {
  EXPECT_EQ(text_of({"text", ""}), "");
  EXPECT_EQ(text_of({"text", "é\n"}), "é\n");
  EXPECT_THAT(error_of([] { text_of({"text"}); }), Refused(kInvalid, "give --text or --text-file"));
  EXPECT_THAT(error_of([] {
                text_of({"patch", "a", "b"});
              }),
              Refused(kInvalid, "--patch and --patch-file exclude each other"));
  EXPECT_THAT(error_of([] {
                text_of({"patch", {}, ""});
              }),
              Refused(kInvalid, "--patch-file must not be empty"));
}

TEST(TextOption, a_file_comes_byte_for_byte) {
  const TestDirectory directory;
  write_file_atomically(directory / "a", "no newline");
  EXPECT_EQ(text_of({"text", {}, (directory / "a").string()}), "no newline");
  EXPECT_THAT(error_of([&] {
                text_of({"text", {}, (directory / "b").string()});
              }),
              Refused(ErrorCode::kNotFound, ::testing::HasSubstr("No such file")));
  EXPECT_THAT(error_of([&] {
                text_of({"text", {}, directory.path().string()});
              }),
              Refused(ErrorCode::kInternal, ::testing::HasSubstr("Is a directory")));
}

TEST(TextOption, what_is_too_large_is_refused_with_both_sizes) {
  const TestDirectory directory;
  const std::string file = (directory / "a").string();
  write_file_atomically(file, std::string(1048576, 'x'));
  EXPECT_EQ(text_of({"text", {}, file}).size(), 1048576U);
  write_file_atomically(file, std::string(2097152, 'x'));
  EXPECT_THAT(
      error_of([&] {
        text_of({"text", {}, file});
      }),
      Refused(kInvalid, ::testing::Eq("text (from '" + file +
                                      "') is 2097152 bytes (2.0 MiB), and may be at most 1048576 "
                                      "bytes (1.0 MiB)")));
  EXPECT_THAT(error_of([] {
                text_of({"patch", std::string(1048577, 'x')});
              }),
              Refused(kInvalid,
                      "patch is 1048577 bytes (1.0 MiB), and may be at most 1048576 bytes (1.0 "
                      "MiB)"));
  EXPECT_THAT(error_of([] {
                text_of({"text", {}, "/dev/zero"});
              }),
              Refused(kInvalid,
                      "text (from '/dev/zero') is more than 1048576 bytes (1.0 MiB), and may be at "
                      "most 1048576 bytes (1.0 MiB)"));
}

TEST(TextOption, bytes_that_are_no_text_are_refused) {
  for (const auto* bytes : {"a\xff", "\xEF\xBF", "\xED\xA0\x80"}) {
    EXPECT_THAT(error_of([bytes] {
                  text_of({"text", bytes});
                }),
                Refused(kInvalid, ::testing::HasSubstr("text is not valid UTF-8 (")));
  }
  EXPECT_EQ(text_of({"text", "\xEF\xBF\xBD"}), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace pyro::cli
