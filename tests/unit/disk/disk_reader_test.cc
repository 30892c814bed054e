#include "services/files/disk/disk_reader.h"

#include <stop_token>

#include "common/config/programs.h"
#include "tests/support/errors.h"
#include "tests/unit/disk/disk_fixture.h"

namespace pyro::files {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

/// With programs of the build: beside the tests.
class ReaderOfDisks : public Disks {
 protected:
  DiskAnswer captured(const std::string& task, DiskReader::Limits limits = {}) {
    DiskReader reader(sibling_program("captured_reader"), limits);
    DiskQuestion question{.disks = disks_,
                          .task = task_,
                          .offset = static_cast<std::uint64_t>(::getpid()),
                          .max_bytes = 10};
    question.path.data = task;
    return reader.ask(question, work_);
  }

  DiskTask task_ = DiskTask::kList;
  Work work_{.deadline = Clock::now() + std::chrono::minutes(2)};
};

TEST_F(ReaderOfDisks, the_confined_program_answers_as_the_function_does) {
  DiskReader reader(sibling_program("pyro-disk-reader"));
  DiskQuestion question{.disks = disks_, .task = DiskTask::kList, .recursive = true};
  const DiskAnswer there = reader.ask(question, work_);
  EXPECT_EQ(there.outcome, DiskOutcome::kDone) << there.detail;
  EXPECT_EQ(encoded(there), encoded(answer(question)));
}

TEST_F(ReaderOfDisks, a_captured_program_gets_nothing_but_the_disks) {
  put(disks_.workspace + ".secret", "key");
  EXPECT_EQ(captured("steal").detail, "disk ");
}

TEST_F(ReaderOfDisks, one_that_does_not_end_is_ended_at_its_limit) {
  const auto spun = captured("spin", {.time = std::chrono::milliseconds(300)});
  EXPECT_EQ(spun.outcome, DiskOutcome::kDamaged);
  EXPECT_THAT(spun.detail, HasSubstr("limits"));
}

TEST_F(ReaderOfDisks, one_that_answers_without_an_end_is_ended_at_its_limit) {
  EXPECT_EQ(captured("flood", {.answer_bytes = 1U << 20U}).outcome, DiskOutcome::kDamaged);
}

TEST_F(ReaderOfDisks, one_that_fails_costs_no_more_than_its_answer) {
  for (const char* task : {"crash", "silent", "junk"}) {
    EXPECT_EQ(captured(task).outcome, DiskOutcome::kDamaged) << task;
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(ReaderOfDisks, one_gets_no_more_memory_than_its_limit) {
  EXPECT_EQ(captured("eat", {.memory_bytes = 256U << 20U}).outcome, DiskOutcome::kDamaged);
}
#endif

TEST_F(ReaderOfDisks, a_caller_that_gives_up_ends_it) {
  std::stop_source stop;
  stop.request_stop();
  work_.stop = stop.get_token();
  EXPECT_THAT(error_of([&] { captured("spin"); }), Refused(ErrorCode::kCancelled));
  work_.stop = {};
  work_.deadline = Clock::now() + std::chrono::milliseconds(200);
  EXPECT_THAT(error_of([&] { captured("spin"); }), Refused(ErrorCode::kDeadlineExceeded));
}

TEST_F(ReaderOfDisks, what_it_says_is_believed_no_further_than_it_was_asked) {
  EXPECT_EQ(captured("plain").outcome, DiskOutcome::kDone);
  EXPECT_EQ(captured("two").outcome, DiskOutcome::kDone);
  for (const char* task : {"climb", "more", "half"}) {
    EXPECT_EQ(captured(task).outcome, DiskOutcome::kDamaged) << task;
  }
  task_ = DiskTask::kRead;
  EXPECT_EQ(captured("plain").outcome, DiskOutcome::kDone);
  for (const char* task : {"two", "more"}) {
    EXPECT_EQ(captured(task).outcome, DiskOutcome::kDamaged) << task;
  }
}

}  // namespace
}  // namespace pyro::files
