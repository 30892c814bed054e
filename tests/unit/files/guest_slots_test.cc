#include "services/files/guest_slots.h"

#include <future>
#include <vector>

#include "tests/support/errors.h"

namespace pyro::files {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;

Work patient() { return {.deadline = Clock::now() + std::chrono::minutes(1)}; }

std::vector<GuestSlots::Slot> all_of(GuestSlots& slots, const std::string& vm_id) {
  std::vector<GuestSlots::Slot> taken;
  for (int i = 0; i < GuestSlots::kMostPerGuest; ++i) {
    taken.push_back(slots.take(vm_id, patient()));
  }
  return taken;
}

TEST(GuestSlots, who_comes_when_all_are_taken_waits_until_one_is_free) {
  GuestSlots slots;
  auto taken = all_of(slots, "a");
  auto late = std::async(std::launch::async, [&slots] { return slots.take("a", patient()); });
  EXPECT_EQ(late.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  taken.pop_back();
  EXPECT_EQ(late.wait_for(std::chrono::minutes(1)), std::future_status::ready);
}

TEST(GuestSlots, another_guest_is_not_waited_for) {
  GuestSlots slots;
  const auto taken = all_of(slots, "a");
  EXPECT_FALSE(error_of([&slots] { slots.take("b", patient()); }));
}

TEST(GuestSlots, a_waiting_one_ends_with_its_stop_and_with_its_deadline) {
  GuestSlots slots;
  const auto taken = all_of(slots, "a");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(error_of([&] {
                slots.take("a", {.deadline = patient().deadline, .stop = stop.get_token()});
              }),
              Refused(ErrorCode::kCancelled));
  EXPECT_THAT(error_of([&] { slots.take("a", {.deadline = Clock::now()}); }),
              Refused(ErrorCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace pyro::files
