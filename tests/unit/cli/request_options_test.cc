#include "gateway/cli/request_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/command_line/parse.h"
#include "tests/unit/api/dummy.h"

namespace pyro::cli {
namespace {

using api::Cook;
using ::testing::HasSubstr;

/// Parses words as a command line; returns the refusal, or "" and fills `cook`.
std::string refusal(const std::vector<std::string>& words, Cook& cook) {
  CliCommand command("cook", "");
  add_request_options(command, cook, {"sides", "extras"});
  return parse(command, words).refusal;
}

std::string refusal(const std::vector<std::string>& words) {
  Cook cook;
  return refusal(words, cook);
}

TEST(RequestOptions, come_from_the_field_list) {
  Cook cook;
  EXPECT_EQ(refusal({"soup", "--table", "3", "--offset=-2", "--minutes", "0.5", "--spicy",
                     "--doneness", "rare", "--note", "hot"},
                    cook),
            "");
  EXPECT_EQ(cook.dish, "soup");
  EXPECT_EQ(cook.table, 3U);
  EXPECT_EQ(cook.offset, -2);
  EXPECT_EQ(cook.minutes, 0.5);
  EXPECT_TRUE(cook.spicy);
  EXPECT_EQ(cook.doneness, api::Doneness::kRare);
  EXPECT_EQ(cook.note, "hot");
}

TEST(RequestOptions, what_is_not_given_keeps_its_default) {
  Cook cook;
  EXPECT_EQ(refusal({"soup"}, cook), "");
  Cook expected;
  expected.dish = "soup";
  EXPECT_EQ(cook, expected);
}

TEST(RequestOptions, an_empty_text_is_given) {
  Cook cook;
  EXPECT_EQ(refusal({"soup", "--note", ""}, cook), "");
  EXPECT_EQ(cook.note, "");
  EXPECT_EQ(refusal({"soup", "--note="}, cook), "");
  EXPECT_EQ(cook.note, "");
}

TEST(RequestOptions, refuse_what_the_list_does_not_have) {
  EXPECT_EQ(refusal({}), "cook needs DISH");
  EXPECT_EQ(refusal({"soup", "--secret", "x"}), "unknown option '--secret'");
  EXPECT_EQ(refusal({"soup", "--doneness", "well"}),
            "doneness must be one of: rare, medium; not 'well'");
}

TEST(RequestOptions, a_value_that_is_no_number_is_named_with_its_option) {
  EXPECT_EQ(refusal({"soup", "--table", "many"}),
            "invalid value 'many' for --table: expected a number");
  EXPECT_EQ(refusal({"soup", "--table", ""}), "invalid value '' for --table: expected a number");
  EXPECT_EQ(refusal({"soup", "--table", "1.5"}),
            "invalid value '1.5' for --table: expected a whole number");
  EXPECT_EQ(refusal({"soup", "--minutes", "2m"}),
            "invalid value '2m' for --minutes: expected a number");
  EXPECT_EQ(refusal({"soup", "--spicy=very"}),
            "invalid value 'very' for --spicy: expected true or false");
}

TEST(RequestOptions, a_number_that_its_type_does_not_hold_is_refused_by_its_range) {
  EXPECT_EQ(refusal({"soup", "--table", "-1"}), "table must be between 1 and 8, not -1");
  EXPECT_EQ(refusal({"soup", "--table", "4294967297"}),
            "table must be between 1 and 8, not 4294967297");
  EXPECT_EQ(refusal({"soup", "--table", "99999999999999999999"}),
            "table must be between 1 and 8, not 1e+20");
}

TEST(RequestOptions, show_description_limits_and_defaults_in_help) {
  Cook cook;
  CliCommand command("cook", "");
  add_request_options(command, cook, {"sides", "extras"});
  const std::string help = help_text(command);
  EXPECT_THAT(help, HasSubstr("Where it goes. 1 to 8; default 1."));
  EXPECT_THAT(help, HasSubstr("How long. Positive; default 2.5."));
  EXPECT_THAT(help, HasSubstr("--doneness {rare,medium}"));
}

}  // namespace
}  // namespace pyro::cli
