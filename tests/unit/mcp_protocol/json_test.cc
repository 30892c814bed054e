#include "gateway/mcp/protocol/json.h"

#include <gmock/gmock.h>

#include "gateway/mcp/protocol/rpc_error.h"

namespace pyro::mcp {
namespace {

using ::testing::HasSubstr;

/// 0 when it is taken.
int code_of(const std::string& text) {
  try {
    parse_json(text);
    return 0;
  } catch (const RpcError& error) {
    return error.code();
  }
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Json, what_is_valid_comes_through_unchanged) {
  for (const std::string text :
       {R"({"b":1,"a":[true,false,null,-7,18446744073709551615,0.5,"\u0001é"],"":{}})", "[]",
        "\"x\"", "0"}) {
    EXPECT_EQ(to_line(parse_json(text)), text);
  }
}

TEST(Json, what_is_no_json_in_utf8_is_a_parse_error) {
  for (const std::string text :
       {"",         "{",         "[1,]",         "{\"a\":}",     "{\"a\" 1}",
        "nul",      "1 2",       "{}{}",         "'x'",          "\"\\x\"",
        "\"a\nb\"", "\"\xFF\"",  "\"\xE2\x80\"", "\"\xC0\xAF\"", "\"\xED\xA0\x80\"",
        "\xFF\xFE", "\"\\u12\"", "\"\\u12g4\"",  "1e999",        "NaN",
        "01",       "\"\\",      "\"\\ud83d"}) {
    EXPECT_EQ(code_of(text), rpc::kParseError) << text;
  }
  EXPECT_EQ(code_of(std::string("\0{}", 3)), rpc::kParseError);
}

TEST(Json, of_a_key_that_comes_again_the_last_counts) {
  EXPECT_EQ(to_line(parse_json(R"({"a":1,"b":2,"a":{"c":1,"c":2}})")), R"({"b":2,"a":{"c":2}})");
}

TEST(Json, half_of_a_surrogate_pair_is_replaced) {
  EXPECT_EQ(parse_json(R"("\ud83d")"), "\xEF\xBF\xBD");
  EXPECT_EQ(parse_json(R"("a\udE00b")"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(parse_json(R"("\ud83d\ud83d\ude00\\ud83d")"), "\xEF\xBF\xBD\xF0\x9F\x98\x80\\ud83d");
  EXPECT_EQ(parse_json(R"("\ud83dx\u0041")"), "\xEF\xBF\xBDxA");
}

TEST(Json, depth_is_bounded_and_takes_no_stack) {
  EXPECT_EQ(code_of(repeated("[", kMaxDepth) + repeated("]", kMaxDepth)), 0);
  EXPECT_EQ(code_of(repeated("[", kMaxDepth + 1) + repeated("]", kMaxDepth + 1)),
            rpc::kInvalidRequest);
  EXPECT_EQ(code_of(repeated("[", 100'000)), rpc::kInvalidRequest);
  EXPECT_EQ(code_of(repeated("{\"a\":", 100'000)), rpc::kInvalidRequest);
}

TEST(Json, values_are_counted) {
  EXPECT_EQ(code_of("[" + repeated("0,", kMaxValues - 2) + "0]"), 0);
  EXPECT_EQ(code_of("[" + repeated("0,", kMaxValues - 1) + "0]"), rpc::kInvalidRequest);
}

TEST(Json, many_keys_take_no_quadratic_time) {
  std::string text = "{";
  for (int i = 0; i < 300'000; ++i) text += "\"key" + std::to_string(i) + "\":0,";
  text += "\"last\":1}";
  EXPECT_EQ(parse_json(text).size(), 300'001U);
}

TEST(Json, what_it_takes_in_memory_counts_texts_keys_and_values) {
  EXPECT_GE(bytes_of(std::string(1000, 'x')), 1000U);
  EXPECT_GE(bytes_of({{std::string(1000, 'k'), 0}}), 1000U);
  const Json many = Json::array({Json::object(), Json::object(), {{"a", {0, 0, 0}}}});
  EXPECT_GE(bytes_of(many), 8 * sizeof(Json));
}

TEST(Json, what_is_sent_is_one_line_of_valid_utf8) {
  const std::string line = to_line({{"text", "a\nb\r\xFF\xE2\x80\xA8"}});
  EXPECT_EQ(line, "{\"text\":\"a\\nb\\r\xEF\xBF\xBD\xE2\x80\xA8\"}");
}

}  // namespace
}  // namespace pyro::mcp
