#include "services/workspace/shells/shell_text.h"

#include <gtest/gtest.h>

#include "services/workspace/shells/shell_store.h"

namespace pyro::workspace {
namespace {

TEST(ShellText, counts_characters_and_keeps_to_them) {
  ShellText text({}, "aäb€c", false);
  EXPECT_EQ(text.take(2), "aä");
  EXPECT_EQ(text.place(), (ShellPlace{2, 3, 2}));
  EXPECT_EQ(text.skip(1), 1U);
  EXPECT_EQ(text.take(9), "€c");
  EXPECT_EQ(text.place(), (ShellPlace{5, 8, 5}));
  EXPECT_EQ(text.take(1), "");
}

TEST(ShellText, a_character_that_is_cut_through_waits_for_its_rest) {
  ShellText text({}, "a\xe2\x82", false);
  EXPECT_EQ(text.take(9), "a");
  EXPECT_EQ(text.place().offset, 1U);
  ShellText at_the_end({}, "a\xe2\x82", true);
  EXPECT_EQ(at_the_end.take(9), "a\uFFFD\uFFFD");
}

TEST(ShellText, an_invalid_byte_is_one_character) {
  ShellText text({}, "\xff\x80x\xc3(", false);
  EXPECT_EQ(text.take(9), "\uFFFD\uFFFDx\uFFFD(");
  EXPECT_EQ(text.place().cursor, 5U);
}

TEST(ShellText, parts_joined_are_the_whole) {
  const std::string bytes = "a€\xff漢\xe2\x82(é\xf0\x9f\x91\x8d";
  ShellText whole({}, bytes, true);
  const std::string all = whole.take(100);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ShellText first({}, std::string_view(bytes).substr(0, cut), false);
    std::string joined = first.take(100);
    ShellText rest(first.place(), std::string_view(bytes).substr(first.place().offset), true);
    joined += rest.take(100);
    EXPECT_EQ(joined, all) << cut;
    EXPECT_EQ(rest.place(), whole.place()) << cut;
  }
}

TEST(ShellRecord, a_reader_goes_on_from_the_nearest_place) {
  const ShellRecord shell{.places = {{10, 20, 10}, {30, 50, 30}}};
  EXPECT_EQ(shell.place_before_cursor(9), ShellPlace{});
  EXPECT_EQ(shell.place_before_cursor(10).offset, 20U);
  EXPECT_EQ(shell.place_before_cursor(99).offset, 50U);
  EXPECT_EQ(shell.place_before_offset(49).cursor, 10U);
}

}  // namespace
}  // namespace pyro::workspace
