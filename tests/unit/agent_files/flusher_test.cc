#include "guest/agent/files/flusher.h"

#include <gtest/gtest.h>

#include <asio/executor_work_guard.hpp>
#include <semaphore>

namespace pyro::agent::files {
namespace {

class FlusherTest : public ::testing::Test {
 protected:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> alive_{io_.get_executor()};
  std::counting_semaphore<> begun_{0};
  std::counting_semaphore<> go_{0};
  Flusher flusher_{io_, [this] {
                     begun_.release();
                     go_.acquire();
                   }};
};

TEST_F(FlusherTest, tells_its_caller_on_the_loop_after_the_flush) {
  bool done = false;
  flusher_.flush([&done] { done = true; });
  begun_.acquire();
  EXPECT_EQ(io_.poll(), 0U) << "while it flushes the loop has nothing to do and does not wait";
  go_.release();
  io_.run_one();
  EXPECT_TRUE(done);
}

TEST_F(FlusherTest, those_who_come_during_a_flush_share_one_that_begins_later) {
  int done = 0;
  flusher_.flush([&done] { ++done; });
  begun_.acquire();
  flusher_.flush([&done] { ++done; });
  flusher_.flush([&done] { ++done; });
  go_.release();
  io_.run_one();
  EXPECT_EQ(done, 1);
  begun_.acquire();
  go_.release();
  io_.run_one();
  io_.run_one();
  EXPECT_EQ(done, 3);
  EXPECT_FALSE(begun_.try_acquire()) << "a third flush for nobody";
}

}  // namespace
}  // namespace pyro::agent::files
