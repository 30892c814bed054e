#include "common/guest/captured_output.h"

#include <fmt/core.h>
#include <gmock/gmock.h>

namespace pyro {
namespace {

constexpr std::size_t kLimit = CapturedOutput::kLimit;

TEST(CapturedOutput, keeps_all_of_what_fits) {
  CapturedOutput output;
  output.append("a");
  output.append(std::string(kLimit - 2, 'x'));
  output.append("z");
  EXPECT_FALSE(output.truncated());
  EXPECT_EQ(output.text().size(), kLimit);
  EXPECT_EQ(output.text().back(), 'z');
}

TEST(CapturedOutput, drops_the_middle_of_more_and_says_how_much) {
  CapturedOutput output;
  output.append("begin");
  for (int i = 0; i < 40; ++i) output.append(std::string(1U << 20U, 'x'));
  output.append("end");
  EXPECT_TRUE(output.truncated());
  const std::string text = output.text();
  EXPECT_LT(text.size(), kLimit + 100);
  EXPECT_THAT(text, ::testing::StartsWith("begin"));
  EXPECT_THAT(text, ::testing::EndsWith("end"));
  const std::size_t dropped = (40U << 20U) + 8 - kLimit;
  EXPECT_THAT(text, ::testing::HasSubstr(std::to_string(dropped) + " bytes dropped"));
}

TEST(CapturedOutput, says_where_bytes_are_missing_that_nobody_kept) {
  CapturedOutput output;
  output.append("begin");
  output.skip(100);
  output.append("end");
  EXPECT_TRUE(output.truncated());
  EXPECT_EQ(output.text(), "begin\n[… 100 bytes dropped …]\nend");
}

using Then = OutputPart::Then;

TEST(CapturedOutput, a_place_in_it_is_found_on_both_sides_of_what_was_dropped) {
  CapturedOutput output;
  output.append("begin");
  output.skip(100);
  output.append("end");
  EXPECT_EQ(output.shape().total, 108U);
  const OutputPart head = output.read(1, 10);
  EXPECT_EQ(head.data, "egin");
  EXPECT_EQ(head.then, Then::kGap);
  EXPECT_EQ(output.read(1, 2).then, Then::kMore);
  const OutputPart tail = output.read(5, 2);
  EXPECT_EQ(tail.dropped, 100U);
  EXPECT_EQ(tail.data, "en");
  EXPECT_EQ(tail.then, Then::kMore);
  EXPECT_EQ(output.read(50, 10).dropped, 55U);
  EXPECT_EQ(output.read(107, 10).data, "d");
  EXPECT_EQ(output.read(108, 10).data, "");
  EXPECT_EQ(output.read(108, 10).then, Then::kEnd);
  EXPECT_EQ(output.read(200, 10).dropped, 0U) << "what is not known here yet is not lost";
}

TEST(CapturedOutput, reads_on_across_its_middle_where_nothing_was_dropped) {
  CapturedOutput output;
  const std::string text = std::string(kLimit / 2, 'a') + "é" + std::string(100, 'b');
  output.append(text);
  const OutputPart part = output.read(kLimit / 2 - 1, 4);
  EXPECT_EQ(part.data, "aéb");
  EXPECT_EQ(part.dropped, 0U);
}

TEST(CapturedOutput, what_came_between_two_gaps_is_dropped_with_them) {
  CapturedOutput output;
  output.append("a");
  output.skip(10);
  output.append("between");
  output.skip(20);
  output.append("end");
  EXPECT_EQ(output.text(), "a\n[… 37 bytes dropped …]\nend");
  EXPECT_EQ(output.read(38, 10).data, "end");
}

TEST(CapturedOutput, output_without_end_is_read_by_its_true_offsets) {
  CapturedOutput output;
  std::uint64_t total = 0;
  for (; total < 3 * kLimit; total += 8) output.append(fmt::format("{:08}", total));
  for (const std::uint64_t offset : {std::uint64_t{800}, total - 8000}) {
    EXPECT_EQ(output.read(offset, 8).data, fmt::format("{:08}", offset));
  }
  const OutputPart behind_gap = output.read(kLimit / 2, 8);
  EXPECT_EQ(behind_gap.data, fmt::format("{:08}", kLimit / 2 + behind_gap.dropped));
  EXPECT_EQ(output.kept().size(), kLimit);
}

TEST(CapturedOutput, a_length_that_no_guest_can_mean_harms_nobody) {
  CapturedOutput output;
  output.append("a");
  for (int i = 0; i < 3; ++i) output.skip(~std::uint64_t{0});
  output.append("end");
  EXPECT_EQ(output.read(5, 10).data, "end");
  EXPECT_EQ(output.last_line(), "end");
}

TEST(CapturedOutput, its_last_line_is_the_last_with_something_in_it) {
  CapturedOutput output;
  EXPECT_EQ(output.last_line(), "");
  output.append("first\n 10 %\r 20 %\r\x1b\n\n  ");
  EXPECT_EQ(output.last_line(), "20 %");
  output.append(std::string(300, 'x'));
  EXPECT_EQ(output.last_line(), std::string(199, 'x') + "…");
}

TEST(OutputSpan, of_output_that_was_given_up_all_is_dropped) {
  const OutputSpan span = locate({.total = 100, .head = 60}, 0, 10, 8000);
  EXPECT_EQ(span.dropped, 90U);
  EXPECT_EQ(span.bytes, 0U);
  EXPECT_EQ(span.then, Then::kEnd);
}

TEST(OutputSpan, a_file_of_an_unknown_shape_is_taken_as_it_is) {
  const OutputSpan span = locate({}, 100, 10, 50);
  EXPECT_EQ(span.position, 10U);
  EXPECT_EQ(span.bytes, 50U);
  EXPECT_EQ(span.then, Then::kMore);
}

}  // namespace
}  // namespace pyro
