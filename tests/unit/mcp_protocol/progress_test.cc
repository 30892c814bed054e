#include <gmock/gmock.h>

#include "tests/unit/mcp_protocol/client.h"

namespace pyro::mcp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Tool counting() {
  return tool("count", [](const ToolCall& call) {
    for (const int done : {0, 50, 100}) call.report({static_cast<double>(done), 100, "step"});
    return said("done");
  });
}

/// All messages up to the answer, of which there is one.
std::vector<Json> until_answer(Client& client) {
  std::vector<Json> all;
  do {
    all.push_back(client.receive());
  } while (!all.back().contains("id"));
  return all;
}

TEST(Progress, is_told_to_who_asked_before_the_answer_and_never_after) {
  Client client({counting()});
  client.initialize("2025-11-25");
  for (const Json& token : {Json("t"), Json(0), Json(-3)}) {
    client.call(1, "count", Json::object(), {{"progressToken", token}});
    const auto all = until_answer(client);
    ASSERT_EQ(all.size(), 4U);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(all[i]["method"], "notifications/progress");
      EXPECT_EQ(all[i]["params"], Json({{"progressToken", token},
                                        {"progress", 50 * i},
                                        {"total", 100},
                                        {"message", "step"}}));
    }
    EXPECT_EQ(all[3]["result"]["content"][0]["text"], "done");
    EXPECT_THAT(client.until_ping(), IsEmpty());
  }
}

TEST(Progress, is_not_told_without_a_token_that_is_one) {
  Client client({counting()});
  for (const Json& token : {Json(), Json(1.5), Json(true), Json::object()}) {
    client.call(1, "count", Json::object(), {{"progressToken", token}});
    EXPECT_EQ(until_answer(client).size(), 1U) << token;
  }
  client.call(1, "count");
  EXPECT_EQ(until_answer(client).size(), 1U);
}

TEST(Progress, has_no_message_in_the_first_revision) {
  Client client({counting()});
  client.initialize("2024-11-05");
  client.call(1, "count", Json::object(), {{"progressToken", 1}});
  EXPECT_EQ(client.receive()["params"],
            Json({{"progressToken", 1}, {"progress", 0}, {"total", 100}}));
}

TEST(Progress, of_a_call_that_lasts_is_told_whatever_the_tool_says) {
  Door door;
  Client client({door.tool(), tool("talk", [&door](const ToolCall& call) {
                   call.report({.message = "first"});
                   call.report({.message = "second"});
                   return door.tool().call(call);
                 })});
  client.call(1, "door", Json::object(), {{"progressToken", "quiet"}});
  client.call(2, "talk", Json::object(), {{"progressToken", "talk"}});
  std::map<std::string, Json> told;
  for (int i = 0; i < 2; ++i) {
    const Json params = client.receive()["params"];
    told[params["progressToken"].get<std::string>()] = params;
  }
  EXPECT_EQ(told["quiet"], Json({{"progressToken", "quiet"}, {"progress", 1}}));
  EXPECT_EQ(told["talk"],
            Json({{"progressToken", "talk"}, {"progress", 1}, {"message", "second"}}));
  door.open();
}

TEST(Progress, of_a_call_that_is_over_is_told_no_more) {
  Door door;
  Client client({echo(), door.tool()});
  client.call(1, "echo", Json::object(), {{"progressToken", "over"}});
  EXPECT_EQ(client.receive()["id"], 1);
  // It would be told of the former first.
  client.call(2, "door", Json::object(), {{"progressToken", "later"}});
  EXPECT_EQ(client.receive()["params"]["progressToken"], "later");
  door.open();
}

TEST(Progress, of_a_call_that_waits_for_its_turn_is_told_too) {
  Door door;
  Client client({door.tool()});
  for (int id = 0; id < 64; ++id) client.call(id, "door");
  client.call(64, "door", Json::object(), {{"progressToken", "waiting"}});
  EXPECT_EQ(client.receive()["params"]["progressToken"], "waiting");
  door.open();
}

TEST(Progress, of_a_cancelled_call_ends_with_it) {
  Door door;
  std::promise<void> go_on;
  Client client({tool("deaf", [&](const ToolCall& call) {
    const auto result = door.tool("deaf", true).call(call);
    call.report({50, 100, "still"});
    go_on.set_value();
    return result;
  })});
  client.call(1, "deaf", Json::object(), {{"progressToken", "t"}});
  ASSERT_TRUE(door.wait_begun(1));
  client.cancel(1);
  EXPECT_THAT(client.until_ping(), IsEmpty());
  door.open();
  go_on.get_future().wait();
  EXPECT_THAT(client.until_ping(), IsEmpty());
}

TEST(Progress, of_parallel_calls_grows_for_each_and_ends_before_its_answer) {
  Client client({tool("work", [](const ToolCall& call) {
    for (int i = 0; i < 50; ++i) {
      call.report({static_cast<double>(i), std::nullopt, "at it"});
      call.report({.message = "words"});
    }
    return said("done");
  })});
  for (int id = 0; id < 40; ++id) client.call(id, "work", Json::object(), {{"progressToken", id}});
  std::map<int, double> last;
  std::map<int, int> count;
  int answers = 0;
  while (answers < 40) {
    const Json message = client.receive();
    if (message.contains("id")) {
      // One that takes a second on a slow machine is told of once more.
      EXPECT_GE(count[message["id"].get<int>()], 50);
      last[message["id"].get<int>()] = 1e9;
      ++answers;
      continue;
    }
    const int token = message["params"]["progressToken"].get<int>();
    const auto progress = message["params"]["progress"].get<double>();
    if (last.contains(token)) {
      EXPECT_GT(progress, last[token]);
    }
    last[token] = progress;
    ++count[token];
  }
  EXPECT_THAT(client.until_ping(), IsEmpty());
}

}  // namespace
}  // namespace pyro::mcp
