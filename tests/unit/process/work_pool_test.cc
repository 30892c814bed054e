#include "common/process/work_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace pyro {
namespace {

TEST(WorkPool, tasks_run_at_the_same_time) {
  std::latch all(3);
  WorkPool pool(3);
  // Each waits for the two others.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool.submit([&all] { all.arrive_and_wait(); }));
  all.wait();
}

TEST(WorkPool, a_full_queue_refuses_and_takes_again_later) {
  std::latch release(1);
  std::atomic<int> ran = 0;
  {
    WorkPool pool(1);
    std::latch begun(1);
    pool.submit([&] {
      begun.count_down();
      release.wait();
    });
    begun.wait();
    int accepted = 0;
    while (accepted < 100000 && pool.submit([&ran] { ++ran; })) ++accepted;
    EXPECT_LT(accepted, 100000);
    EXPECT_FALSE(pool.submit([] {}));
    release.count_down();
    std::latch last(1);
    while (!pool.submit([&last] { last.count_down(); })) std::this_thread::yield();
    last.wait();
    EXPECT_EQ(ran, accepted);
  }
}

TEST(WorkPool, a_task_that_is_dropped_before_its_turn_frees_its_place_and_what_it_holds) {
  std::latch begun(1), release(1);
  const auto held = std::make_shared<int>();
  {
    WorkPool pool(1);
    const auto running = pool.submit([&] {
      begun.count_down();
      release.wait();
    });
    begun.wait();
    std::vector<WorkPool::Ticket> tickets;
    while (const auto ticket = pool.submit([held] { ADD_FAILURE() << "begun"; })) {
      tickets.push_back(*ticket);
    }
    for (const auto ticket : tickets) pool.drop(ticket);
    EXPECT_EQ(held.use_count(), 1);
    pool.drop(running.value());  // has begun
    std::latch last(1);
    EXPECT_TRUE(pool.submit([&last] { last.count_down(); }));
    pool.drop(tickets.front());  // is none any more
    release.count_down();
    last.wait();
  }
}

TEST(WorkPool, its_end_waits_for_what_runs) {
  std::atomic<bool> finished = false;
  std::latch begun(1);
  {
    WorkPool pool(1);
    pool.submit([&] {
      begun.count_down();
      std::this_thread::yield();
      finished = true;
    });
    begun.wait();
    for (int i = 0; i < 3; ++i) pool.submit([] {});
  }
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace pyro
