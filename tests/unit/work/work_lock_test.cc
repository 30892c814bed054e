#include "common/work/work_lock.h"

#include <thread>

#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;

class WorkLockTest : public ::testing::Test {
 protected:
  /// Work that calls `on_wait` once it has to wait.
  static Work work(std::function<void()> on_wait = {}, Deadline deadline = later(),
                   std::stop_token stop = {}) {
    return {.deadline = deadline,
            .stop = std::move(stop),
            .progress = [on_wait = std::move(on_wait)](const api::Progress& step) {
              EXPECT_EQ(step.message, "waiting for another pull");
              if (on_wait) on_wait();
            }};
  }
  static Deadline later() { return Clock::now() + std::chrono::seconds(30); }

  pyro::testing::TestDirectory directory_;
  std::filesystem::path path_ = directory_ / "lock";
};

TEST_F(WorkLockTest, is_not_given_twice_not_even_in_one_process) {
  {
    const auto held = WorkLock::attempt(path_);
    ASSERT_TRUE(held);
    EXPECT_FALSE(WorkLock::attempt(path_));
    EXPECT_TRUE(WorkLock::attempt(directory_ / "another"));
  }
  EXPECT_TRUE(WorkLock::attempt(path_)) << "its holder let it go";
}

TEST_F(WorkLockTest, stays_with_whom_it_was_moved_to) {
  auto held = WorkLock::attempt(path_);
  ASSERT_TRUE(held);
  std::optional<WorkLock> owner(std::move(*held));
  held.reset();
  EXPECT_FALSE(WorkLock::attempt(path_));
  owner.reset();
  EXPECT_TRUE(WorkLock::attempt(path_));
}

TEST_F(WorkLockTest, that_cannot_be_made_is_an_error_and_not_somebody_elses) {
  EXPECT_THAT(error_of([&] { WorkLock::attempt(directory_ / "missing" / "lock"); }),
              Refused(ErrorCode::kNotFound));
}

TEST_F(WorkLockTest, is_acquired_without_a_word_when_nobody_has_it) {
  const WorkLock lock =
      WorkLock::acquire(path_, "another pull", work([] { FAIL() << "did not have to wait"; }));
  EXPECT_FALSE(WorkLock::attempt(path_));
}

TEST_F(WorkLockTest, is_acquired_once_its_holder_lets_it_go) {
  auto held = WorkLock::attempt(path_);
  const WorkLock lock = WorkLock::acquire(path_, "another pull", work([&held] { held.reset(); }));
  EXPECT_FALSE(WorkLock::attempt(path_));
}

TEST_F(WorkLockTest, is_waited_for_until_the_deadline_or_a_stop) {
  const auto held = WorkLock::attempt(path_);
  EXPECT_THAT(error_of([&] { WorkLock::acquire(path_, "another pull", work({}, Clock::now())); }),
              Refused(ErrorCode::kDeadlineExceeded, "another pull did not finish in time"));
  std::stop_source stop;
  const Work stopped = work([&stop] { stop.request_stop(); }, later(), stop.get_token());
  EXPECT_THAT(error_of([&] { WorkLock::acquire(path_, "another pull", stopped); }),
              Refused(ErrorCode::kCancelled));
}

}  // namespace
}  // namespace pyro
