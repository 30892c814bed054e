#include "gateway/cli/commands/stack/log_follower.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "common/base/files.h"

namespace pyro::cli {
namespace {

class LogFollowerTest : public ::testing::Test {
 protected:
  void append(const std::string& name, const std::string& text) {
    const auto fd = open_file(directory_.path() / name, O_WRONLY | O_CREAT | O_APPEND);
    write_all(fd.get(), text);
  }
  /// Waits until `count` lines came.
  std::vector<std::string> lines(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return lines_.size() >= count; });
    return lines_;
  }
  void start(LogFollower& follower) {
    thread_ = std::jthread([&](const std::stop_token& stop) {
      follower.follow(stop, [this](const std::string& service, std::string_view line) {
        const std::lock_guard lock(mutex_);
        lines_.push_back(service + " " + std::string(line));
        changed_.notify_all();
      });
    });
  }

  TemporaryDirectory directory_{"/tmp", "pyro-test"};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::jthread thread_;
};

TEST_F(LogFollowerTest, only_new_whole_lines_of_wanted_services_are_handed_on) {
  append("vm.log", "old\n");
  LogFollower follower(directory_.path(), {"vm"});
  append("image.log", "not wanted\n");
  append("vm.log", "one\ntw");
  start(follower);
  EXPECT_EQ(lines(1), std::vector<std::string>{"vm one"});
  append("vm.log", "o\n");
  EXPECT_EQ(lines(2).back(), "vm two");
}

TEST_F(LogFollowerTest, a_rotated_log_is_read_on_in_its_new_file) {
  append("vm.log", "old\n");
  LogFollower follower(directory_.path(), {});
  std::filesystem::rename(directory_.path() / "vm.log", directory_.path() / "vm.1.log");
  append("vm.log", "new\n");
  start(follower);
  EXPECT_EQ(lines(1), std::vector<std::string>{"vm new"});
}

TEST_F(LogFollowerTest, the_last_lines_are_whole) {
  append("vm.log", "1\n2\n3\n");
  EXPECT_EQ(last_lines(directory_.path() / "vm.log", 2), (std::vector<std::string>{"2", "3"}));
  EXPECT_TRUE(last_lines(directory_.path() / "none.log", 2).empty());
}

}  // namespace
}  // namespace pyro::cli
