#include "guest/agent/files/change_plan.h"

#include <gmock/gmock.h>

namespace pyro::agent::files {
namespace {

std::string plan_text(std::string_view step) {
  std::string text("pyro change 1\0id\0", 17);
  text.append(step).push_back('\0');
  return text.append("end\0", 4);
}

TEST(change_plan, is_written_down_as_it_was_always_read) {
  const ChangePlan plan{.staging = "id",
                        .steps = {{.kind = StepKind::kReplace, .path = "a b/c\nd", .inode = 12}}};
  EXPECT_EQ(encode(plan), plan_text("r 12 a b/c\nd"));
  const auto read = decode_plan(plan_text("r 12 a b/c\nd"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->staging, "id");
  ASSERT_EQ(read->steps.size(), 1U);
  EXPECT_EQ(read->steps[0].kind, StepKind::kReplace);
  EXPECT_EQ(read->steps[0].path, "a b/c\nd");
  EXPECT_EQ(read->steps[0].inode, 12U);
}

TEST(change_plan, cut_off_anywhere_is_none) {
  const std::string whole = plan_text("d 3 path");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_FALSE(decode_plan(whole.substr(0, i)).has_value()) << i;
  }
  EXPECT_FALSE(decode_plan(whole + "x").has_value());
}

TEST(change_plan, with_a_hostile_step_is_none) {
  for (const char* step : {"d 1 ../x", "d 1 /etc/passwd", "d 1 a/../b", "d 1 a//b", "d 1 ", "d 1",
                           "x 1 a", "d -1 a", "d 99999999999999999999 a", "d a", "", "d"}) {
    EXPECT_FALSE(decode_plan(plan_text(step)).has_value()) << step;
  }
}

TEST(change_plan, with_a_hostile_staging_is_none) {
  for (const char* staging : {"", "..", ".", "a/b", "/tmp"}) {
    EXPECT_FALSE(decode_plan(encode({.staging = staging, .steps = {}})).has_value()) << staging;
  }
}

}  // namespace
}  // namespace pyro::agent::files
