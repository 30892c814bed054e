#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/unit/mcp_protocol/client.h"

namespace pyro::mcp {
namespace {

std::size_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

/// Serving ends while a call runs, which ends by itself and is not answered.
void expect_end(Door& door, Client& client, const std::function<void()>& end) {
  client.call(1, "deaf");
  ASSERT_TRUE(door.wait_begun(1));
  end();
  EXPECT_TRUE(client.ended());
  door.open();
  client.destroy_server();
}

TEST(End, of_the_input_waits_for_no_call) {
  Door door;
  Client client({door.tool("deaf", true)});
  expect_end(door, client, [&client] { client.close_input(); });
  EXPECT_THROW(client.receive(), std::runtime_error);
}

TEST(End, by_a_stop_waits_for_no_call) {
  Door door;
  Client client({door.tool("deaf", true)});
  expect_end(door, client, [&client] { client.stop(); });
  EXPECT_THROW(client.receive(), std::runtime_error);
}

TEST(End, of_the_reader_is_noticed_without_a_write) {
  Door door;
  Client client({door.tool("deaf", true)});
  expect_end(door, client, [&client] { client.close_output(); });
}

TEST(End, does_not_stop_the_calls_that_run) {
  std::atomic<bool> stopped = false;
  Door door;
  Client client({tool("watch", [&](const ToolCall& call) {
    const auto result = door.tool("deaf", true).call(call);
    stopped = call.stop.stop_requested();
    return result;
  })});
  client.call(1, "watch");
  ASSERT_TRUE(door.wait_begun(1));
  client.close_input();
  EXPECT_TRUE(client.ended());
  door.open();
  client.destroy_server();
  EXPECT_FALSE(stopped);
}

TEST(End, drops_the_calls_that_were_not_begun) {
  Door door;
  Client client({door.tool("deaf", true)});
  for (int id = 0; id < 100; ++id) client.call(id, "deaf");
  ASSERT_TRUE(door.wait_begun(64));
  client.close_input();
  EXPECT_TRUE(client.ended());
  door.open();
  client.destroy_server();
  EXPECT_EQ(door.begun(), 64);
}

TEST(End, by_a_stop_comes_though_an_answer_waits_for_its_reader) {
  Tool wordy = echo();
  wordy.description = std::string(1U << 20U, 'x');
  Client client({wordy});
  client.ask(1, "tools/list");
  // It is on its way, from the thread that serves, and cannot come to its end.
  ASSERT_TRUE(client.wait_readable());
  client.stop();
  EXPECT_TRUE(client.ended());
}

TEST(End, of_the_input_comes_though_answers_of_calls_wait_for_their_reader) {
  Door door;
  Client client({tool("big", [&door](const ToolCall& call) {
    door.tool().call(call);
    return said(std::string(1U << 20U, 'x'));
  })});
  for (int id = 0; id < 8; ++id) client.call(id, "big");
  ASSERT_TRUE(door.wait_begun(8));
  door.open();
  // The first is on its way and cannot come to its end.
  ASSERT_TRUE(client.wait_readable());
  client.close_input();
  EXPECT_TRUE(client.ended());
  client.destroy_server();
}

TEST(End, a_reader_that_leaves_amid_an_answer_kills_nobody) {
  // By its default action: gtest's process would be gone.
  ASSERT_EQ(::signal(SIGPIPE, SIG_DFL), SIG_DFL);
  Client client({echo()});
  client.call(1, "echo", {{"big", std::string(4U << 20U, 'x')}});
  client.close_output();
  EXPECT_TRUE(client.ended());
}

TEST(End, an_unfinished_line_is_no_message) {
  Client client({echo()});
  write_all(client.input(), R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
  client.close_input();
  EXPECT_TRUE(client.ended());
  EXPECT_THROW(client.receive(), std::runtime_error);
}

TEST(End, one_socket_may_be_input_and_output) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd ours(ends[0]), theirs(ends[1]);
  const std::string big(8U << 20U, 'x');
  Server server({"test", "Test", "1", ""},
                {tool("big", [&big](const ToolCall&) { return said(big); })});
  auto served = std::async(std::launch::async, [&] { server.serve(theirs.get(), theirs.get()); });
  write_all(
      ours.get(),
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"big\"}}\n");
  std::string answer;
  while (answer.find('\n') == std::string::npos) {
    std::array<char, 65536> buffer{};
    const ssize_t count = ::read(ours.get(), buffer.data(), buffer.size());
    ASSERT_GT(count, 0);
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  EXPECT_EQ(Json::parse(answer)["result"]["content"][0]["text"], big);
  ASSERT_EQ(::shutdown(ours.get(), SHUT_WR), 0);
  served.get();
}

TEST(End, a_server_that_was_asked_nothing_has_no_threads) {
  std::thread([] {}).join();  // a sanitizer starts one of its own with the first
  const std::size_t before = threads();
  Client client({echo()});
  client.initialize("2025-11-25");
  client.request(1, "tools/list");
  // One is the test's own; those of tests before this one may still be ending.
  EXPECT_LE(threads(), before + 1);
}

}  // namespace
}  // namespace pyro::mcp
