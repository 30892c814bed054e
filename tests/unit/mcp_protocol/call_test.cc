#include <gmock/gmock.h>
#include <pthread.h>

#include "tests/unit/mcp_protocol/client.h"

namespace pyro::mcp {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string text_of(const Json& answer) {
  return answer.at("result").at("content").at(0).at("text");
}

/// While it lives no thread can be started: no stack of the size that it would have is to be had.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    ::pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    ::pthread_getattr_default_np(&huge);
    ::pthread_attr_setstacksize(&huge, std::size_t{1} << 60U);
    ::pthread_setattr_default_np(&huge);
    ::pthread_attr_destroy(&huge);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;
  ~NoMoreThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_;
};

TEST(Call, arguments_reach_the_tool_and_its_words_the_client) {
  Client client({echo()});
  client.call(0, "echo", {{"text", "a\nb \xE2\x80\xA8 \xC3\xA9"}});
  EXPECT_EQ(text_of(client.receive()), "{\"text\":\"a\\nb \xE2\x80\xA8 \xC3\xA9\"}");
  EXPECT_EQ(text_of(client.request(1, "tools/call", {{"name", "echo"}})), "{}");
}

TEST(Call, arguments_and_meta_that_are_null_are_none) {
  Client client({echo()});
  const Json params = {{"name", "echo"}, {"arguments", nullptr}, {"_meta", nullptr}};
  EXPECT_EQ(text_of(client.request(1, "tools/call", params)), "{}");
}

TEST(Call, what_is_no_call_is_invalid_params) {
  Client client({echo()});
  for (const Json& params :
       {Json::object(), Json{{"name", 5}}, Json{{"name", nullptr}}, Json{{"name", Json::object()}},
        Json{{"name", "Echo"}}, Json{{"name", ""}},
        Json{{"name", "echo"}, {"arguments", Json::array()}},
        Json{{"name", "echo"}, {"arguments", "{}"}}, Json{{"name", "echo"}, {"_meta", "x"}}}) {
    EXPECT_EQ(code_of(client.request(1, "tools/call", params)), -32602) << params;
    Json meta_too = params;
    if (meta_too.contains("_meta")) continue;
    meta_too["_meta"] = modern();
    EXPECT_EQ(code_of(client.request(1, "tools/call", meta_too)), -32602) << params;
  }
  EXPECT_THAT(client.request(1, "tools/call", {{"name", "nosuch"}})["error"]["message"],
              HasSubstr("nosuch"));
}

TEST(Call, errors_of_a_tool_are_results_that_a_model_can_read) {
  Client client(
      {tool("refuses", [](const ToolCall&) -> ToolResult { throw not_found("no 'x': make one"); }),
       tool("breaks", [](const ToolCall&) -> ToolResult { throw std::out_of_range("at"); }),
       tool("protests", [](const ToolCall&) -> ToolResult {
         throw RpcError(rpc::kMissingClientCapability, "needs sampling", {{"a", 1}});
       })});
  client.call(1, "refuses");
  Json answer = client.receive();
  EXPECT_EQ(text_of(answer), "no 'x': make one");
  EXPECT_EQ(answer["result"]["isError"], true);
  client.call(2, "breaks");
  answer = client.receive();
  EXPECT_EQ(text_of(answer), "internal error: at");
  EXPECT_EQ(answer["result"]["isError"], true);
  client.call(3, "protests");
  answer = client.receive();
  EXPECT_EQ(code_of(answer), -32021);
  EXPECT_EQ(answer["error"]["data"], Json({{"a", 1}}));
}

TEST(Call, one_for_which_no_thread_can_be_started_is_an_error_that_a_model_can_read) {
  Client client({echo()});
  client.initialize("2025-11-25");
  {
    const NoMoreThreads here;
    for (const Json& meta : {Json::object(), Json{{"progressToken", 1}}}) {
      client.call(1, "echo", Json::object(), meta);
      const Json answer = client.receive();
      EXPECT_EQ(answer["result"]["isError"], true);
      EXPECT_THAT(text_of(answer), HasSubstr("try again"));
    }
  }
  client.call(1, "echo", Json::object(), {{"progressToken", 1}});
  EXPECT_EQ(text_of(client.receive()), "{}");
}

TEST(Call, an_answer_that_cannot_be_made_is_an_internal_error) {
  Client client({tool("broken",
                      [](const ToolCall&) -> ToolResult {
                        return {.content = Json::object(), .structured = Json::object()};
                      }),
                 echo()});
  client.call(1, "broken");
  EXPECT_EQ(code_of(client.receive()), -32603);
  client.call(1, "echo");
  EXPECT_EQ(text_of(client.receive()), "{}");
}

TEST(Call, bytes_that_are_no_utf8_never_reach_the_client) {
  Client client({tool("bytes", [](const ToolCall&) { return said("a\xFF\xC3"); }),
                 tool("fails", [](const ToolCall&) -> ToolResult { throw not_found("b\xFE"); })});
  client.call(1, "bytes");
  EXPECT_EQ(text_of(client.receive()), "a\xEF\xBF\xBD\xEF\xBF\xBD");
  client.call(2, "fails");
  EXPECT_EQ(text_of(client.receive()), "b\xEF\xBF\xBD");
}

TEST(Call, an_id_in_flight_is_refused_and_one_that_was_answered_is_not) {
  Door door;
  Client client({door.tool(), echo()});
  client.call(5, "door");
  ASSERT_TRUE(door.wait_begun(1));
  for (const std::string method : {"ping", "tools/list"}) {
    const Json answer = client.request(5, method);
    EXPECT_EQ(code_of(answer), -32600);
    EXPECT_THAT(answer["error"]["message"].get<std::string>(), HasSubstr("id 5"));
  }
  client.call("5", "echo");
  EXPECT_EQ(client.receive()["id"], "5");
  door.open();
  EXPECT_EQ(text_of(client.receive()), "through");
  client.call(5, "echo");
  EXPECT_EQ(text_of(client.receive()), "{}");
}

TEST(Call, a_cancelled_call_is_stopped_and_never_answered) {
  Door door;
  Client client({door.tool()});
  client.call(0, "door");
  ASSERT_TRUE(door.wait_begun(1));
  client.cancel(0);
  EXPECT_TRUE(door.wait_stopped(1));
  EXPECT_THAT(client.until_ping(), IsEmpty());
}

TEST(Call, a_cancelled_call_that_goes_on_is_not_answered_either_and_its_id_is_free) {
  Door door;
  Client client({door.tool("deaf", true), echo()});
  client.call(0, "deaf");
  ASSERT_TRUE(door.wait_begun(1));
  client.cancel(0);
  client.call(0, "echo");
  EXPECT_EQ(text_of(client.receive()), "{}");
  door.open();
  client.close_input();
  EXPECT_TRUE(client.ended());
  client.destroy_server();
  EXPECT_THROW(client.receive(), std::runtime_error);
}

TEST(Call, a_cancellation_of_nothing_is_ignored) {
  Client client({echo()});
  client.call(1, "echo");
  client.receive();
  client.cancel(1);
  client.cancel(1);
  client.cancel("no such");
  for (const Json& id : {Json(), Json(1.5), Json::array({1}), Json::object()}) client.cancel(id);
  client.notify("notifications/cancelled", Json::object());
  client.send_line(R"({"jsonrpc":"2.0","method":"notifications/cancelled"})");
  EXPECT_THAT(client.until_ping(), IsEmpty());
}

TEST(Call, one_that_ends_while_it_is_cancelled_leaves_the_next_of_its_id_alone) {
  Door door;
  Client client({echo(), door.tool()});
  int taken = 0;
  for (int round = 0; round < 2000; ++round) {
    client.call(5, "echo");
    client.cancel(5);
    client.call(5, "door");
    // Refused when the first was about to be answered.
    bool refused = false;
    for (const Json& answer : client.until_ping()) refused |= code_of(answer) == -32600;
    if (refused) continue;
    ASSERT_TRUE(door.wait_begun(++taken)) << round;
    client.cancel(5);
    ASSERT_TRUE(door.wait_stopped(taken)) << round;
  }
}

TEST(Call, a_tool_that_fails_because_it_was_cancelled_is_not_answered) {
  Client client({tool("quick", [](const ToolCall& call) -> ToolResult {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, call.stop, [] { return false; });
    throw RpcError(-1, "cancelled");
  })});
  for (int id = 0; id < 50; ++id) {
    client.call(id, "quick");
    client.cancel(id);
  }
  EXPECT_THAT(client.until_ping(), IsEmpty());
}

}  // namespace
}  // namespace pyro::mcp
