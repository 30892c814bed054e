#include "gateway/cli/text/human.h"

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "gateway/cli/text/table.h"

namespace pyro::cli {
namespace {

TEST(Human, a_duration_has_at_most_two_units) {
  EXPECT_EQ(human_duration(0), "0 s");
  EXPECT_EQ(human_duration(-3), "0 s");
  EXPECT_EQ(human_duration(59.4), "59 s");
  EXPECT_EQ(human_duration(59.6), "1 min");
  EXPECT_EQ(human_duration(90), "1 min 30 s");
  EXPECT_EQ(human_duration(600), "10 min");
  EXPECT_EQ(human_duration(7505), "2 h 5 min");
  EXPECT_EQ(human_duration(604800), "7 d");
}

TEST(Human, a_short_run_is_told_in_milliseconds) {
  EXPECT_EQ(human_milliseconds(0), "0 ms");
  EXPECT_EQ(human_milliseconds(999), "999 ms");
  EXPECT_EQ(human_milliseconds(1549), "1.5 s");
  EXPECT_EQ(human_milliseconds(59999), "1 min");
  EXPECT_EQ(human_milliseconds(123000), "2 min 3 s");
}

TEST(Human, a_time_is_told_from_now_rounded_down) {
  EXPECT_EQ(human_ago(1000, 1001), "just now");
  EXPECT_EQ(human_ago(1000, 990), "just now");
  EXPECT_EQ(human_ago(1000, 1119), "1 min ago");
  EXPECT_EQ(human_ago(1000, 1000 + 2 * 86400), "2 d ago");
  EXPECT_EQ(human_until(1599, 1000), "in 9 min");
  EXPECT_EQ(human_until(1000, 1000), "now");
  EXPECT_EQ(human_until(1000, 2000), "now");
  EXPECT_EQ(human_time(1795285380), "2026-11-21 18:23 UTC");
}

TEST(Human, one_thing_is_singular) {
  EXPECT_EQ(count_of(1, "file"), "1 file");
  EXPECT_EQ(count_of(0, "file"), "0 files");
  EXPECT_EQ(count_of(2, "entry", "entries"), "2 entries");
}

TEST(Human, a_long_list_of_names_is_cut_and_says_so) {
  EXPECT_EQ(some_of({"a", "b"}, 2), "a, b");
  EXPECT_EQ(some_of({"a", "b\n", "c", "d"}, 2), "a, b, … and 2 more");
}

TEST(Human, a_table_lines_up_under_names_that_are_not_ascii) {
  EXPECT_EQ(table({{"NAME", "X"}, {"éé", "1"}, {"abc", "2"}}), "NAME  X\néé    1\nabc   2\n");
}

}  // namespace
}  // namespace pyro::cli
