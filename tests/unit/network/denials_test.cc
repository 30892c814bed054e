#include "common/network/denials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/network/connection_log.h"
#include "tests/support/temporary.h"

namespace pyro::network {
namespace {

using pyro::testing::TestDirectory;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DenialsTest : public ::testing::Test {
 protected:
  void denied(const std::string& name, double time, std::uint64_t count = 1) {
    log_.append({.time = time, .name = name, .port = 443, .reason = "not_listed", .count = count});
  }
  std::vector<api::EgressDenied> since(double time) const {
    return denied_since(directory_.path(), time);
  }

  TestDirectory directory_;
  ConnectionLog log_{directory_.path()};
  double now_ = now_epoch_seconds();
};

TEST_F(DenialsTest, of_one_kind_are_counted_together) {
  denied("a.test", now_, 2);
  denied("b.test", now_);
  denied("a.test", now_, 3);
  const auto found = since(now_ - 1);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].name, "a.test");
  EXPECT_EQ(found[0].count, 5U);
  EXPECT_EQ(found[0].port, 443U);
  EXPECT_EQ(found[0].reason, "not_listed");
}

TEST_F(DenialsTest, are_only_those_since_then_and_nothing_that_was_let_through) {
  denied("before.test", now_ - 10);
  log_.append({.time = now_, .verdict = Verdict::kOpened, .name = "allowed.test"});
  EXPECT_THAT(since(now_ - 1), IsEmpty());
  EXPECT_THAT(since(now_ + 100), IsEmpty());
}

TEST_F(DenialsTest, are_those_of_the_lines_that_count) {
  denied("a.test", now_);
  denied("b.test", now_);
  const auto found = denied_since(directory_.path(), now_ - 1,
                                  [](const LogLine& line) { return line.name == "b.test"; });
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].name, "b.test");
}

TEST_F(DenialsTest, are_the_latest_of_very_many) {
  for (int i = 0; i < 50; ++i) denied(std::to_string(i) + ".test", now_);
  const auto found = since(now_ - 1);
  ASSERT_THAT(found, SizeIs(api::kMostDenied));
  EXPECT_EQ(found.back().name, "49.test");
}

TEST(Denials, of_a_machine_without_a_network_are_none) {
  const TestDirectory directory;
  EXPECT_THAT(denied_since(directory.path(), 0), IsEmpty());
}

}  // namespace
}  // namespace pyro::network
