#include <gmock/gmock.h>

#include "gateway/mcp/protocol/session.h"
#include "tests/unit/mcp_protocol/client.h"

namespace pyro::mcp {
namespace {

using ::testing::HasSubstr;

/// A session whose server's other calls hold all but `kLeft` of what calls may hold.
class HeldBytes : public ::testing::Test {
 protected:
  static constexpr std::size_t kLeft = 200'000;
  static constexpr std::size_t kOthers = kMaxHeldBytes - kLeft;

  void call(int id, const std::string& tool, std::size_t bytes, Json meta = Json::object()) {
    session_.take(Line{to_line({{"jsonrpc", "2.0"},
                                {"id", id},
                                {"method", "tools/call"},
                                {"params",
                                 {{"name", tool},
                                  {"arguments", {{"text", std::string(bytes, 'x')}}},
                                  {"_meta", std::move(meta)}}}})});
  }
  void cancel(int id) {
    session_.take(Line{to_line({{"jsonrpc", "2.0"},
                                {"method", "notifications/cancelled"},
                                {"params", {{"requestId", id}}}})});
  }
  Json answer() {
    std::string line;
    char byte = 0;
    while (::read(ends_.first.get(), &byte, 1) == 1 && byte != '\n') line += byte;
    return Json::parse(line);
  }
  void expect_refused(int id) {
    const Json refused = answer();
    EXPECT_EQ(refused["id"], id);
    EXPECT_EQ(refused["result"]["isError"], true);
    EXPECT_THAT(refused["result"]["content"][0]["text"].get<std::string>(),
                HasSubstr("too much memory: try again"));
  }

  Door door_;
  const std::pair<UniqueFd, UniqueFd> ends_ = make_pipe();
  Offer offer_{.info = {"test", "Test", "1", ""},
               .tools = {echo(), door_.tool(), door_.tool("deaf", true)},
               .held_bytes = kOthers};
  Session session_{offer_, std::make_shared<Output>(ends_.second.get(), -1)};
};

TEST_F(HeldBytes, a_call_that_would_hold_too_much_is_refused_and_a_small_one_is_not) {
  call(1, "echo", kLeft);
  expect_refused(1);
  call(2, "echo", 10);
  EXPECT_FALSE(answer()["result"].contains("isError"));
}

TEST_F(HeldBytes, of_a_call_are_given_back_before_its_answer) {
  door_.open();
  for (int id = 0; id < 50; ++id) {
    call(id, "door", kLeft / 2);
    EXPECT_FALSE(answer()["result"].contains("isError"));
    EXPECT_EQ(offer_.held_bytes, kOthers);
  }
}

TEST_F(HeldBytes, of_a_call_that_never_began_are_given_back_by_its_cancellation) {
  for (int id = 0; id < 64; ++id) call(id, "deaf", 0);
  ASSERT_TRUE(door_.wait_begun(64));
  const std::size_t before = offer_.held_bytes;
  call(64, "echo", kLeft / 2);
  call(65, "echo", kLeft / 2);
  expect_refused(65);
  cancel(64);
  EXPECT_EQ(offer_.held_bytes, before);
  door_.open();
}

TEST_F(HeldBytes, of_a_call_that_runs_stay_until_it_is_over_though_it_is_cancelled) {
  call(1, "deaf", kLeft / 2);
  ASSERT_TRUE(door_.wait_begun(1));
  cancel(1);
  call(2, "echo", kLeft / 2);
  expect_refused(2);
  door_.open();
}

TEST_F(HeldBytes, are_those_of_the_clients_capabilities_and_tokens_as_well) {
  Json meta = modern();
  meta["io.modelcontextprotocol/clientCapabilities"] = {{"x", std::string(kLeft, 'x')}};
  call(1, "echo", 0, meta);
  expect_refused(1);
  call(2, "echo", 0, {{"progressToken", std::string(kLeft, 'x')}});
  expect_refused(2);
}

}  // namespace
}  // namespace pyro::mcp
