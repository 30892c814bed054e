#include "services/workspace/commands/journal.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>
#include <future>

#include "common/base/files.h"
#include "common/process/wait.h"
#include "tests/unit/workspace/workspace_fixture.h"

namespace pyro::workspace {
namespace {

namespace fs = std::filesystem;
using api::agent::JobState;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JournalTest : public WorkspaceTest {
 protected:
  CommandRecord begun(const WorkspaceRecord& workspace, const std::string& text) {
    return journal_.begin(workspace, {.command = text, .cwd = "/workspace", .job_id = "j"});
  }
  void finish(CommandRecord command, std::string_view out, std::string_view err = "") {
    CommandOutput output;
    output.stdout_text.append(out);
    output.stderr_text.append(err);
    command.state = JobState::kExited;
    command.exit_code = 7;
    journal_.finish(command, output);
  }

  Journal journal_{registry_, paths_};
};

TEST_F(JournalTest, numbers_the_commands_of_each_workspace_from_one) {
  const auto a = record_of("aaaaaaaaaaaa");
  const auto b = record_of("bbbbbbbbbbbb");
  EXPECT_EQ(begun(a, "1").sequence, 1U);
  EXPECT_EQ(begun(a, "2").sequence, 2U);
  EXPECT_EQ(begun(b, "1").sequence, 1U);
  EXPECT_EQ(journal_.count(a), 2U);
  EXPECT_EQ(journal_.recent(a, 1).front().command, "2");
}

TEST_F(JournalTest, a_command_that_never_ran_leaves_no_entry) {
  const auto a = record_of("aaaaaaaaaaaa");
  journal_.retract(begun(a, "1"));
  EXPECT_EQ(journal_.count(a), 0U);
}

TEST_F(JournalTest, gives_back_what_commands_printed_in_their_order) {
  const auto a = record_of("aaaaaaaaaaaa");
  finish(begun(a, "first"), "out 1\n", "err 1\n");
  finish(begun(a, "second"), "");
  const auto log = journal_.log(a);
  ASSERT_EQ(log.entries.size(), 2U);
  EXPECT_EQ(log.count, 2U);
  EXPECT_EQ(log.entries[0].stdout_text, "out 1\n");
  EXPECT_EQ(log.entries[0].stderr_text, "err 1\n");
  EXPECT_EQ(log.entries[0].exit_code, 7);
  EXPECT_EQ(log.entries[1].command, "second");
  EXPECT_EQ(log.entries[1].stdout_text, "");
}

TEST_F(JournalTest, a_log_that_is_too_long_leaves_out_what_the_oldest_commands_printed) {
  const auto a = record_of("aaaaaaaaaaaa");
  const std::string long_text(CapturedOutput::kLimit, 'x');
  for (int i = 0; i < 5; ++i) finish(begun(a, "print"), long_text);
  const auto log = journal_.log(a);
  ASSERT_EQ(log.entries.size(), 5U);
  EXPECT_TRUE(log.entries[1].stdout_truncated);
  EXPECT_EQ(log.entries[1].stdout_text, "");
  EXPECT_FALSE(log.entries[2].stdout_truncated);
  EXPECT_EQ(log.entries[4].stdout_text, long_text);
}

TEST_F(JournalTest, a_log_from_a_command_on_begins_there) {
  const auto a = record_of("aaaaaaaaaaaa");
  for (const char* command : {"first", "second", "third"}) finish(begun(a, command), "out\n");
  const auto log = journal_.log(a, {}, 1);
  EXPECT_EQ(log.count, 3U);
  EXPECT_EQ(log.offset, 1U);
  ASSERT_EQ(log.entries.size(), 2U);
  EXPECT_EQ(log.entries[0].command, "second");
  EXPECT_EQ(log.entries[1].command, "third");
  EXPECT_FALSE(log.truncated);
  EXPECT_TRUE(journal_.log(a, {}, 9).entries.empty());
  EXPECT_EQ(journal_.log(a).offset, 0U);
}

TEST_F(JournalTest, a_log_that_is_too_long_from_a_command_on_says_where_it_goes_on) {
  const auto a = record_of("aaaaaaaaaaaa");
  const std::string command((1U << 20U) - 1000, 'x');
  for (int i = 0; i < 40; ++i) finish(begun(a, command), "");
  const auto oldest = journal_.log(a, {}, 0);
  EXPECT_TRUE(oldest.truncated);
  EXPECT_EQ(oldest.offset, 0U);
  EXPECT_EQ(oldest.next_offset, oldest.entries.size());
  EXPECT_EQ(oldest.entries.front().sequence, 1U);
  const auto latest = journal_.log(a);
  EXPECT_FALSE(latest.truncated);
  EXPECT_EQ(latest.offset, 40 - latest.entries.size());
  EXPECT_EQ(latest.entries.back().sequence, 40U);
}

TEST_F(JournalTest, what_the_oldest_commands_printed_gives_way_when_a_session_printed_too_much) {
  Journal small(registry_, paths_, 25);
  const auto a = record_of("aaaaaaaaaaaa");
  for (int i = 0; i < 4; ++i) {
    CommandOutput output;
    output.stdout_text.append("0123456789");
    auto command = small.begin(a, {.command = "print"});
    command.state = JobState::kExited;
    small.finish(command, output);
  }
  const auto log = small.log(a);
  ASSERT_EQ(log.entries.size(), 4U);
  EXPECT_EQ(log.entries[1].stdout_text, "");
  EXPECT_TRUE(log.entries[1].stdout_truncated);
  EXPECT_FALSE(log.entries[1].stderr_truncated);
  EXPECT_EQ(log.entries[2].stdout_text, "0123456789");
  EXPECT_EQ(log.entries[3].stdout_text, "0123456789");
}

TEST_F(JournalTest, output_that_is_just_being_written_does_not_give_way) {
  Journal small(registry_, paths_, 15);
  const auto a = record_of("aaaaaaaaaaaa");
  begun(a, "ends");
  auto command = begun(a, "print");
  const fs::path output = WorkspacePaths(paths_, a.id()).output(0);
  fs::create_directories(output);
  std::ofstream(output / "0000000001.stdout") << "0123456789";
  CommandOutput printed;
  printed.stdout_text.append("0123456789");
  command.state = JobState::kExited;
  small.finish(command, printed);
  EXPECT_TRUE(fs::exists(output / "0000000001.stdout"));
  EXPECT_FALSE(small.recent(a, 2).back().stdout_truncated);
}

TEST_F(JournalTest, tells_what_has_not_ended) {
  const auto a = record_of("aaaaaaaaaaaa");
  finish(begun(a, "ended"), "");
  begun(a, "runs");
  const auto running = journal_.running();
  ASSERT_EQ(running.size(), 1U);
  EXPECT_EQ(running[0].command, "runs");
}

TEST_F(JournalTest, a_new_session_begins_with_an_empty_history_and_the_old_one_can_be_removed) {
  const auto before = record_of("aaaaaaaaaaaa");
  const auto after = record_of("aaaaaaaaaaaa", 1);
  finish(begun(before, "old"), "printed");
  finish(begun(record_of("bbbbbbbbbbbb"), "other"), "printed");
  EXPECT_EQ(journal_.count(after), 0U);
  finish(begun(after, "new"), "printed");
  journal_.forget_other_sessions(after);
  EXPECT_EQ(journal_.count(before), 0U);
  EXPECT_FALSE(fs::exists(WorkspacePaths(paths_, before.id()).output(0)));
  EXPECT_EQ(journal_.log(after).entries.at(0).stdout_text, "printed");
  EXPECT_EQ(journal_.count(record_of("bbbbbbbbbbbb")), 1U);
}

TEST_F(JournalTest, the_end_of_a_command_that_was_forgotten_meanwhile_leaves_nothing) {
  const auto a = record_of("aaaaaaaaaaaa");
  const auto command = begun(a, "runs");
  journal_.forget(a.id());
  finish(command, "printed");
  EXPECT_EQ(journal_.count(a), 0U);
  EXPECT_FALSE(fs::exists(WorkspacePaths(paths_, a.id()).output()));
}

TEST_F(JournalTest, others_go_on_while_output_is_written_and_it_goes_with_its_command) {
  const auto a = record_of("aaaaaaaaaaaa");
  const auto command = begun(a, "runs");
  const fs::path file = WorkspacePaths(paths_, a.id()).output(0) / "0000000001.stdout";
  fs::create_directories(file.parent_path());
  // Takes a little, and the rest when it is read.
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  const UniqueFd reader(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  auto finishing =
      std::async(std::launch::async, [&] { finish(command, std::string(1U << 20U, 'x')); });
  const StopFd never({});
  ASSERT_TRUE(wait_for(reader.get(), POLLIN, Clock::now() + std::chrono::minutes(1), never));
  EXPECT_EQ(begun(a, "next").sequence, 2U);
  journal_.forget(a.id());
  ::fcntl(reader.get(), F_SETFL, 0);
  EXPECT_EQ(read_to_end(reader.get(), 2U << 20U).size(), 1U << 20U);
  finishing.get();
  EXPECT_EQ(journal_.count(a), 0U);
  EXPECT_FALSE(fs::exists(file.parent_path()));
}

TEST_F(JournalTest, records_how_a_command_ended_although_its_output_cannot_be_written) {
  const auto a = record_of("aaaaaaaaaaaa");
  std::ofstream(WorkspacePaths(paths_, a.id()).output()) << "in the way";
  finish(begun(a, "runs"), "printed");
  const auto last = journal_.recent(a, 1).front();
  EXPECT_EQ(last.exit_code, 7);
  EXPECT_TRUE(last.stdout_truncated);
}

TEST_F(JournalTest, finds_a_command_by_its_job_in_its_session_only) {
  const auto a = record_of("aaaaaaaaaaaa");
  journal_.begin(a, {.command = "first", .job_id = "000000000001"});
  journal_.begin(a, {.command = "second", .job_id = "000000000002"});
  ASSERT_TRUE(journal_.find(a, "000000000001"));
  EXPECT_EQ(journal_.find(a, "000000000001")->command, "first");
  EXPECT_FALSE(journal_.find(a, "000000000003"));
  EXPECT_FALSE(journal_.find(record_of("aaaaaaaaaaaa", 1), "000000000001"));
}

TEST_F(JournalTest, looks_at_no_other_command_for_the_one_of_a_job) {
  const auto a = record_of("aaaaaaaaaaaa");
  const auto damaged = journal_.begin(a, {.command = "first", .job_id = "000000000001"});
  journal_.begin(a, {.command = "second", .job_id = "000000000002"});
  registry_.put("workspace_commands", "aaaaaaaaaaaa/000000/0000000001", "damaged");
  EXPECT_EQ(journal_.find(a, "000000000002")->command, "second");
  EXPECT_FALSE(journal_.find(a, "000000000003"));
}

TEST_F(JournalTest, reads_an_ended_command_by_offset_over_what_was_dropped) {
  const auto a = record_of("aaaaaaaaaaaa");
  CommandOutput output;
  output.stdout_text.append("begin");
  output.stdout_text.skip(100);
  output.stdout_text.append("end");
  output.stderr_text.append("error");
  auto command = begun(a, "runs");
  command.state = JobState::kExited;
  journal_.finish(command, output);
  const auto found = *journal_.find(a, "j");
  EXPECT_TRUE(found.stdout_truncated);
  EXPECT_FALSE(found.stderr_truncated);
  const auto first = journal_.read(found, {2, 1}, 100);
  EXPECT_EQ(first.stdout_text.data, "gin");
  EXPECT_EQ(first.stdout_text.then, OutputPart::Then::kGap);
  EXPECT_EQ(first.stderr_text.data, "rror");
  const auto second = journal_.read(found, {5, 5}, 2);
  EXPECT_EQ(second.stdout_text.dropped, 100U);
  EXPECT_EQ(second.stdout_text.data, "en");
  EXPECT_EQ(second.stderr_text.data, "");
  EXPECT_EQ(journal_.text(found).stdout_text, "begin\n[… 100 bytes dropped …]\nend");
}

TEST_F(JournalTest, output_that_gave_way_is_told_as_dropped) {
  Journal small(registry_, paths_, 15);
  const auto a = record_of("aaaaaaaaaaaa");
  for (int i = 0; i < 2; ++i) {
    CommandOutput output;
    output.stdout_text.append("0123456789");
    auto command = small.begin(a, {.command = "print", .job_id = std::to_string(i)});
    command.state = JobState::kExited;
    small.finish(command, output);
  }
  const auto part = small.read(*small.find(a, "0"), {3, 0}, 100);
  EXPECT_EQ(part.stdout_text.dropped, 7U);
  EXPECT_EQ(part.stdout_text.data, "");
  EXPECT_EQ(small.read(*small.find(a, "1"), {3, 0}, 100).stdout_text.data, "3456789");
}

TEST_F(JournalTest, the_same_place_has_the_same_cursor_and_each_command_its_own) {
  const auto a = record_of("aaaaaaaaaaaa");
  const auto one = begun(a, "1");
  const auto two = begun(a, "2");
  EXPECT_EQ(journal_.cursor_of(one, {}), 0U);
  EXPECT_EQ(journal_.cursor_of(one, {5, 0}), 1U);
  EXPECT_EQ(journal_.cursor_of(one, {5, 7}), 2U);
  EXPECT_EQ(journal_.cursor_of(one, {5, 0}), 1U);
  EXPECT_EQ(journal_.cursor_of(two, {9, 9}), 1U);
  EXPECT_EQ(Journal(registry_, paths_).place_of(one, 2), (OutputPlace{5, 7}));
  EXPECT_EQ(journal_.place_of(one, 0), OutputPlace{});
  EXPECT_THAT(error_of([&] { journal_.place_of(one, 3); }),
              Refused(ErrorCode::kInvalidArgument,
                      ::testing::HasSubstr("no cursor 3: cursor 0 reads from the start")));
}

TEST_F(JournalTest, cursors_go_with_their_command_its_session_and_its_workspace) {
  const auto a = record_of("aaaaaaaaaaaa");
  const auto cursors = [this] { return registry_.all("workspace_cursors").size(); };
  auto command = begun(a, "1");
  journal_.cursor_of(command, {1, 1});
  EXPECT_GT(cursors(), 0U);
  journal_.retract(command);
  EXPECT_EQ(cursors(), 0U);
  EXPECT_THAT(error_of([&] {
                journal_.cursor_of(command, {1, 1});
              }),
              Refused(ErrorCode::kNotFound, ::testing::HasSubstr("job 'j' does not exist")));

  journal_.cursor_of(begun(a, "1"), {1, 1});
  const auto next = record_of("aaaaaaaaaaaa", 1);
  const auto kept = begun(next, "2");
  journal_.cursor_of(kept, {2, 2});
  journal_.forget_other_sessions(next);
  EXPECT_EQ(journal_.place_of(kept, 1), (OutputPlace{2, 2}));
  EXPECT_FALSE(journal_.find(a, "j"));
  journal_.forget(a.id());
  EXPECT_EQ(cursors(), 0U);
}

TEST_F(JournalTest, the_log_has_what_a_running_command_printed_so_far) {
  const auto a = record_of("aaaaaaaaaaaa");
  begun(a, "runs");
  const auto log = journal_.log(a, [](const CommandRecord& command) {
    CommandOutput output;
    output.stdout_text.append(command.command + " on");
    return output;
  });
  EXPECT_EQ(log.entries.at(0).stdout_text, "runs on");
  EXPECT_EQ(log.entries.at(0).state, JobState::kRunning);
  EXPECT_EQ(log.entries.at(0).job_id, "j");
  EXPECT_EQ(log.entries.at(0).exit_code, std::nullopt);
  EXPECT_EQ(journal_.log(a).entries.at(0).stdout_text, "");
}

TEST_F(JournalTest, forgets_one_workspace_and_no_other) {
  const auto a = record_of("aaaaaaaaaaaa");
  const auto b = record_of("aaaaaaaaaaab");
  begun(a, "a");
  begun(b, "b");
  journal_.forget(a.id());
  EXPECT_EQ(journal_.count(a), 0U);
  EXPECT_EQ(journal_.count(b), 1U);
}

}  // namespace
}  // namespace pyro::workspace
