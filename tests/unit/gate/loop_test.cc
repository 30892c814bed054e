#include "services/net/gate/loop.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <optional>

namespace pyro::gate {
namespace {

UniqueFd ready_event() { return UniqueFd(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)); }

TEST(GateLoop, timers_run_in_order_and_one_that_ended_does_not) {
  Loop loop;
  std::string order;
  const auto now = Clock::now();
  const Loop::Timer second(loop, now + std::chrono::milliseconds(2), [&] {
    order += 'b';
    loop.stop();
  });
  const Loop::Timer first(loop, now + std::chrono::milliseconds(1), [&] { order += 'a'; });
  {
    const Loop::Timer ended(loop, now, [&] { order += 'x'; });
  }
  Loop::Timer moved;
  {
    Loop::Timer here(loop, now, [&] { order += 'm'; });
    moved = std::move(here);
  }
  loop.run();
  EXPECT_EQ(order, "mab");
}

TEST(GateLoop, a_watch_that_an_earlier_event_ended_is_not_called) {
  Loop loop;
  const UniqueFd one = ready_event();
  const UniqueFd two = ready_event();
  int called = 0;
  std::optional<Loop::Watch> first;
  std::optional<Loop::Watch> second;
  const auto on = [&](std::uint32_t) {
    ++called;
    first.reset();
    second.reset();
    loop.stop();
  };
  first.emplace(loop, one.get(), EPOLLIN, on);
  second.emplace(loop, two.get(), EPOLLIN, on);
  loop.run();
  EXPECT_EQ(called, 1);
}

TEST(GateLoop, what_handles_an_event_may_bury_itself) {
  struct Owner {
    UniqueFd fd = ready_event();
    Loop::Watch watch;
    std::string text = "still here";
  };
  Loop loop;
  auto owner = std::make_unique<Owner>();
  Owner& self = *owner;
  std::string seen;
  self.watch = Loop::Watch(loop, self.fd.get(), EPOLLIN, [&](std::uint32_t) {
    loop.bury(std::move(owner));
    seen = self.text;
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(seen, "still here");
}

TEST(GateLoop, relays_read_little_once_they_hold_much_together) {
  Loop loop;
  EXPECT_EQ(loop.most_read_bytes(), loop.buffer().size());
  loop.held_bytes = 17U << 20U;
  // With 1024 connections, each of which holds what it read, the gate stays small.
  EXPECT_LE(loop.most_read_bytes() * 2 * 1024, 16U << 20U);
}

TEST(GateLoop, a_watch_that_wants_nothing_is_not_called) {
  Loop loop;
  const UniqueFd one = ready_event();
  int called = 0;
  Loop::Watch watch(loop, one.get(), EPOLLIN, [&](std::uint32_t) {
    ++called;
    watch.want(0);
  });
  const Loop::Timer end(loop, Clock::now() + std::chrono::milliseconds(20), [&] {
    if (called == 1) {
      watch.want(EPOLLIN);
    }
  });
  const Loop::Timer stop(loop, Clock::now() + std::chrono::milliseconds(40), [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(called, 2);
}

}  // namespace
}  // namespace pyro::gate
