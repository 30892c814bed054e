#include "services/workspace/commands/job.h"

#include <gtest/gtest.h>

#include <future>

namespace pyro::workspace {
namespace {

class JobTest : public ::testing::Test {
 protected:
  static Deadline patience() { return Clock::now() + std::chrono::seconds(20); }
  void print(std::string_view data, std::uint32_t stream = 1, std::uint64_t dropped = 0) {
    job_->append(stream, dropped, data, {});
  }
  void end() {
    CommandRecord command = job_->command();
    command.state = api::JobState::kExited;
    job_->end(command);
  }
  static void expect_to_wait(const std::future<void>& printing) {
    EXPECT_EQ(printing.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  }
  /// What comes until the end, each piece with its stream.
  static std::string all_of(Job::Reader& reader) {
    std::string text;
    while (const auto piece = reader.next(patience(), {})) {
      text += std::to_string(piece->stream) + piece->data;
    }
    return text;
  }

  std::shared_ptr<Job> job_ = std::make_shared<Job>(CommandRecord{.command = "make"});
};

TEST_F(JobTest, a_reader_gets_what_was_printed_before_it_came_and_after_in_its_order) {
  print("a");
  print("B", 2);
  Job::Reader reader(job_);
  print("C", 2);
  print("d");
  print("e", 1, 7);
  end();
  EXPECT_EQ(all_of(reader), "1a2B2C1d1\n[… 7 bytes dropped …]\n1e");
}

TEST_F(JobTest, a_command_waits_for_a_reader_that_is_behind_and_goes_on_without_it) {
  auto reader = std::make_unique<Job::Reader>(job_);
  print(std::string(2U << 20U, 'x'));
  auto next = std::async(std::launch::async, [this] { print("y"); });
  expect_to_wait(next);
  EXPECT_EQ(job_->place().stdout_offset, 2U << 20U);
  EXPECT_EQ(reader->next(patience(), {})->data.size(), 2U << 20U);
  next.get();
  EXPECT_EQ(reader->next(patience(), {})->data, "y");
  print(std::string(2U << 20U, 'x'));
  auto last = std::async(std::launch::async, [this] { print("z"); });
  expect_to_wait(last);
  reader.reset();
  last.get();
  EXPECT_EQ(job_->place().stdout_offset, (4U << 20U) + 2);
}

TEST_F(JobTest, a_command_that_is_to_end_waits_for_nobody) {
  Job::Reader reader(job_);
  print(std::string(2U << 20U, 'x'));
  job_->let_go();
  print("end");
  end();
  EXPECT_EQ(all_of(reader).size(), (2U << 20U) + 5);
}

TEST_F(JobTest, what_was_read_and_how_the_command_stood_are_of_one_moment) {
  print("out");
  print("err", 2);
  const CommandPart running = job_->read({1, 0}, 100);
  EXPECT_TRUE(running.command.running());
  EXPECT_EQ(running.stdout_text.data, "ut");
  EXPECT_EQ(running.stderr_text.data, "err");
  end();
  EXPECT_FALSE(job_->read({}, 1).command.running());
  EXPECT_TRUE(job_->wait(patience(), {}));
}

TEST_F(JobTest, the_last_line_is_of_the_stream_that_printed_last) {
  EXPECT_EQ(job_->last_line(), "");
  print("out\n");
  EXPECT_EQ(job_->last_line(), "out");
  print("\n", 2);
  EXPECT_EQ(job_->last_line(), "out");
  print("err", 2);
  EXPECT_EQ(job_->last_line(), "err");
}

TEST_F(JobTest, shows_no_secret_however_its_output_comes_and_counts_what_its_guest_sent) {
  job_ =
      std::make_shared<Job>(CommandRecord{.command = "make"},
                            std::make_shared<const Redactor>(std::vector<std::string>{"hunter22"}));
  Job::Reader reader(job_);
  print("a hunt");
  EXPECT_EQ(job_->output().stdout_text.text(), "a ");
  print("er2");
  print("2 hun");
  EXPECT_EQ(job_->taken().stdout_offset, 14U);
  EXPECT_EQ(job_->place().stdout_offset, 13U);
  print("er22", 1, 5);
  job_->finish_output();
  end();
  EXPECT_EQ(all_of(reader), "1a 1[REDACTED] 1hun1\n[… 5 bytes dropped …]\n1[REDACTED]");
}

}  // namespace
}  // namespace pyro::workspace
