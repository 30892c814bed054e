#include "common/network/connection_owners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pyro::network {
namespace {

using ::testing::Pointee;

constexpr double kNow = 1'800'000'000;

api::agent::JobConnection began(const std::string& job, bool tcp, std::uint32_t port,
                                double seconds) {
  return {.job_id = job,
          .tcp = tcp,
          .guest_port = port,
          .realtime_ns = static_cast<std::uint64_t>((kNow + seconds) * 1e9)};
}

LogLine line(Protocol protocol, std::uint16_t port, double seconds, std::uint64_t ms = 0) {
  return {.time = kNow + seconds, .protocol = protocol, .guest_port = port, .milliseconds = ms};
}

TEST(ConnectionOwners, are_told_by_protocol_and_port) {
  const ConnectionOwners owners({began("a", true, 40000, 0), began("b", false, 40000, 0)});
  EXPECT_THAT(owners.of(line(Protocol::kTcp, 40000, 0.1)), Pointee(std::string("a")));
  EXPECT_THAT(owners.of(line(Protocol::kUdp, 40000, 0.1)), Pointee(std::string("b")));
  EXPECT_EQ(owners.of(line(Protocol::kTcp, 40001, 0.1)), nullptr);
}

TEST(ConnectionOwners, of_a_port_that_is_used_again_are_those_nearest_in_time) {
  const ConnectionOwners owners({began("early", true, 40000, 0), began("late", true, 40000, 30)});
  EXPECT_THAT(owners.of(line(Protocol::kTcp, 40000, 1)), Pointee(std::string("early")));
  EXPECT_THAT(owners.of(line(Protocol::kTcp, 40000, 29)), Pointee(std::string("late")));
}

TEST(ConnectionOwners, of_a_long_connection_are_those_of_its_beginning) {
  const ConnectionOwners owners({began("long", true, 40000, 0), began("late", true, 40000, 3600)});
  EXPECT_THAT(owners.of(line(Protocol::kTcp, 40000, 3590, 3'590'000)),
              Pointee(std::string("long")));
}

TEST(ConnectionOwners, of_a_question_may_have_asked_over_either_protocol) {
  const ConnectionOwners owners({began("a", true, 40000, 0), began("b", false, 40001, 0)});
  EXPECT_THAT(owners.of(line(Protocol::kDns, 40000, 0)), Pointee(std::string("a")));
  EXPECT_THAT(owners.of(line(Protocol::kDns, 40001, 0)), Pointee(std::string("b")));
}

TEST(ConnectionOwners, who_used_the_port_at_another_time_are_none) {
  const ConnectionOwners owners({began("a", true, 40000, -300)});
  EXPECT_EQ(owners.of(line(Protocol::kTcp, 40000, 0)), nullptr);
}

}  // namespace
}  // namespace pyro::network
