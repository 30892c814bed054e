#include "gateway/mcp/protocol/message.h"

#include <gtest/gtest.h>

namespace pyro::mcp {
namespace {

template <class T>
T only(const std::string& line) {
  Incoming incoming = parse_message(line);
  EXPECT_FALSE(incoming.batch) << line;
  EXPECT_EQ(incoming.messages.size(), 1U) << line;
  EXPECT_TRUE(std::holds_alternative<T>(incoming.messages.front())) << line;
  return std::get<T>(std::move(incoming.messages.front()));
}

TEST(Message, a_request_has_a_string_or_an_integer_as_its_id) {
  for (const std::string id : {"0", "-5", "18446744073709551615", "\"\"", "\"listen:0\"", "1"}) {
    const auto request =
        only<Request>(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"m","params":{"a":1}})");
    EXPECT_EQ(to_line(request.id), id);
    EXPECT_EQ(request.method, "m");
    EXPECT_EQ(request.params, Json({{"a", 1}}));
  }
  EXPECT_EQ(only<Request>(R"({"jsonrpc":"2.0","id":1,"method":"m"})").params, Json::object());
}

TEST(Message, any_other_id_is_invalid_and_not_repeated) {
  for (const std::string id :
       {"null", "1.5", "1.0", "1e3", "123456789012345678901", "{}", "[1]", "true"}) {
    const auto invalid = only<Invalid>(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"m"})");
    EXPECT_TRUE(invalid.id.is_null()) << id;
    EXPECT_EQ(invalid.error.code(), rpc::kInvalidRequest);
  }
}

TEST(Message, an_invalid_request_is_answered_with_its_id) {
  for (const std::string line :
       {R"({"id":7,"method":"m"})", R"({"jsonrpc":"1.0","id":7,"method":"m"})",
        R"({"jsonrpc":2.0,"id":7,"method":"m"})", R"({"jsonrpc":"2.0","id":7,"method":5})",
        R"({"jsonrpc":"2.0","id":7,"method":null})", R"({"jsonrpc":"2.0","id":7})",
        R"({"jsonrpc":"2.0","id":7,"method":"m","params":[]})",
        R"({"jsonrpc":"2.0","id":7,"method":"m","params":"x"})"}) {
    const auto invalid = only<Invalid>(line);
    EXPECT_EQ(invalid.id, 7) << line;
    EXPECT_EQ(invalid.error.code(), rpc::kInvalidRequest) << line;
  }
}

TEST(Message, params_that_are_null_are_none) {
  const auto request = only<Request>(R"({"jsonrpc":"2.0","id":7,"method":"m","params":null})");
  EXPECT_EQ(request.params, Json::object());
}

TEST(Message, what_is_no_message_is_invalid_without_an_id) {
  for (const std::string line : {"5", "\"x\"", "null", "true", "{}", "[]", R"({"jsonrpc":"2.0"})",
                                 R"({"jsonrpc":"2.0","method":1})"}) {
    const auto invalid = only<Invalid>(line);
    EXPECT_TRUE(invalid.id.is_null()) << line;
    EXPECT_EQ(invalid.error.code(), rpc::kInvalidRequest) << line;
  }
  EXPECT_EQ(only<Invalid>("{").error.code(), rpc::kParseError);
}

TEST(Message, a_method_without_an_id_is_a_notification_whatever_its_params) {
  for (const std::string params : {"{}", "[1]", "null", "\"x\""}) {
    const auto notification =
        only<Notification>(R"({"jsonrpc":"2.0","method":"m","params":)" + params + "}");
    EXPECT_EQ(notification.params, Json::object());
  }
}

TEST(Message, results_and_errors_are_responses) {
  only<Response>(R"({"jsonrpc":"2.0","id":1,"result":{}})");
  only<Response>(R"({"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"x"}})");
}

TEST(Message, a_batch_is_its_messages) {
  const Incoming incoming = parse_message(
      R"([{"jsonrpc":"2.0","id":1,"method":"m"},{"jsonrpc":"2.0","method":"n"},5,[]])");
  EXPECT_TRUE(incoming.batch);
  ASSERT_EQ(incoming.messages.size(), 4U);
  EXPECT_TRUE(std::holds_alternative<Request>(incoming.messages[0]));
  EXPECT_TRUE(std::holds_alternative<Notification>(incoming.messages[1]));
  EXPECT_TRUE(std::holds_alternative<Invalid>(incoming.messages[2]));
  EXPECT_TRUE(std::holds_alternative<Invalid>(incoming.messages[3]));
}

TEST(Message, answers_have_the_forms_of_json_rpc) {
  EXPECT_EQ(to_line(result_message("a", {{"x", 1}})),
            R"({"jsonrpc":"2.0","id":"a","result":{"x":1}})");
  EXPECT_EQ(to_line(error_message(nullptr, {-32600, "no"})),
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}})");
  EXPECT_EQ(
      to_line(error_message(0, {-32022, "no", {{"requested", "x"}}})),
      R"({"jsonrpc":"2.0","id":0,"error":{"code":-32022,"message":"no","data":{"requested":"x"}}})");
}

}  // namespace
}  // namespace pyro::mcp
