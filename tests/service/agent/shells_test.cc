#include <gmock/gmock.h>

#include <algorithm>

#include "common/api/agent_shells.h"
#include "tests/service/agent/agent_fixture.h"

namespace pyro::agent {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using wire::ShellState;

/// Shells of the real agent.
class ShellsTest : public AgentTest {
 protected:
  std::string open(std::map<std::string, std::string> environment = {}) {
    const std::string id = "sh" + std::to_string(++shells_);
    call(wire::OpenShell{
        .shell_id = id, .cwd = directory_.path().string(), .environment = std::move(environment)});
    return id;
  }

  void type(const std::string& id, const std::string& text) {
    call(wire::WriteShell{
        .shell_id = id, .write_id = "w" + std::to_string(++writes_), .data = {text}});
  }

  /// Waits until the shell's output has `text`; all of it.
  std::string read_until(const std::string& id, const std::string& text) {
    std::string output;
    try {
      dial().take(wire::FollowShell{.shell_id = id},
                  [&](const link::OutputPiece& piece) {
                    output.append(piece.data);
                    if (output.find(text) != std::string::npos) throw cancelled("enough");
                  },
                  {in(std::chrono::seconds(30))});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCancelled) throw;
    }
    EXPECT_THAT(output, HasSubstr(text));
    return output;
  }

  wire::Shell wait_for_end(const std::string& id) { return call(wire::AwaitShell{.shell_id = id}); }

  int shells_ = 0;
  int writes_ = 0;
};

TEST_F(ShellsTest, a_shell_has_a_terminal_and_its_own_prompt) {
  const std::string id = open();
  read_until(id, "pyro$ ");
  type(id, "tty; stty size; echo $TERM; echo \"<${HISTFILE-none}-${PROMPT_COMMAND-none}>\"\r");
  const std::string output = read_until(id, "<none-none>");
  EXPECT_THAT(output, HasSubstr("/dev/pts/"));
  EXPECT_THAT(output, HasSubstr("30 120\r\n"));
  EXPECT_THAT(output, HasSubstr("xterm-256color\r\n"));
  EXPECT_THAT(output, Not(HasSubstr("no job control")));
}

TEST_F(ShellsTest, a_repeated_open_is_the_same_shell) {
  const std::string id = open();
  type(id, "here=first\r");
  call(wire::OpenShell{.shell_id = id, .cwd = "/"});
  type(id, "echo \"<$here>\"\r");
  read_until(id, "<first>");
}

TEST_F(ShellsTest, a_repeated_write_is_typed_once) {
  const std::string id = open();
  read_until(id, "pyro$ ");
  const wire::WriteShell write{.shell_id = id, .write_id = "one", .data = {"echo a=$((6*7))\r"}};
  call(write);
  read_until(id, "a=42");
  call(write);
  type(id, "echo end-$((1+1))\r");
  const std::string output = read_until(id, "end-2");
  EXPECT_EQ(output.find("a=42"), output.rfind("a=42"));
}

TEST_F(ShellsTest, its_end_is_an_event_with_the_exit_code) {
  const std::string id = open();
  type(id, "exit 7\r");
  const wire::Shell ended = wait_for_end(id);
  EXPECT_EQ(ended.state, ShellState::kStopped);
  EXPECT_EQ(ended.exit_code, 7);
  EXPECT_EQ(code_of([&] { type(id, "x"); }), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(code_of([&] { call(wire::SignalShell{.shell_id = id}); }),
            ErrorCode::kFailedPrecondition);
  EXPECT_THAT(call(wire::ReadShell{.shell_id = id}).data.data, HasSubstr("exit 7"));
}

TEST_F(ShellsTest, what_a_program_prints_last_is_read_before_its_end) {
  const std::string id = open();
  type(id, "exec sh -c 'seq 20000; echo last-word'\r");
  std::string output;
  dial().follow(wire::FollowShell{.shell_id = id},
                [&](const link::OutputPiece& piece) { output.append(piece.data); },
                {in(std::chrono::seconds(60))});
  EXPECT_THAT(output, HasSubstr("20000\r\nlast-word\r\n"));
}

TEST_F(ShellsTest, an_interrupt_ends_the_foreground_program_only) {
  const std::string id = open();
  // It is in the foreground when it prints.
  type(id, "sh -c 'echo start-$((1+1)); exec sleep 1000'\r");
  read_until(id, "start-2");
  call(wire::SignalShell{.shell_id = id, .signal = SIGINT});
  type(id, "echo status-$?\r");
  read_until(id, "status-130");
}

TEST_F(ShellsTest, programs_hear_of_a_new_size) {
  const std::string id = open();
  call(wire::ResizeShell{.shell_id = id, .cols = 77, .rows = 33});
  type(id, "stty size\r");
  read_until(id, "33 77\r\n");
}

TEST_F(ShellsTest, a_close_ends_background_children_that_ignore_the_hangup) {
  const std::string id = open();
  type(id, "sh -c 'trap \"\" HUP; echo pid-$$-end$((1+1)); exec sleep 1000' &\r");
  std::string output = read_until(id, "-end2");
  output = output.substr(0, output.rfind("-end2"));
  const std::string pid = output.substr(output.rfind("pid-") + 4);
  ASSERT_TRUE(process_lives(pid)) << output;
  call(wire::CloseShell{.shell_id = id, .hangup_ms = 100});
  EXPECT_FALSE(process_lives(pid));
  EXPECT_EQ(code_of([&] { call(wire::ReadShell{.shell_id = id}); }), ErrorCode::kNotFound);
  call(wire::CloseShell{.shell_id = id});  // missing: no error
}

TEST_F(ShellsTest, a_close_lets_a_program_that_hears_the_hangup_end_by_itself) {
  const std::string mark = (directory_.path() / "hung-up").string();
  const std::string id = open();
  type(id, "sh -c 'trap \"touch " + mark +
               "; exit\" HUP; echo ready-$((1+1)); while :; do sleep 0.1; done'\r");
  read_until(id, "ready-2");
  call(wire::CloseShell{.shell_id = id, .hangup_ms = 20'000});
  EXPECT_TRUE(std::filesystem::exists(mark));
}

TEST_F(ShellsTest, a_read_waits_until_the_terminal_is_idle) {
  const std::string id = open();
  read_until(id, "pyro$ ");
  type(id, "for i in 1 2 3 4 5; do echo step-$i; sleep 0.1; done\r");
  const auto part = call(wire::ReadShell{.shell_id = id, .wait_for_idle_ms = 1000});
  EXPECT_THAT(part.data.data, HasSubstr("step-5"));
}

TEST_F(ShellsTest, a_waiting_read_is_answered_by_the_end_of_the_program) {
  const std::string id = open();
  auto reading = std::async(std::launch::async, [&] {
    return call(wire::ReadShell{.shell_id = id, .wait_for_idle_ms = 600'000});
  });
  type(id, "exit 3\r");
  EXPECT_EQ(reading.get().shell.exit_code, 3);
}

TEST_F(ShellsTest, a_waiting_read_is_answered_by_a_close) {
  const std::string id = open();
  auto reading = std::async(std::launch::async, [&] {
    return call(wire::ReadShell{.shell_id = id, .wait_for_idle_ms = 600'000});
  });
  auto follower = std::async(std::launch::async, [&] { return read_until(id, "pyro$ "); });
  follower.get();
  call(wire::CloseShell{.shell_id = id, .hangup_ms = 100});
  try {
    EXPECT_EQ(reading.get().shell.state, ShellState::kStopped);
  } catch (const Error& error) {
    // The close came first.
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
}

TEST_F(ShellsTest, old_output_makes_way_and_a_read_says_where_it_begins) {
  const std::string id = open();
  // 2 bytes each and one character: the first 4 bytes of a line are 2 characters.
  type(id, "stty -opost -echo; yes 'ää' | head -c 9000000; echo; echo over-$((1+1))\r");
  read_until(id, "over-2");
  const auto part = call(wire::ReadShell{.shell_id = id, .max_bytes = 8U << 20U});
  EXPECT_EQ(part.offset, part.oldest_offset);
  EXPECT_EQ(part.offset + part.data.data.size(), part.shell.printed_bytes);
  EXPECT_GE(part.data.data.size(), api::kKeptShellBytes);
  EXPECT_LT(part.data.data.size(), api::kKeptShellBytes + (64U << 10U));
  EXPECT_NEAR(static_cast<double>(part.oldest_characters),
              static_cast<double>(part.oldest_offset) * 3 / 5, 500);
}

TEST_F(ShellsTest, a_follower_that_does_not_read_slows_nothing) {
  const std::string id = open();
  read_until(id, "pyro$ ");
  auto idle = dial();
  std::promise<void> begun;
  std::promise<void> go_on;
  std::uint64_t seen = 0;
  auto follower = std::async(std::launch::async, [&] {
    bool first = true;
    return idle.follow(wire::FollowShell{.shell_id = id},
                       [&](const link::OutputPiece& piece) {
                         seen += piece.dropped + piece.data.size();
                         if (std::exchange(first, false)) {
                           begun.set_value();
                           go_on.get_future().wait();
                         }
                       },
                       {in(std::chrono::seconds(120))});
  });
  begun.get_future().wait();
  type(id, "yes | head -c 12000000; echo over-$((1+1))\r");
  read_until(id, "over-2");
  type(id, "exit\r");
  wait_for_end(id);
  go_on.set_value();
  EXPECT_EQ(follower.get().printed_bytes, seen);
}

TEST_F(ShellsTest, input_that_no_program_reads_is_bounded) {
  const std::string id = open();
  read_until(id, "pyro$ ");
  type(id, "stty raw -echo; echo raw-$((1+1)); sleep 1000\r");
  read_until(id, "raw-2");
  const std::string much(api::kMostInput, 'x');
  ErrorCode refused = ErrorCode::kInternal;
  for (int i = 0; i < 8 && refused == ErrorCode::kInternal; ++i) {
    try {
      type(id, much);
    } catch (const Error& error) {
      refused = error.code();
    }
  }
  EXPECT_EQ(refused, ErrorCode::kResourceExhausted);
}

TEST_F(ShellsTest, a_directory_that_cannot_be_entered_leaves_no_shell) {
  EXPECT_EQ(code_of([&] { call(wire::OpenShell{.shell_id = "bad", .cwd = "/nowhere"}); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([&] { call(wire::ReadShell{.shell_id = "bad"}); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { call(wire::OpenShell{.shell_id = "../x"}); }),
            ErrorCode::kInvalidArgument);
}

TEST_F(ShellsTest, a_lost_connection_loses_no_shell_and_no_byte) {
  const std::string id = open();
  {
    auto connection = dial();
    connection.call(wire::WriteShell{.shell_id = id, .write_id = "x", .data = {"kept=1\r"}},
                    {in(std::chrono::seconds(10))});
  }
  type(id, "echo \"<$kept>\"\r");
  read_until(id, "<1>");
}

}  // namespace
}  // namespace pyro::agent
