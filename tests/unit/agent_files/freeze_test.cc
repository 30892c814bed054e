#include "guest/agent/files/freeze.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>

#include "tests/support/errors.h"

namespace pyro::agent::files {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using namespace std::chrono_literals;

/// A file system that only notes what was done to it.
class FreezeTest : public ::testing::Test {
 protected:
  FreezeActions actions() {
    return {.prepare = [this] { note("prepare"); },
            .freeze = [this] { note("freeze"); },
            .thaw =
                [this] {
                  note("thaw");
                  thawed_.set_value();
                  return true;
                }};
  }
  void note(const char* what) {
    const std::lock_guard lock(mutex_);
    notes_.emplace_back(what);
  }
  std::vector<std::string> notes() {
    const std::lock_guard lock(mutex_);
    return notes_;
  }

  std::mutex mutex_;
  std::vector<std::string> notes_;
  std::promise<void> thawed_;
  WriteGate gate_;
};

TEST_F(FreezeTest, it_is_thawed_once_by_whoever_comes_first) {
  Freeze freeze(gate_, actions(), 1h);
  EXPECT_FALSE(freeze.ended());
  EXPECT_TRUE(freeze.end());
  EXPECT_TRUE(freeze.ended());
  EXPECT_FALSE(freeze.end());
  EXPECT_THAT(notes(), ElementsAre("prepare", "freeze", "thaw"));
}

TEST_F(FreezeTest, it_is_thawed_when_its_holder_goes) {
  { const Freeze freeze(gate_, actions(), 1h); }
  EXPECT_THAT(notes(), ElementsAre("prepare", "freeze", "thaw"));
  const WriteGate::Pass pass(gate_);
}

TEST_F(FreezeTest, it_is_thawed_at_the_limit_whatever_the_holder_does) {
  Freeze freeze(gate_, actions(), 20ms);
  EXPECT_EQ(thawed_.get_future().wait_for(10s), std::future_status::ready);
  const WriteGate::Pass pass(gate_);
  EXPECT_FALSE(freeze.end()) << "what the host copied was not of one moment";
}

TEST_F(FreezeTest, a_limit_that_passes_while_it_is_being_frozen_thaws_it_then) {
  FreezeActions slow = actions();
  std::promise<void> passed;
  slow.freeze = [this, &passed] {
    passed.get_future().wait_for(50ms);
    note("freeze");
  };
  Freeze freeze(gate_, slow, 10ms);
  EXPECT_EQ(thawed_.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_FALSE(freeze.end());
  EXPECT_THAT(notes(), ElementsAre("prepare", "freeze", "thaw"));
}

TEST_F(FreezeTest, it_waits_for_writers_under_way_and_writers_wait_for_it) {
  auto writing = std::make_unique<WriteGate::Pass>(gate_);
  auto freezing = std::async(std::launch::async,
                             [&] { return std::make_unique<Freeze>(gate_, actions(), 1h); });
  EXPECT_EQ(freezing.wait_for(20ms), std::future_status::timeout);
  EXPECT_THAT(notes(), ElementsAre());
  writing.reset();
  const auto freeze = freezing.get();
  EXPECT_THAT(notes(), ElementsAre("prepare", "freeze"));

  auto writer = std::async(std::launch::async, [&] {
    const WriteGate::Pass pass(gate_);
    note("write");
  });
  EXPECT_EQ(writer.wait_for(20ms), std::future_status::timeout);
  EXPECT_TRUE(freeze->end());
  writer.get();
  EXPECT_THAT(notes(), ElementsAre("prepare", "freeze", "thaw", "write"));
}

TEST_F(FreezeTest, a_second_one_is_refused_and_does_not_thaw_the_first) {
  Freeze freeze(gate_, actions(), 1h);
  EXPECT_THAT(error_of([&] { Freeze(gate_, actions(), 1h); }),
              Refused(ErrorCode::kFailedPrecondition, "the workspace is frozen already"));
  EXPECT_FALSE(freeze.ended());
  EXPECT_THAT(notes(), ElementsAre("prepare", "freeze"));
}

TEST_F(FreezeTest, writers_without_end_are_not_waited_for_without_end) {
  const WriteGate::Pass stuck(gate_);
  EXPECT_THAT(error_of([&] { Freeze(gate_, actions(), 10ms); }),
              Refused(ErrorCode::kDeadlineExceeded));
  const WriteGate::Pass another(gate_);
}

TEST_F(FreezeTest, what_cannot_be_frozen_leaves_the_gate_open) {
  FreezeActions failing = actions();
  failing.freeze = [] { throw failed_precondition("no"); };
  EXPECT_THAT(error_of([&] { Freeze(gate_, failing, 1h); }),
              Refused(ErrorCode::kFailedPrecondition, "no"));
  const WriteGate::Pass pass(gate_);
  EXPECT_THAT(notes(), ElementsAre("prepare"));
}

}  // namespace
}  // namespace pyro::agent::files
