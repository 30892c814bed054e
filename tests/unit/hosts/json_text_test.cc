#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "host-helpers/hosts/settings_text.h"
#include "tests/support/errors.h"

namespace pyro::hosts {
namespace {

using api::Json;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

const SettingPath kJsonEntry{"mcp", "pyro"};

std::string with(const std::string& text, const Json& value = {{"type", "local"}},
                 const SettingPath& path = kJsonEntry) {
  return with_setting(Syntax::kJson, text, path, value);
}
std::string without(const std::string& text, const SettingPath& path = kJsonEntry) {
  return without_setting(Syntax::kJson, text, path);
}

TEST(JsonText, an_empty_file_gets_an_object) {
  const std::string made =
      "{\n  \"mcp\": {\n    \"pyro\": {\n      \"type\": \"local\"\n    }\n  }\n}\n";
  EXPECT_EQ(with(""), made);
  EXPECT_EQ(with("{}"), made.substr(0, made.size() - 1));
  EXPECT_EQ(with("// only a remark"), "// only a remark\n" + made);
}

TEST(JsonText, a_new_entry_keeps_comments_order_and_other_servers) {
  const std::string text =
      "{\n"
      "  // my model\n"
      "  \"model\": \"a/b\", /* odd */\n"
      "  \"mcp\": {\n"
      "    \"other\": {\"type\": \"remote\"} // stays\n"
      "  }\n"
      "}\n";
  EXPECT_EQ(with(text),
            "{\n"
            "  // my model\n"
            "  \"model\": \"a/b\", /* odd */\n"
            "  \"mcp\": {\n"
            "    \"other\": {\"type\": \"remote\"}, // stays\n"
            "    \"pyro\": {\n"
            "      \"type\": \"local\"\n"
            "    }\n"
            "  }\n"
            "}\n");
  EXPECT_EQ(without(with(text)), text);
}

TEST(JsonText, an_entry_that_was_added_goes_without_a_trace) {
  for (const std::string text :
       {"{\"a\": 1}", "{\n  \"a\": 1\n}\n",
        "{\n\t\"a\": [1, 2],\n\t\"mcp\": {\n\t\t\"x\": {}\n\t}\n}",
        "{\n  \"mcp\": {\"x\": {}}\n}\n", "{\r\n  \"a\": 1\r\n}\r\n",
        "\xEF\xBB\xBF{\n  \"a\": 1\n}\n", "// top\n{ \"a\": 1, \"mcp\": { \"x\": 1 } }\n// end"}) {
    EXPECT_EQ(without(with(text)), text);
  }
}

TEST(JsonText, a_value_is_replaced_in_its_place) {
  const std::string text =
      "{\"mcp\": {\"pyro\": {\"type\": \"local\", /* mine */ \"command\": \"x\"}}, \"b\": 1}";
  EXPECT_EQ(with(text, Json::array({"p"}), {"mcp", "pyro", "command"}),
            "{\"mcp\": {\"pyro\": {\"type\": \"local\", /* mine */ \"command\": [\n  \"p\"\n]}}, "
            "\"b\": 1}");
}

TEST(JsonText, line_ends_and_tabs_are_those_of_the_file) {
  EXPECT_EQ(with("{\r\n\t\"a\": 1\r\n}\r\n", 2, {"b"}), "{\r\n\t\"a\": 1,\r\n\t\"b\": 2\r\n}\r\n");
  EXPECT_EQ(with("\xEF\xBB\xBF{}", 2, {"b"}), "\xEF\xBB\xBF{\n  \"b\": 2\n}");
}

TEST(JsonText, where_the_last_one_has_a_comma_the_new_one_has_too) {
  EXPECT_EQ(with("{\n  \"a\": 1, // x\n}\n", 2, {"b"}), "{\n  \"a\": 1, // x\n  \"b\": 2,\n}\n");
  EXPECT_EQ(without("{\n  \"a\": 1,\n  \"b\": 2,\n}\n", {"b"}), "{\n  \"a\": 1,\n}\n");
}

TEST(JsonText, a_comment_before_the_closing_brace_swallows_nothing) {
  EXPECT_EQ(with("{\n  \"a\": 1\n  // last\n}", 2, {"b"}),
            "{\n  \"a\": 1,\n  // last\n  \"b\": 2\n}");
  EXPECT_EQ(with("{ // nothing\n}", 2, {"b"}), "{ // nothing\n  \"b\": 2\n}");
}

TEST(JsonText, of_keys_that_come_twice_the_last_counts_and_all_go) {
  const std::string text =
      "{\"mcp\": {\"pyro\": 1, \"x\": 0, \"pyro\": 2}, \"mcp\": {\"pyro\": 3, \"y\": 1}}";
  EXPECT_EQ(read_settings(Syntax::kJson, text)["mcp"]["pyro"], 3);
  EXPECT_EQ(with(text, 4),
            "{\"mcp\": {\"pyro\": 1, \"x\": 0, \"pyro\": 2}, \"mcp\": {\"pyro\": 4, \"y\": 1}}");
  EXPECT_EQ(without(text), "{\"mcp\": {\"x\": 0}, \"mcp\": {\"y\": 1}}");
}

TEST(JsonText, what_cannot_be_parsed_is_refused_with_its_line) {
  for (const auto& [text, where] : std::vector<std::pair<std::string, std::string>>{
           {"{\n\"a\": 1\n\"b\": 2}", "line 3: a comma is missing"},
           {"{\"a\": tru}", "line 1: this is no value"},
           {"{\"a\": 1} x", "line 1: something follows"},
           {"{\n  /* x", "line 2: a comment does not end"},
           {"{\"a", "line 1: a text does not end"},
           {"{a: 1}", "line 1: a name in quotes is missing"},
           {"{\"a\": \"\\q\"}", "line 1: a text is not valid"},
           {"{\"a\": 1", "line 1: a comma is missing"},
           {"{\"a\": \"\xFF\"}", "it is not UTF-8"},
           {std::string(100000, '['), "nested too deep"}}) {
    EXPECT_THAT(error_of([&text = text] { with(text); }),
                Refused(ErrorCode::kInvalidArgument, HasSubstr(where)));
  }
}

TEST(JsonText, a_table_that_is_none_is_refused_and_not_replaced) {
  EXPECT_THAT(error_of([] { with("{\"mcp\": \"x\"}"); }),
              Refused(ErrorCode::kFailedPrecondition,
                      HasSubstr("'mcp' is not an object, so that 'mcp.pyro' has no place")));
  EXPECT_THAT(error_of([] { with_element("{\"a\": {}}", {"a"}, 1); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("'a' is not a list")));
}

TEST(JsonText, an_element_joins_a_list_and_leaves_it) {
  const SettingPath deny{"permissions", "deny"};
  const std::string text =
      "{\n  \"permissions\": {\n    \"deny\": [\n      \"Read(.env)\"\n    ]\n  }\n}\n";
  const std::string denied = with_element(text, deny, "Bash");
  EXPECT_EQ(denied,
            "{\n  \"permissions\": {\n    \"deny\": [\n      \"Read(.env)\",\n      \"Bash\"\n    "
            "]\n  }\n}\n");
  EXPECT_EQ(without_element(denied, deny, "Bash"), text);
  EXPECT_EQ(without_element(text, deny, "Bash"), text);
  EXPECT_EQ(without_element(with_element("{}", deny, "Bash"), deny, "Bash"), "{\n}");
}

}  // namespace
}  // namespace pyro::hosts
