#include <gmock/gmock.h>

#include "tests/unit/mcp_protocol/client.h"

namespace pyro::mcp {
namespace {

using ::testing::IsEmpty;

Json asking(const Json& id, const std::string& method, const Json& params = Json::object()) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
}

Json cancelling(const Json& id) {
  return {
      {"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", id}}}};
}

TEST(BatchOfRequests, is_answered_as_one_once_all_are_done) {
  Door door;
  Client client({door.tool(), echo()});
  client.initialize("2025-03-26");
  client.send(Json::array({asking(1, "tools/call", {{"name", "door"}}), asking(2, "ping"),
                           asking("x", "nosuch"), Json(5), cancelling("nobody"),
                           asking(3, "tools/call", {{"name", "echo"}})}));
  ASSERT_TRUE(door.wait_begun(1));
  EXPECT_THAT(client.until_ping(), IsEmpty());
  door.open();
  const Json answers = client.receive();
  ASSERT_TRUE(answers.is_array());
  ASSERT_EQ(answers.size(), 5U);
  std::map<std::string, Json> by_id;
  for (const Json& answer : answers) by_id[answer["id"].dump()] = answer;
  EXPECT_EQ(by_id["1"]["result"]["content"][0]["text"], "through");
  EXPECT_EQ(by_id["2"]["result"], Json::object());
  EXPECT_EQ(by_id["3"]["result"]["content"][0]["text"], "{}");
  EXPECT_EQ(code_of(by_id["\"x\""]), -32601);
  EXPECT_EQ(code_of(by_id["null"]), -32600);
}

TEST(BatchOfRequests, leaves_out_what_was_cancelled) {
  Door door;
  Client client({door.tool()});
  client.initialize("2025-03-26");
  client.send(Json::array({asking(1, "tools/call", {{"name", "door"}}), asking(2, "ping")}));
  ASSERT_TRUE(door.wait_begun(1));
  client.cancel(1);
  const Json answers = client.receive();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0]["id"], 2);
}

TEST(BatchOfRequests, of_which_nothing_is_left_gets_no_answer) {
  Door door;
  Client client({door.tool()});
  client.initialize("2025-03-26");
  client.send(Json::array({asking(1, "tools/call", {{"name", "door"}}), cancelling(1)}));
  client.send(Json::array({cancelling(1), {{"jsonrpc", "2.0"}, {"id", 1}, {"result", {}}}}));
  EXPECT_THAT(client.until_ping(), IsEmpty());
}

TEST(BatchOfRequests, cannot_initialize_and_cannot_be_empty) {
  Client client({echo()});
  client.initialize("2025-03-26");
  client.send(Json::array({asking(1, "initialize", {{"protocolVersion", "2025-11-25"}})}));
  const Json answers = client.receive();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(code_of(answers[0]), -32600);
  client.send_line("[]");
  const Json answer = client.receive();
  ASSERT_TRUE(answer.is_object());
  EXPECT_EQ(code_of(answer), -32600);
}

TEST(BatchOfRequests, is_known_to_one_revision_alone) {
  Client client({echo()});
  const auto refused = [&client] {
    client.send(Json::array({asking(1, "ping")}));
    const Json answer = client.receive();
    return answer.is_object() && answer["id"].is_null() && code_of(answer) == -32600;
  };
  EXPECT_TRUE(refused()) << "without a session";
  for (const std::string revision : {"2024-11-05", "2025-06-18", "2025-11-25"}) {
    client.initialize(revision);
    EXPECT_TRUE(refused()) << revision;
  }
  client.initialize("2025-03-26");
  EXPECT_FALSE(refused());
}

TEST(BatchOfRequests, of_more_than_a_thousand_messages_is_refused_as_one) {
  Client client({echo()});
  client.initialize("2025-03-26");
  Json batch = Json::array();
  for (int id = 0; id < 1000; ++id) batch.push_back(asking(id, "ping"));
  client.send(batch);
  EXPECT_EQ(client.receive().size(), 1000U);
  batch.push_back(asking(1000, "ping"));
  client.send(batch);
  const Json answer = client.receive();
  ASSERT_TRUE(answer.is_object());
  EXPECT_TRUE(answer["id"].is_null());
  EXPECT_EQ(code_of(answer), -32600);
  EXPECT_THAT(client.until_ping(), IsEmpty());
}

TEST(BatchOfRequests, has_no_modern_ones) {
  Client client({echo()});
  client.initialize("2025-03-26");
  client.send(Json::array({asking(1, "tools/list", {{"_meta", modern()}}), asking(2, "ping")}));
  const Json answers = client.receive();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(code_of(answers[0]), -32600);
  EXPECT_EQ(code_of(answers[1]), 0);
}

}  // namespace
}  // namespace pyro::mcp
