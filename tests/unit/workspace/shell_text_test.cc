#include "services/workspace/shells/shell_text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/text.h"
#include "services/workspace/shells/shell_store.h"

namespace pyro::workspace {
namespace {

TEST(ShellText, counts_characters_and_keeps_to_them) {
  ShellText text({}, {.bytes = "aäb€c", .is_end = false}, nullptr);
  EXPECT_EQ(text.take(2), "aä");
  EXPECT_EQ(text.place(), (ShellPlace{2, 3, 2}));
  EXPECT_EQ(text.skip(1), 1U);
  EXPECT_EQ(text.take(9), "€c");
  EXPECT_EQ(text.place(), (ShellPlace{5, 8, 5}));
  EXPECT_EQ(text.take(1), "");
}

TEST(ShellText, a_character_that_is_cut_through_waits_for_its_rest) {
  ShellText text({}, {.bytes = "a\xe2\x82", .is_end = false}, nullptr);
  EXPECT_EQ(text.take(9), "a");
  EXPECT_EQ(text.place().offset, 1U);
  ShellText at_the_end({}, {.bytes = "a\xe2\x82", .is_end = true}, nullptr);
  EXPECT_EQ(at_the_end.take(9), "a\uFFFD\uFFFD");
}

TEST(ShellText, an_invalid_byte_is_one_character) {
  ShellText text({}, {.bytes = "\xff\x80x\xc3(", .is_end = false}, nullptr);
  EXPECT_EQ(text.take(9), "\uFFFD\uFFFDx\uFFFD(");
  EXPECT_EQ(text.place().cursor, 5U);
}

TEST(ShellText, parts_joined_are_the_whole) {
  const std::string bytes = "a€\xff漢\xe2\x82(é\xf0\x9f\x91\x8d";
  ShellText whole({}, {.bytes = bytes, .is_end = true}, nullptr);
  const std::string all = whole.take(100);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ShellText first({}, {.bytes = std::string_view(bytes).substr(0, cut)}, nullptr);
    std::string joined = first.take(100);
    ShellText rest(first.place(),
                   {.bytes = std::string_view(bytes).substr(first.place().offset), .is_end = true},
                   nullptr);
    joined += rest.take(100);
    EXPECT_EQ(joined, all) << cut;
    EXPECT_EQ(rest.place(), whole.place()) << cut;
  }
}

/// Reads in steps of `step` characters what has come so far, while the output grows.
std::string read_in_steps(std::string_view bytes, const Redactor& redactor, std::size_t grows_by,
                          std::uint64_t step) {
  std::string all;
  ShellPlace place;
  for (std::size_t there = 0;; there = std::min(there + grows_by, bytes.size())) {
    for (;;) {
      ShellText text(place,
                     {.bytes = bytes.substr(place.offset, there - place.offset),
                      .is_end = there == bytes.size()},
                     &redactor);
      const std::string part = text.take(step);
      place = text.place();
      EXPECT_EQ(place.cursor, width_of(all) + width_of(part));
      all += part;
      if (part.empty()) break;
    }
    if (there == bytes.size()) return all;
  }
}

TEST(ShellText, shows_the_same_marks_however_a_secret_is_cut_by_reads) {
  const Redactor redactor({"s3cr3t-value", "abab"});
  const std::string bytes = "a s3cr3t-value: s3cr3t ababab€abababx s3cr3t-values3cr3t-value s3c";
  const std::string shown = "a [REDACTED]: s3cr3t [REDACTED]€[REDACTED]x [REDACTED][REDACTED] s3c";
  for (const std::size_t grows_by : {1U, 2U, 5U, 13U, 99U}) {
    for (const std::uint64_t step : {1U, 3U, 7U, 99U}) {
      EXPECT_EQ(read_in_steps(bytes, redactor, grows_by, step), shown) << grows_by << " " << step;
    }
  }
}

TEST(ShellText, a_run_longer_than_what_is_read_at_once_is_one_mark) {
  const Redactor redactor({"0000"});
  const std::string bytes = "<" + std::string(1000, '0') + ">";
  ShellPlace place;
  std::string all;
  while (place.offset < bytes.size()) {
    ShellText text(place,
                   {.bytes = std::string_view(bytes).substr(place.offset, 100),
                    .is_end = place.offset + 100 >= bytes.size()},
                   &redactor);
    all += text.take(50);
    ASSERT_GT(text.place().offset, place.offset);
    place = text.place();
  }
  EXPECT_EQ(all, "<[REDACTED]>");
}

TEST(ShellText, after_a_gap_the_rest_of_a_secret_is_redacted) {
  const Redactor redactor({"s3cr3t-value"});
  ShellText text({}, {.bytes = "t-value.", .after_gap = true, .is_end = true}, &redactor);
  EXPECT_EQ(text.take(99), "[REDACTED].");
}

TEST(ShellText, what_is_held_back_is_not_there_yet) {
  const Redactor redactor({"s3cr3t-value"});
  ShellText text({}, {.bytes = "pyro$ s3cr3t"}, &redactor);
  EXPECT_EQ(text.take(99), "pyro$ ");
  EXPECT_FALSE(text.more());
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
