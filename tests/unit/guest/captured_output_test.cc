#include "common/guest/captured_output.h"

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

}  // namespace
}  // namespace pyro
