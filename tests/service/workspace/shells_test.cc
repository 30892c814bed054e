#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <set>

#include "common/api/agent_shells.h"
#include "common/api/workspace_shells.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/workspace.h"
#include "common/guest/machine_paths.h"
#include "common/work/work.h"
#include "tests/service/workspace/workspace_service.h"
#include "tests/support/fake_agent.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;
using testing::FakeAgent;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The shells of a guest, without programs: what is typed is printed.
class FakeShells {
 public:
  std::optional<std::string> answer(const link::Frame& request) {
    if (request.method == wire::OpenShell::kMethod.name) {
      const auto open =
          api::from_msgpack<wire::OpenShell>(request.body.data, api::UnknownFields::kIgnore);
      const std::lock_guard lock(mutex_);
      opened.push_back(open.shell_id);
      return FakeAgent::result(describe(open.shell_id, shells_[open.shell_id]));
    }
    if (request.method == wire::WriteShell::kMethod.name) {
      const auto write =
          api::from_msgpack<wire::WriteShell>(request.body.data, api::UnknownFields::kIgnore);
      const std::lock_guard lock(mutex_);
      Known& shell = shells_.at(write.shell_id);
      if (shell.writes.insert(write.write_id).second) shell.output += write.data.data;
      return FakeAgent::result(describe(write.shell_id, shell));
    }
    if (request.method == wire::ReadShell::kMethod.name) {
      const auto read =
          api::from_msgpack<wire::ReadShell>(request.body.data, api::UnknownFields::kIgnore);
      const std::lock_guard lock(mutex_);
      const auto found = shells_.find(read.shell_id);
      if (found == shells_.end()) return missing();
      const Known& shell = found->second;
      wire::ShellPart part{.shell = describe(read.shell_id, shell),
                           .offset = std::max(read.offset, shell.gone),
                           .oldest_offset = shell.gone,
                           .oldest_characters = shell.gone_characters};
      part.data.data = shell.output.substr(part.offset, read.max_bytes);
      if (spoil) spoil(part);
      return FakeAgent::result(part);
    }
    if (request.method == wire::AwaitShell::kMethod.name) return await(request);
    if (request.method == wire::CloseShell::kMethod.name) {
      const auto close =
          api::from_msgpack<wire::CloseShell>(request.body.data, api::UnknownFields::kIgnore);
      const std::lock_guard lock(mutex_);
      shells_.erase(close.shell_id);
      changed_.notify_all();
      return FakeAgent::result(api::Nothing{});
    }
    return FakeAgent::error(invalid_argument("not in this test"));
  }

  void end(const std::string& id, int exit_code) {
    const std::lock_guard lock(mutex_);
    shells_.at(id).exit_code = exit_code;
    changed_.notify_all();
  }
  void print(const std::string& id, const std::string& text) {
    const std::lock_guard lock(mutex_);
    shells_.at(id).output += text;
  }
  /// The first bytes are not kept any more.
  void drop(const std::string& id, std::uint64_t bytes, std::uint64_t characters) {
    const std::lock_guard lock(mutex_);
    shells_.at(id).gone = bytes;
    shells_.at(id).gone_characters = characters;
  }
  void forget(const std::string& id) {
    const std::lock_guard lock(mutex_);
    shells_.erase(id);
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return shells_.size();
  }
  /// Nobody waits any more: for the end of the test.
  void go() {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    changed_.notify_all();
  }

  std::vector<std::string> opened;
  std::function<void(wire::ShellPart&)> spoil;

 private:
  struct Known {
    std::string output;
    std::set<std::string> writes;
    std::uint64_t gone = 0;
    std::uint64_t gone_characters = 0;
    std::optional<int> exit_code;
  };
  static std::string missing() {
    return FakeAgent::error(not_found(reason::kShellMissing, "the shell does not exist"));
  }
  static wire::Shell describe(const std::string& id, const Known& shell) {
    return {.shell_id = id,
            .state = shell.exit_code ? wire::ShellState::kStopped : wire::ShellState::kRunning,
            .exit_code = shell.exit_code,
            .printed_bytes = shell.output.size()};
  }
  std::optional<std::string> await(const link::Frame& request) {
    const auto asked =
        api::from_msgpack<wire::AwaitShell>(request.body.data, api::UnknownFields::kIgnore);
    std::unique_lock lock(mutex_);
    const auto over = [&] {
      const auto found = shells_.find(asked.shell_id);
      return gone_ || found == shells_.end() || found->second.exit_code;
    };
    changed_.wait(lock, over);
    const auto found = shells_.find(asked.shell_id);
    if (gone_) return std::nullopt;
    if (found == shells_.end()) return missing();
    return FakeAgent::result(describe(asked.shell_id, found->second));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Known> shells_;
  bool gone_ = false;
};

class WorkspaceShells : public WorkspaceService {
 protected:
  WorkspaceShells() { start_agent(); }
  ~WorkspaceShells() override { stop_agent(); }

  void start_agent() {
    agent_.emplace(MachinePaths(stack_.paths(), machines_of(id_).at(0)).link_socket,
                   [this](const link::Frame& request) { return shells_.answer(request); });
  }
  void stop_agent() {
    shells_.go();
    agent_.reset();
  }
  /// The service is killed at `point` of what `action` calls, and the bus repeats the call.
  template <class Action>
  void across_a_kill(const std::string& point, const Action& action) {
    points_.kill_at(point);
    auto acting = std::async(std::launch::async, action);
    EXPECT_TRUE(points_.wait_until_held([&] {
      return acting.wait_for(std::chrono::milliseconds(1)) == std::future_status::ready;
    }));
    points_.release();
    restart();
    acting.get();
  }
  std::string open(const std::string& call_id = "0123456789ab") {
    return call(api::OpenShell{.workspace_id = id_, .call_id = call_id}).shell_id;
  }
  api::ShellRead read(std::uint64_t cursor = 0, std::uint64_t max_chars = 65536) {
    return call(api::ReadShell{
        .workspace_id = id_, .shell_id = kShell, .cursor = cursor, .max_chars = max_chars});
  }
  api::ShellWritten write(const std::string& input, const std::string& call_id) {
    return call(api::WriteShell{
        .workspace_id = id_, .shell_id = kShell, .input = input, .call_id = call_id});
  }
  api::ShellList list() { return call(api::ListShells{.workspace_id = id_}); }

  static constexpr const char* kShell = "0123456789ab";
  std::string id_ = create();
  FakeShells shells_;
  std::optional<FakeAgent> agent_;
};

TEST_F(WorkspaceShells, a_shell_is_opened_written_read_and_closed) {
  EXPECT_EQ(open(), kShell);
  const auto written = write("äb", "000000000001");
  EXPECT_EQ(written.input_length, 2U);
  EXPECT_TRUE(written.append_newline);
  const auto part = read();
  EXPECT_EQ(part.output, "äb\r");
  EXPECT_EQ(part.next_cursor, 3U);
  EXPECT_EQ(read(1).output, "b\r");
  EXPECT_EQ(read(3).output, "");
  const auto status = call(api::WorkspaceStatus{.workspace_id = id_});
  EXPECT_EQ(status.shell_count, 1U);
  EXPECT_EQ(status.running_shell_count, 1U);
  EXPECT_THAT(summary(id_).shells.current, SizeIs(1));
  const auto closed = call(api::CloseShell{.workspace_id = id_, .shell_id = kShell});
  EXPECT_TRUE(closed.closed);
  EXPECT_THAT(list().shells, IsEmpty());
  EXPECT_EQ(error_of([&] { read(); })->message(),
            "shell '0123456789ab' does not exist in workspace '" + id_ + "'");
}

TEST_F(WorkspaceShells, an_open_whose_service_is_killed_opens_one_shell) {
  for (const char* point : {"workspace.shell_open.recorded", "workspace.shell_open.opened"}) {
    SCOPED_TRACE(point);
    across_a_kill(point, [&] { EXPECT_EQ(open(), kShell); });
    EXPECT_THAT(list().shells, SizeIs(1));
    EXPECT_EQ(shells_.count(), 1U);
    call(api::CloseShell{.workspace_id = id_, .shell_id = kShell});
  }
}

TEST_F(WorkspaceShells, a_shell_that_was_recorded_and_never_opened_goes) {
  open();
  service_->kill();
  shells_.forget(kShell);
  start_service();
  EXPECT_TRUE(test::soon([&] { return list().count == 0; }));
}

TEST_F(WorkspaceShells, a_write_whose_answer_was_lost_is_typed_once) {
  open();
  across_a_kill("workspace.shell_write.written", [&] { write("once", "000000000001"); });
  EXPECT_EQ(read().output, "once\r");
}

TEST_F(WorkspaceShells, a_close_whose_service_is_killed_leaves_no_shell) {
  open();
  across_a_kill("workspace.shell_close.closed", [&] {
    // Repeated, unless the next service has found it gone before.
    const auto refused =
        error_of([&] { call(api::CloseShell{.workspace_id = id_, .shell_id = kShell}); });
    if (refused) {
      EXPECT_EQ(refused->reason(), reason::kShellMissing);
    }
  });
  EXPECT_TRUE(test::soon([&] { return list().count == 0; }));
  EXPECT_EQ(shells_.count(), 0U);
}

TEST_F(WorkspaceShells, the_end_of_a_program_is_known_without_a_question) {
  open();
  shells_.end(kShell, 7);
  EXPECT_TRUE(test::soon([&] { return list().running_count == 0; }));
  ASSERT_THAT(list().shells, SizeIs(1));
  EXPECT_EQ(list().shells[0].exit_code, 7);
  EXPECT_TRUE(list().shells[0].ended_at);
  EXPECT_EQ(error_of([&] { write("x", "000000000001"); })->message(),
            "shell 0123456789ab is not running");
}

TEST_F(WorkspaceShells, an_end_while_the_service_was_away_is_known_to_the_next) {
  open();
  service_->kill();
  shells_.end(kShell, 3);
  start_service();
  EXPECT_TRUE(test::soon([&] { return list().running_count == 0; }));
  EXPECT_EQ(read().exit_code, 3);
}

TEST_F(WorkspaceShells, a_shell_goes_with_its_guest) {
  open();
  call(api::StopWorkspace{.workspace_id = id_});
  EXPECT_THAT(list().shells, IsEmpty());
  EXPECT_THAT(
      error_of([&] { read(); })->message(),
      HasSubstr("workspace " + id_ + " must be in 'started' state before shell operations"));
  call(api::StartWorkspace{.workspace_id = id_});
  EXPECT_THAT(error_of([&] { read(); })->message(), HasSubstr("does not exist in workspace"));
}

TEST_F(WorkspaceShells, a_reset_ends_the_shells) {
  open();
  call(api::ResetWorkspace{.workspace_id = id_});
  EXPECT_THAT(list().shells, IsEmpty());
  EXPECT_EQ(shells_.count(), 0U);
}

TEST_F(WorkspaceShells, a_cursor_counts_characters_across_what_is_gone) {
  open();
  shells_.print(kShell, "ääääbbbbcccc");
  EXPECT_EQ(read(0, 4).next_cursor, 4U);
  shells_.drop(kShell, 10, 6);
  const auto part = read(2);
  EXPECT_EQ(part.output, "bbcccc");
  EXPECT_EQ(part.dropped_chars, 4U);
  EXPECT_EQ(part.next_cursor, 12U);
  EXPECT_EQ(read(8).output, "cccc");
  EXPECT_EQ(read(8).dropped_chars, std::nullopt);
}

TEST_F(WorkspaceShells, a_read_takes_no_more_than_it_may) {
  open();
  shells_.print(kShell, "äbcdef");
  const auto part = read(1, 2);
  EXPECT_EQ(part.output, "bc");
  EXPECT_TRUE(part.truncated);
  EXPECT_EQ(read(3).truncated, false);
  EXPECT_THAT(error_of([&] { read(7); }), Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(error_of([&] { read(0, 0); })->message(), HasSubstr("max_chars must be positive"));
}

TEST_F(WorkspaceShells, what_a_hostile_guest_says_of_a_shell_is_refused) {
  open();
  shells_.print(kShell, "text");
  const std::vector<std::function<void(wire::ShellPart&)>> lies = {
      [](wire::ShellPart& part) { part.data.data.assign(9U << 20U, 'x'); },
      [](wire::ShellPart& part) { part.offset = 1U << 30U; },
      [](wire::ShellPart& part) { part.oldest_characters = ~std::uint64_t{0}; },
      [](wire::ShellPart& part) { part.shell.printed_bytes = 1; },
      [](wire::ShellPart& part) { part.oldest_offset = ~std::uint64_t{0}; }};
  for (const auto& lie : lies) {
    shells_.spoil = lie;
    EXPECT_THAT(error_of([&] { read(); }), Refused(ErrorCode::kInternal));
  }
  shells_.spoil = nullptr;
  EXPECT_EQ(read().output, "text");
}

TEST_F(WorkspaceShells, a_plain_read_is_what_a_person_sees_of_the_new_output) {
  open();
  shells_.print(kShell, "$ \x1b[31mmake\x1b[0m\r\n 1%\r99%\r\n");
  const auto plain = [&](std::uint64_t cursor) {
    return call(
        api::ReadShell{.workspace_id = id_, .shell_id = kShell, .cursor = cursor, .plain = true});
  };
  const auto first = plain(0);
  EXPECT_EQ(first.output, "$ make\n99%");
  EXPECT_EQ(first.next_cursor, read().next_cursor);
  shells_.print(kShell, "$ ");
  EXPECT_EQ(plain(first.next_cursor).output, "$");
}

TEST_F(WorkspaceShells, a_guest_that_always_has_more_does_not_hold_a_reader) {
  open();
  shells_.spoil = [](wire::ShellPart& part) {
    part.data.data.clear();
    part.shell.printed_bytes = ~std::uint64_t{0};
  };
  EXPECT_THAT(error_of([&] { read(1000); }), Refused(ErrorCode::kInternal));
}

TEST_F(WorkspaceShells, only_so_many_are_open_at_once) {
  for (int i = 0; i < 16; ++i) open(fmt::format("{:012x}", i));
  EXPECT_EQ(error_of([&] { open("fffffffffff0"); })->reason(), reason::kTooManyShells);
  EXPECT_EQ(list().count, 16U);
}

TEST_F(WorkspaceShells, a_running_shell_holds_the_expiry_off) {
  const std::string without = create();
  open();
  service_->kill();
  for (const auto& id : {id_, without}) {
    change_record(
        id, [](WorkspaceRecord& record) { record.workspace.expires_at = now_epoch_seconds(); });
  }
  start_service();
  const auto is_expired = [&](const std::string& id) {
    return call(api::WorkspaceStatus{.workspace_id = id}).state == api::WorkspaceState::kExpired;
  };
  EXPECT_TRUE(test::soon([&] { return is_expired(without); }));
  EXPECT_FALSE(is_expired(id_));
  shells_.end(kShell, 0);
  EXPECT_TRUE(test::soon([&] { return is_expired(id_); }));
}

TEST_F(WorkspaceShells, odd_requests_are_refused_by_name) {
  open();
  const auto signal = [&](const std::string& name) {
    return error_of([&] {
             call(api::SignalShell{.workspace_id = id_, .shell_id = kShell, .signal_name = name});
           })
        ->message();
  };
  EXPECT_EQ(signal("FOO"), "signal_name must be one of: HUP, INT, TERM, KILL");
  EXPECT_EQ(signal("int"), "not in this test");  // the guest was asked
  const auto open_in = [&](const std::string& cwd) {
    return error_of([&] { call(api::OpenShell{.workspace_id = id_, .cwd = cwd}); })->message();
  };
  EXPECT_EQ(open_in("/etc"), "workspace path must stay inside /workspace");
  EXPECT_EQ(open_in("a/../../etc"), "workspace path must stay inside /workspace");
  EXPECT_THAT(error_of([&] { call(api::OpenShell{.workspace_id = id_, .cols = 0}); })->message(),
              HasSubstr("cols must be positive"));
}

}  // namespace
}  // namespace pyro::workspace
