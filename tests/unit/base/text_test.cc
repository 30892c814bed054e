#include "common/base/text.h"

#include <gtest/gtest.h>

#include "common/process/child_process.h"

namespace pyro {
namespace {

using Strings = std::vector<std::string>;

TEST(Text, split_keeps_empty_parts_and_join_undoes_it) {
  EXPECT_EQ(split("a,,b,", ','), (Strings{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), Strings{""});
  EXPECT_EQ(join(split("a,,b,", ','), ","), "a,,b,");
}

TEST(Text, trim_takes_space_from_both_ends_only) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
}

TEST(Text, plain_arguments_stay_unquoted) {
  EXPECT_EQ(shell_join({"git", "--version", "a=b:/c,d@e%+.x-y"}), "git --version a=b:/c,d@e%+.x-y");
}

TEST(Text, a_shell_reads_quoted_arguments_back_unchanged) {
  const Strings arguments = {"",  "two words", "it's",    "$HOME `id` \\ \"x\"", "a\nb", "*?[]",
                             "~", "-n",        "ünïcode", "#;&|<>(){}!"};
  std::string expected;
  for (const auto& argument : arguments) expected += argument + '\x01';
  const std::string script = "printf '%s\\001' " + shell_join(arguments);
  EXPECT_EQ(
      run_checked({.argv = {"/bin/sh", "-c", script}}, Clock::now() + std::chrono::seconds(30), {}),
      expected);
}

TEST(Text, sizes_are_for_people) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(1023), "1023 B");
  EXPECT_EQ(human_size(1536), "1.5 KiB");
  EXPECT_EQ(human_size(std::uint64_t{3} << 30U), "3.0 GiB");
}

TEST(Utf8, valid_text_of_every_length_is_kept) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF";
  EXPECT_EQ(to_valid_utf8(text), text);
}

TEST(Utf8, each_invalid_byte_becomes_a_replacement_character) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a" + r + "z");
  EXPECT_EQ(to_valid_utf8("\x80"), r);
  EXPECT_EQ(to_valid_utf8("\xC0\xAF"), r + r) << "overlong";
  EXPECT_EQ(to_valid_utf8("\xE0\x80\xAF"), r + r + r) << "overlong";
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80"), r + r + r) << "surrogate";
  EXPECT_EQ(to_valid_utf8("\xF4\x90\x80\x80"), r + r + r + r) << "over U+10FFFF";
  EXPECT_EQ(to_valid_utf8("\xE2\x82"), r + r) << "cut short";
  EXPECT_EQ(to_valid_utf8("\xE2\x82z"), r + r + "z") << "the byte after a broken sequence stays";
}

TEST(Utf8, hostile_text_cannot_speak_to_a_terminal) {
  EXPECT_EQ(printable("a\x1b[31mred\x07\x7f\tb\nc"), "a[31mred\tb\nc");
  EXPECT_EQ(printable("a\xC2\x9B"
                      "31mb"),
            "a31mb")
      << "U+009B is a control sequence introducer";
  EXPECT_EQ(printable("a\xE2\x80\xAE\xE2\x80\xA8\xE2\x81\xA6z"), "az") << "its order is its own";
  EXPECT_EQ(printable("\xE2\x80\xA7\xE2\x80\xAF"), "\xE2\x80\xA7\xE2\x80\xAF");
  EXPECT_EQ(printable("\xC2\xA0x"), "\xC2\xA0x") << "a no-break space is text";
  EXPECT_EQ(printable(std::string("a\0b", 3)), "ab");
  EXPECT_EQ(printable("\x9B"), "\xEF\xBF\xBD");
}

TEST(Utf8, hostile_text_becomes_one_line_that_steers_nothing) {
  EXPECT_EQ(one_line(" a\nb\tc\x1b[31m\xff ", 40), "a b c[31m\xEF\xBF\xBD");
  EXPECT_EQ(one_line("abcdef", 6), "abcdef");
  EXPECT_EQ(one_line("abcdefg", 6), "abcde…");
  EXPECT_EQ(one_line("ééééé", 4), "ééé…");
  EXPECT_EQ(one_line("", 4), "");
}

TEST(Utf8, a_control_character_that_splits_a_sequence_does_not_forge_one) {
  EXPECT_EQ(printable("\xC2\x01\x9B"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Utf8, a_character_that_has_only_begun_is_not_whole) {
  const std::string text = "a\xF0\x9F\x98\x80";
  EXPECT_EQ(whole_characters(text), 5U);
  for (std::size_t cut = 2; cut < 5; ++cut) EXPECT_EQ(whole_characters(text.substr(0, cut)), 1U);
  EXPECT_EQ(whole_characters("\xE2\x82\xAC"), 3U);
  EXPECT_EQ(whole_characters("\xE2\x82"), 0U);
  EXPECT_EQ(whole_characters("a\xC3"), 1U);
  EXPECT_EQ(whole_characters(""), 0U);
  EXPECT_EQ(whole_characters("a\xFF"), 2U) << "what never becomes a character is not waited for";
  EXPECT_EQ(whole_characters("\x80\x80\x80\x80\x80"), 5U);
}

}  // namespace
}  // namespace pyro
