#include "common/network/connection_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary.h"

namespace pyro::network {
namespace {

using pyro::testing::TestDirectory;
namespace fs = std::filesystem;

LogLine denied(const std::string& name) {
  return {.verdict = Verdict::kDenied, .name = name, .reason = "name_not_allowed"};
}

TEST(ConnectionLog, a_line_is_read_as_it_was_written) {
  const TestDirectory directory;
  ConnectionLog log(directory.path());
  const auto opened = log.append({.verdict = Verdict::kOpened,
                                  .protocol = Protocol::kUdp,
                                  .name = "a.com",
                                  .address = "192.0.2.1",
                                  .port = 443,
                                  .guest_port = 40000});
  log.append({.verdict = Verdict::kClosed, .connection = opened, .bytes_up = 1, .bytes_down = 2});
  const auto lines = read_connection_log(directory.path());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].number, 1U);
  EXPECT_EQ(lines[0].connection, 1U);
  EXPECT_EQ(lines[0].protocol, Protocol::kUdp);
  EXPECT_EQ(lines[0].name, "a.com");
  EXPECT_EQ(lines[0].guest_port, 40000);
  EXPECT_GT(lines[0].time, 0);
  EXPECT_EQ(lines[1].connection, 1U);
  EXPECT_EQ(lines[1].bytes_down, 2U);
}

TEST(ConnectionLog, a_reader_asks_for_the_lines_after_a_number_and_for_the_last_ones) {
  const TestDirectory directory;
  ConnectionLog log(directory.path());
  for (int i = 0; i < 5; ++i) log.append(denied("a.com"));
  EXPECT_EQ(read_connection_log(directory.path(), 3).size(), 2U);
  const auto last = read_connection_log(directory.path(), 0, 2);
  ASSERT_EQ(last.size(), 2U);
  EXPECT_EQ(last.front().number, 4U);
  EXPECT_TRUE(read_connection_log(directory / "missing").empty());
}

TEST(ConnectionLog, it_stays_bounded_and_loses_the_oldest_lines_alone) {
  const TestDirectory directory;
  constexpr std::uint64_t kBytes = 4096;
  ConnectionLog log(directory.path(), kBytes);
  for (int i = 0; i < 200; ++i) log.append(denied("name.example.com"));
  EXPECT_LE(fs::file_size(directory.path() / kConnectionLog), kBytes);
  EXPECT_LE(fs::file_size(directory / "network.log.1"), kBytes);
  const auto lines = read_connection_log(directory.path());
  EXPECT_EQ(lines.back().number, 200U);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].number, lines[i - 1].number + 1);
  }
}

TEST(ConnectionLog, the_next_gate_continues_the_numbers_also_after_a_line_that_was_cut_off) {
  const TestDirectory directory;
  ConnectionLog(directory.path()).append(denied("a.com"));
  std::ofstream(directory.path() / kConnectionLog, std::ios::app) << R"({"number": 77, "ti)";
  ConnectionLog next(directory.path());
  EXPECT_EQ(next.append(denied("b.com")), 2U);
  const auto lines = read_connection_log(directory.path());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines.back().name, "b.com");
}

TEST(ConnectionLog, it_follows_a_directory_that_is_renamed) {
  const TestDirectory directory;
  fs::create_directory(directory / "standby");
  ConnectionLog log(directory / "standby", 512);
  fs::rename(directory / "standby", directory / "machine");
  for (int i = 0; i < 20; ++i) log.append(denied("a.com"));
  EXPECT_EQ(read_connection_log(directory / "machine").back().number, 20U);
}

}  // namespace
}  // namespace pyro::network
