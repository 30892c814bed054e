#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <latch>
#include <set>

#include "tests/service/bus/harness.h"

namespace pyro::bus::testing {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;

class Concurrency : public BusTest {};

TEST_F(Concurrency, calls_are_handled_at_the_same_time) {
  std::latch all(4);
  ServerThread server(socket_);
  server->add<Ask>([&all](const Ask& ask, Call&) {
    all.arrive_and_wait();
    return Answer{ask.text};
  });
  server.start();
  std::vector<std::future<Answer>> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(std::async(std::launch::async, [this, i] { return ask(std::to_string(i)); }));
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(calls[static_cast<std::size_t>(i)].get().text, std::to_string(i));
  }
}

TEST_F(Concurrency, quiesce_is_answered_by_every_service_and_by_the_one_that_holds_things_itself) {
  ServerThread server(socket_);
  std::atomic<int> asked = 0;
  server.start();
  client_.call(api::Quiesce{}, patient());
  server.stop();
  ServerThread holder(dir_ / "holder.sock");
  holder->add<api::Quiesce>([&asked](const api::Quiesce&, Call&) {
    ++asked;
    return api::Nothing{};
  });
  holder.start();
  Client(context_, "test", dir_ / "holder.sock").call(api::Quiesce{}, patient());
  EXPECT_EQ(asked, 1);
}

TEST_F(Concurrency, ping_is_answered_while_every_thread_is_busy) {
  std::latch release(1), begun(2);
  ServerThread server(socket_, /*max_threads=*/2);
  server->set_holds([] { return 7U; });
  server->set_standby([] { return 3U; });
  server->add<Ask>([&](const Ask&, Call&) {
    begun.count_down();
    release.wait();
    return Answer{};
  });
  server.start();
  auto one = std::async(std::launch::async, [this] { return ask(""); });
  auto two = std::async(std::launch::async, [this] { return ask(""); });
  begun.wait();
  const api::Pong pong = client_.call(api::Ping{});
  EXPECT_EQ(pong.service, "test");
  EXPECT_EQ(pong.open_calls, 2U);
  EXPECT_EQ(pong.holds, 7U);
  EXPECT_EQ(pong.standby, 3U);
  release.count_down();
  one.get();
  two.get();
}

std::ptrdiff_t entries(const char* directory) {
  return std::distance(std::filesystem::directory_iterator(directory),
                       std::filesystem::directory_iterator());
}

TEST_F(Concurrency, thousands_of_calls_leave_no_descriptor_and_no_thread_behind) {
  constexpr int kThreads = 4;
  ServerThread server(socket_, kThreads);
  server->add<Ask>([](const Ask& ask, Call&) { return Answer{ask.text}; });
  server.start();
  const auto burst = [this](int calls) {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < kThreads; ++caller) {
      callers.emplace_back([this, calls] {
        for (int i = 0; i < calls; ++i) EXPECT_EQ(ask(std::to_string(i)).text, std::to_string(i));
      });
    }
  };
  burst(100);
  const auto descriptors = entries("/proc/self/fd");
  const auto threads = entries("/proc/self/task");
  burst(1000);
  // A pool that shrank or grew by its own rules is no leak; what matters does not scale with calls.
  EXPECT_LE(entries("/proc/self/fd"), descriptors + kThreads * 4L);
  // A joined thread may still be listed for a moment.
  const Deadline deadline = soon();
  while (entries("/proc/self/task") > threads + kThreads && Clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_LE(entries("/proc/self/task"), threads + kThreads);
}

TEST_F(Concurrency, many_callers_at_once_are_all_answered) {
  ServerThread server(socket_, /*max_threads=*/4);
  server->add<Ask>([](const Ask& ask, Call&) { return Answer{ask.text}; });
  server.start();
  const auto descriptors = entries("/proc/self/fd");
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 64; ++i) {
      callers.emplace_back(
          [this, &good, i] { good += ask(std::to_string(i)).text == std::to_string(i); });
    }
  }
  EXPECT_EQ(good, 64);
  // The service notices by itself that callers have gone.
  while (entries("/proc/self/fd") > descriptors + 40) std::this_thread::yield();
}

}  // namespace
}  // namespace pyro::bus::testing
