#include <gmock/gmock.h>

#include <set>

#include "tests/unit/mcp_protocol/client.h"

namespace pyro::mcp {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Parallel, two_hundred_calls_are_all_answered) {
  Door door;
  Client client({door.tool(), echo()});
  for (int id = 0; id < 200; ++id) client.call(id, id % 2 == 0 ? "door" : "echo");
  // As many as there are threads: the others wait, and what needs no thread does not.
  ASSERT_TRUE(door.wait_begun(64));
  std::set<int> answered;
  for (const Json& answer : client.until_ping()) answered.insert(answer["id"].get<int>());
  EXPECT_EQ(client.request("list", "tools/list")["result"]["tools"].size(), 2U);
  EXPECT_EQ(door.begun(), 64);
  door.open();
  while (answered.size() < 200) {
    ASSERT_TRUE(answered.insert(client.receive()["id"].get<int>()).second);
  }
  EXPECT_THAT(client.until_ping(), IsEmpty());
}

TEST(Parallel, a_call_that_is_cancelled_before_its_turn_is_never_begun) {
  Door door;
  Client client({door.tool()});
  for (int id = 0; id < 100; ++id) client.call(id, "door");
  ASSERT_TRUE(door.wait_begun(64));
  for (int id = 64; id < 100; ++id) client.cancel(id);
  EXPECT_THAT(client.until_ping(), IsEmpty());
  door.open();
  std::set<int> answered;
  while (answered.size() < 64) answered.insert(client.receive()["id"].get<int>());
  EXPECT_EQ(*answered.rbegin(), 63);
  client.close_input();
  EXPECT_TRUE(client.ended());
  client.destroy_server();
  EXPECT_EQ(door.begun(), 64);
}

TEST(Parallel, a_storm_of_cancellations_leaves_each_call_one_answer_at_most) {
  Client client({echo()});
  std::set<int> answered;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 50; ++i) {
      client.call(round * 50 + i, "echo");
      if (i % 2 == 0) client.cancel(round * 50 + i);
      if (i % 4 == 0) client.cancel(round * 50 + i);
    }
    for (const Json& answer : client.until_ping()) {
      ASSERT_TRUE(answered.insert(answer["id"].get<int>()).second);
    }
  }
  // Those that nobody cancelled have one.
  const auto missing = [&answered] {
    for (int id = 0; id < 1000; ++id) {
      if (id % 50 % 2 == 1 && !answered.contains(id)) return true;
    }
    return false;
  };
  while (missing()) ASSERT_TRUE(answered.insert(client.receive()["id"].get<int>()).second);
}

TEST(Parallel, calls_beyond_the_queue_hear_that_they_are_too_many) {
  Door door;
  Client client({door.tool()});
  for (int id = 0; id < 64; ++id) client.call(id, "door");
  ASSERT_TRUE(door.wait_begun(64));
  for (int id = 64; id < 1200; ++id) client.call(id, "door");
  const auto refused = client.until_ping();
  ASSERT_EQ(refused.size(), 1200U - 64 - 1024);
  EXPECT_EQ(refused.front()["result"]["isError"], true);
  EXPECT_THAT(refused.front()["result"]["content"][0]["text"].get<std::string>(),
              HasSubstr("try again"));
  door.open();
  for (int i = 0; i < 64 + 1024; ++i) EXPECT_FALSE(client.receive()["result"].contains("isError"));
}

TEST(Parallel, cancelled_calls_make_room_in_the_queue) {
  Door door;
  Client client({door.tool()});
  for (int id = 0; id < 64; ++id) client.call(id, "door");
  ASSERT_TRUE(door.wait_begun(64));
  for (int id = 64; id < 64 + 1024; ++id) client.call(id, "door");
  for (int id = 64; id < 64 + 1024; ++id) client.cancel(id);
  for (int id = 2000; id < 2000 + 1024; ++id) client.call(id, "door");
  EXPECT_THAT(client.until_ping(), IsEmpty());
  door.open();
  for (int i = 0; i < 64 + 1024; ++i) EXPECT_FALSE(client.receive()["result"].contains("isError"));
}

}  // namespace
}  // namespace pyro::mcp
