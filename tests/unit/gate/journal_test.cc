#include "services/net/gate/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/temporary.h"

namespace pyro::gate {
namespace {

using pyro::testing::TestDirectory;
using ::testing::SizeIs;

class JournalTest : public ::testing::Test {
 protected:
  void denied(const std::string& name, std::uint16_t port) {
    journal_.denied({.protocol = network::Protocol::kDns, .name = name, .guest_port = port},
                    "name_not_allowed");
  }
  std::vector<network::LogLine> lines() {
    journal_.flush();
    return network::read_connection_log(directory_.path());
  }

  TestDirectory directory_;
  Loop loop_;
  Journal journal_{loop_, directory_.path()};
};

TEST_F(JournalTest, refusals_of_one_port_share_a_line) {
  for (int i = 0; i < 5; ++i) denied("a.test", 40000);
  const auto found = lines();
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].count + found[1].count, 5U);
}

TEST_F(JournalTest, commands_that_are_denied_the_same_at_once_are_told_apart) {
  denied("a.test", 40000);
  denied("a.test", 40001);
  const auto found = lines();
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].guest_port, 40000);
  EXPECT_EQ(found[1].guest_port, 40001);
}

TEST_F(JournalTest, refusals_from_many_ports_do_not_fill_the_log) {
  for (int i = 0; i < 1000; ++i) denied("a.test", static_cast<std::uint16_t>(40000 + i));
  const auto found = lines();
  ASSERT_THAT(found, SizeIs(::testing::Le(10U)));
  std::uint64_t count = 0;
  for (const auto& line : found) count += line.count;
  EXPECT_EQ(count, 1000U);
}

TEST_F(JournalTest, refusals_of_many_names_do_not_fill_the_log) {
  for (int i = 0; i < 1000; ++i) denied(std::to_string(i) + ".test", 40000);
  EXPECT_THAT(lines(), SizeIs(::testing::Le(130U)));
}

}  // namespace
}  // namespace pyro::gate
