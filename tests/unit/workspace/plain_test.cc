#include "services/workspace/shells/plain.h"

#include <gtest/gtest.h>

namespace pyro::workspace {
namespace {

std::string seen(std::string_view output, TerminalSize size = {20, 5}) {
  return plain_text("", output, size);
}

TEST(Plain, lines_are_as_they_were_printed) {
  EXPECT_EQ(seen("one\r\ntwo\r\n\r\nfour"), "one\ntwo\n\nfour");
  EXPECT_EQ(seen(""), "");
}

TEST(Plain, a_progress_bar_is_its_last_state) {
  EXPECT_EQ(seen(" 10%\r 50%\r100%\r\ndone\r\n"), "100%\ndone");
}

TEST(Plain, backspaces_and_erased_ends_are_gone) {
  EXPECT_EQ(seen("abx\b \bc\r\n"), "abc");
  EXPECT_EQ(seen("a long line\rshort\x1b[K\r\n"), "short");
}

TEST(Plain, colors_titles_and_bracketed_paste_leave_no_trace) {
  EXPECT_EQ(seen("\x1b[?2004h\x1b]0;a title\a\x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3mrgb\x1b[m"),
            "red rgb");
}

TEST(Plain, what_scrolled_away_is_told_too) {
  std::string output;
  std::string lines;
  for (int i = 0; i < 50; ++i) {
    output += "line " + std::to_string(i) + "\r\n";
    lines += (i == 0 ? "line " : "\nline ") + std::to_string(i);
  }
  EXPECT_EQ(seen(output), lines);
}

TEST(Plain, wide_and_combining_characters_stay_whole) {
  EXPECT_EQ(seen("漢字 e\xcc\x81 ñ 👍\r\n"), "漢字 e\xcc\x81 ñ 👍");
}

TEST(Plain, a_full_screen_program_is_its_screen) {
  const std::string drawn =
      "before\r\n\x1b[?1049h\x1b[H\x1b[2Jtop line\x1b[3;5Hmiddle\x1b[5;1Hstatus";
  EXPECT_EQ(seen(drawn), "top line\n\n    middle\n\nstatus");
  // Behind it the lines of before are back.
  EXPECT_EQ(seen(drawn + "\x1b[?1049l$ "), "before\n$");
}

TEST(Plain, the_output_before_is_where_a_screen_is_drawn_on_and_not_told_again) {
  EXPECT_EQ(plain_text("old\r\n$ ", "make\r\nok\r\n$ ", {20, 5}), "$ make\nok\n$");
  EXPECT_EQ(plain_text("\x1b[?1049h\x1b[H\x1b[2Jtitle\x1b[3;1Hx", "\x1b[3;1Hy", {20, 5}),
            "title\n\ny");
  EXPECT_EQ(plain_text("one\r\ntwo\r\n", "", {20, 5}), "");
}

TEST(Plain, lines_that_scrolled_away_before_are_not_told_again) {
  std::string before;
  for (int i = 0; i < 30; ++i) before += "old\r\n";
  EXPECT_EQ(plain_text(before, "new 1\r\nnew 2\r\nnew 3\r\nnew 4\r\nnew 5\r\nnew 6\r\n", {20, 5}),
            "new 1\nnew 2\nnew 3\nnew 4\nnew 5\nnew 6");
}

TEST(Plain, a_screen_of_one_column_has_room_for_a_wide_character) {
  EXPECT_EQ(seen("漢", {1, 1}), "漢");
}

TEST(Plain, bytes_that_are_no_text_do_no_harm) {
  for (int first = 0; first < 256; ++first) {
    const std::string output =
        std::string(1, static_cast<char>(first)) + "\xff\xc3(\x1b[999999999A";
    seen(output + output);
  }
}

TEST(Plain, a_repetition_beyond_all_measure_ends) {
  EXPECT_EQ(seen("a\x1b[99\x01"
                 "9999999b\r\nend")
                .substr(0, 20),
            std::string(20, 'a'));
  EXPECT_TRUE(seen("a\x1b[2147483647b\r\nend").ends_with("end"));
  // Of nothing, and of a character without a width.
  EXPECT_EQ(seen("\x1b[5bend"), "end");
  EXPECT_TRUE(seen("\xcc\x81\x1b[5b\r\nend").ends_with("end"));
  EXPECT_EQ(seen("-\x1b[5b"), "------");
}

TEST(Plain, a_few_bytes_that_ask_for_endless_work_get_little_and_the_end_is_seen) {
  std::string output;
  while (output.size() < (1U << 20U)) output += "\x1b#8\x1b[200S";
  const std::string text = plain_text("", output + "\x1b[H\x1b[2Jthe end", {500, 200});
  EXPECT_LT(text.size(), 9U << 20U);
  EXPECT_TRUE(text.ends_with("the end")) << text.substr(text.size() - 20);
}

}  // namespace
}  // namespace pyro::workspace
