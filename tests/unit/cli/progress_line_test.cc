#include "gateway/cli/progress_line.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "common/base/files.h"
#include "common/process/wait.h"

namespace pyro::cli {
namespace {

class ProgressLineTest : public ::testing::Test {
 protected:
  ProgressLineTest() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_.reset(ends[0]);
    write_.reset(ends[1]);
  }
  /// What was written until now; waits for the first byte.
  std::string shown() {
    wait_for(read_.get(), POLLIN, Clock::now() + std::chrono::seconds(10), StopFd({}));
    char buffer[4096];
    const ssize_t n = ::read(read_.get(), buffer, sizeof buffer);
    return {buffer, static_cast<std::size_t>(n)};
  }
  std::string rest() {
    write_.reset();
    return read_to_end(read_.get(), 1U << 20U);
  }

  UniqueFd read_;
  UniqueFd write_;
};

TEST(ProgressText, a_bar_is_drawn_where_the_total_is_known) {
  EXPECT_EQ(progress_text({"build", "unpack", 3, 4}, std::chrono::seconds(2)),
            "[2 s] build: unpack [#######...] 75 %");
  EXPECT_EQ(progress_text({"build", "unpack", 3, std::nullopt}, std::chrono::seconds(2)),
            "[2 s] build: unpack");
}

TEST(ProgressText, what_a_service_says_cannot_steer_the_terminal) {
  EXPECT_EQ(progress_text({"a\nb", "\x1b[2Jx", std::nullopt, std::nullopt}, {}), "[0 s] a b: [2Jx");
}

TEST_F(ProgressLineTest, what_ends_at_once_shows_nothing) {
  {
    ProgressLine line(write_.get(), false);
    line.show({"boot", "start the guest", std::nullopt, std::nullopt});
    line.finish();
  }
  EXPECT_EQ(rest(), "");
}

TEST_F(ProgressLineTest, elsewhere_than_on_a_terminal_a_phase_is_one_line) {
  ProgressLine line(write_.get(), false);
  line.show({"build", "first", std::nullopt, std::nullopt});
  EXPECT_EQ(shown(), "[0 s] build: first\n");
  line.show({"build", "second", 1, 2});
  line.show({"boot", "third", std::nullopt, std::nullopt});
  line.finish();
  EXPECT_EQ(rest(), "[0 s] boot: third\n");
}

TEST_F(ProgressLineTest, on_a_terminal_one_line_is_rewritten_and_wiped_at_the_end) {
  ProgressLine line(write_.get(), true);
  line.show({"build", "first", std::nullopt, std::nullopt});
  EXPECT_EQ(shown(), "\r\x1b[K[0 s] build: first");
  line.show({"build", "second", std::nullopt, std::nullopt});
  line.finish();
  line.show({"late", "", std::nullopt, std::nullopt});
  EXPECT_EQ(rest(), "\r\x1b[K[0 s] build: second\r\x1b[K");
}

}  // namespace
}  // namespace pyro::cli
