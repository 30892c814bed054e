#include "gateway/cli/commands/workspace/shells/keys.h"

#include <gtest/gtest.h>

namespace pyro::cli {
namespace {

TEST(Keys, keys_go_to_the_shell_as_they_are) {
  Keys keys;
  const auto typed = keys.take("ls\r\x03\x1b[A\x7f");
  EXPECT_EQ(typed.input, "ls\r\x03\x1b[A\x7f");
  EXPECT_FALSE(typed.detach);
}

TEST(Keys, control_bracket_leaves_and_what_comes_behind_it_is_not_typed) {
  Keys keys;
  const auto typed = keys.take(
      "ab\x1d"
      "cd");
  EXPECT_EQ(typed.input, "ab");
  EXPECT_TRUE(typed.detach);
}

TEST(Keys, a_character_that_comes_in_two_reads_is_typed_whole) {
  Keys keys;
  EXPECT_EQ(keys.take("a\xe2\x82").input, "a");
  EXPECT_EQ(keys.take("\xac").input, "€");
}

TEST(Keys, bytes_that_are_no_text_do_not_stop_the_keys_behind_them) {
  Keys keys;
  EXPECT_EQ(keys.take(std::string_view("\0a\xff"
                                       "b",
                                       4))
                .input,
            "a\uFFFDb");
}

}  // namespace
}  // namespace pyro::cli
