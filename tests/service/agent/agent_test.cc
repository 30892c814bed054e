#include <gmock/gmock.h>

#include "common/base/text.h"
#include "tests/service/agent/agent_fixture.h"

namespace pyro::agent {
namespace {

using std::chrono::seconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using wire::JobState;

TEST_F(AgentTest, hello_names_the_version) {
  EXPECT_EQ(call(wire::Hello{}).agent_version, PYRO_VERSION);
}

TEST_F(AgentTest, a_command_gives_its_exit_code_and_both_streams_apart) {
  const Outcome out = run("echo out; echo err >&2; exit 7");
  EXPECT_EQ(out.job.state, JobState::kExited);
  EXPECT_EQ(out.job.exit_code, 7);
  EXPECT_EQ(out.output, "out\n");
  EXPECT_EQ(out.errors, "err\n");
  EXPECT_EQ(out.job.stdout_bytes, 4U);
}

TEST_F(AgentTest, output_that_is_not_text_comes_back_byte_by_byte) {
  const Outcome out = run(R"(printf '\000\377\n\301\236\007\364\323\153\210\032')");
  EXPECT_EQ(out.output, std::string("\0\377\n\301\236\007\364\323\153\210\032", 11));
}

TEST_F(AgentTest, a_signalled_shell_exits_with_128_and_its_signal) {
  EXPECT_EQ(run("kill -SEGV $$").job.exit_code, 128 + SIGSEGV);
}

TEST_F(AgentTest, a_command_finds_the_documented_surroundings) {
  auto request =
      job("echo $HOME $USER $LANG $ADDED; pwd; readlink /proc/self/fd/0; "
          "ps -o sid= -p $$ | tr -d ' ' | grep -qx $$ && echo own session; ls /proc/self/fd");
  request.environment = {{"ADDED", "a b"}};
  request.cwd = "/usr";
  EXPECT_EQ(follow(request).output,
            "/root root C.UTF-8 a b\n/usr\n/dev/null\nown session\n0\n1\n2\n3\n");
}

TEST_F(AgentTest, a_directory_that_is_not_there_is_named) {
  auto request = job("true");
  request.cwd = "/no/such directory";
  try {
    follow(request);
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.message(), HasSubstr("'/no/such directory': No such file"));
  }
}

TEST_F(AgentTest, what_cannot_be_a_variable_is_refused) {
  auto request = job("true");
  request.environment = {{"A=B", "c"}};
  EXPECT_EQ(code_of([&] { follow(request); }), ErrorCode::kInvalidArgument);
}

TEST_F(AgentTest, a_command_over_its_time_is_gone_with_all_that_escaped_from_it) {
  auto request =
      job("echo begun; setsid sh -c 'setsid sleep 1000 & echo $!; sleep 1000' & "
          "printf half >&2; wait");
  request.timeout_ms = 700;
  const Outcome out = follow(request);
  EXPECT_EQ(out.job.state, JobState::kTimedOut);
  EXPECT_EQ(out.job.exit_code, 124);
  EXPECT_EQ(out.errors, "half\ncommand timed out after 0.7s\n");
  const std::string escaped = out.output.substr(6, out.output.size() - 7);
  EXPECT_FALSE(escaped.empty());
  EXPECT_FALSE(process_lives(escaped));
}

TEST_F(AgentTest, an_exec_ends_with_its_shell_whoever_still_holds_its_output) {
  const Outcome out = run("(sleep 1000; echo late) & echo $!");
  EXPECT_EQ(out.job.state, JobState::kExited);
  EXPECT_LT(out.job.duration_ms, 20'000U);
  EXPECT_TRUE(process_lives(out.output.substr(0, out.output.size() - 1)));
}

TEST_F(AgentTest, background_children_may_go_on_printing) {
  const Outcome out = run("(for i in $(seq 2000); do echo $i; done; echo done > " +
                          (directory_.path() / "mark").string() + ") & true");
  EXPECT_EQ(out.job.exit_code, 0);
  // A pipe that nobody reads any more would have killed it before it comes to the mark.
  EXPECT_EQ(run("while [ ! -s " + (directory_.path() / "mark").string() + " ]; do sleep 0.01; done")
                .job.exit_code,
            0);
}

TEST_F(AgentTest, two_hundred_megabytes_arrive_and_take_no_memory) {
  std::uint64_t bytes = 0;
  auto connection = dial();
  const auto started = Clock::now();
  const wire::Job ended = connection.follow(
      job("head -c 200000000 /dev/zero"),
      [&bytes](const link::OutputPiece& piece) { bytes += piece.data.size(); }, {in(seconds(60))});
  RecordProperty("milliseconds", static_cast<int>(elapsed_since(started).count()));
  EXPECT_EQ(bytes, 200'000'000U);
  EXPECT_EQ(ended.stdout_bytes, 200'000'000U);
  const std::string status = read_file("/proc/" + std::to_string(agent_->pid()) + "/status");
  const int high_water_kib = std::stoi(status.substr(status.find("VmHWM:") + 6));
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr int kMost = 600 * 1024;  // it keeps what was freed last, up to 256 MiB, and its shadow
#else
  constexpr int kMost = 20 * 1024;
#endif
  EXPECT_LT(high_water_kib, kMost);
}

TEST_F(AgentTest, a_slow_follower_slows_the_job_and_loses_nothing) {
  auto connection = dial();
  std::uint64_t bytes = 0;
  const auto mark = directory_.path() / "mark";
  const wire::Job ended = connection.follow(
      job("head -c 30000000 /dev/zero; echo done > " + mark.string()),
      [&](const link::OutputPiece& piece) {
        // Held here, the job cannot come to its end: all buffers on the way are far smaller.
        if (bytes == 0) {
          for (int look = 0; look < 500; ++look) {
            EXPECT_EQ(call(wire::JobStatus{.job_id = "job1"}).state, JobState::kRunning);
          }
          EXPECT_FALSE(std::filesystem::exists(mark));
        }
        bytes += piece.data.size();
      },
      {in(seconds(60))});
  EXPECT_EQ(bytes, 30'000'000U);
  EXPECT_EQ(ended.exit_code, 0);
}

TEST_F(AgentTest, a_follower_that_vanishes_does_not_hold_the_job_up) {
  {
    auto connection = dial();
    EXPECT_EQ(code_of([&] {
                connection.follow(job("head -c 50000000 /dev/zero; exit 3"),
                                  [](const link::OutputPiece&) { throw cancelled("enough"); },
                                  {in(seconds(20))});
              }),
              ErrorCode::kCancelled);
  }
  const wire::Job ended = wait_for_end("job1");
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(ended.stdout_bytes, 50'000'000U);
}

TEST_F(AgentTest, a_job_is_found_again_by_its_id_and_followed_from_its_start) {
  auto request = job("echo one; while [ ! -e " + (directory_.path() / "go").string() +
                     " ]; do sleep 0.01; done; echo two");
  request.follow = false;
  EXPECT_EQ(call(request).state, JobState::kRunning);
  EXPECT_EQ(code_of([&] { call(request); }), ErrorCode::kAlreadyExists);
  EXPECT_EQ(call(wire::JobStatus{.job_id = request.job_id}).state, JobState::kRunning);
  EXPECT_EQ(code_of([&] { call(wire::ForgetJob{.job_id = request.job_id}); }),
            ErrorCode::kFailedPrecondition);
  std::ofstream(directory_.path() / "go") << "x";
  auto connection = dial();
  const Outcome out = follow(connection, wire::FollowJob{.job_id = request.job_id});
  EXPECT_EQ(out.output, "one\ntwo\n");
  EXPECT_EQ(out.job.exit_code, 0);
  call(wire::ForgetJob{.job_id = request.job_id});
  EXPECT_EQ(code_of([&] { call(wire::JobStatus{.job_id = request.job_id}); }),
            ErrorCode::kNotFound);
}

TEST_F(AgentTest, who_follows_from_an_offset_consumes_nothing_and_is_refused_what_was_not_printed) {
  run("printf abcdef; printf XYZ >&2");
  const wire::FollowJob request{.job_id = "job1", .stdout_offset = 2, .stderr_offset = 2};
  auto connection = dial();
  for (int i = 0; i < 2; ++i) {
    const Outcome rest = follow(connection, request);
    EXPECT_EQ(rest.output, "cdef");
    EXPECT_EQ(rest.errors, "Z");
  }
  const wire::FollowJob end{.job_id = "job1", .stdout_offset = 6, .stderr_offset = 3};
  EXPECT_EQ(follow(connection, end).output, "");
  EXPECT_EQ(code_of([&] { call(wire::FollowJob{.job_id = "job1", .stderr_offset = 4}); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([&] { call(wire::FollowJob{.job_id = "job1", .stdout_offset = 7}); }),
            ErrorCode::kInvalidArgument);
}

TEST_F(AgentTest, who_lost_its_connection_follows_on_where_it_was) {
  auto request = job("printf abc; printf XY >&2; while [ ! -e " +
                     (directory_.path() / "go").string() + " ]; do sleep 0.01; done; printf def");
  request.follow = false;
  call(request);
  while (call(wire::JobStatus{.job_id = request.job_id}).stderr_bytes < 2) {
  }
  std::ofstream(directory_.path() / "go") << "x";
  auto connection = dial();
  const Outcome rest =
      follow(connection,
             wire::FollowJob{.job_id = request.job_id, .stdout_offset = 2, .stderr_offset = 1});
  EXPECT_EQ(rest.output, "cdef");
  EXPECT_EQ(rest.errors, "Y");
}

TEST_F(AgentTest, of_long_output_the_first_and_the_last_four_megabytes_are_kept) {
  run("head -c 5000000 /dev/zero | tr '\\0' a; head -c 5000000 /dev/zero | tr '\\0' b");
  std::string kept;
  std::uint64_t dropped = 0;
  dial().follow(wire::FollowJob{.job_id = "job1"},
                [&](const link::OutputPiece& piece) {
                  dropped += piece.dropped;
                  kept += piece.data;
                },
                {in(seconds(30))});
  constexpr std::size_t kHalf = 4U << 20U;
  EXPECT_EQ(dropped, 10'000'000 - 2 * kHalf);
  EXPECT_TRUE(kept == std::string(kHalf, 'a') + std::string(kHalf, 'b'));
}

TEST_F(AgentTest, a_killed_job_is_cancelled_and_its_processes_are_gone) {
  const auto request = job("setsid sleep 1000 & echo $!; wait");
  const std::string escaped = begin(request);
  const auto ended = call(wire::SignalJob{.job_id = request.job_id, .signal = SIGKILL});
  EXPECT_EQ(ended.state, JobState::kCancelled);
  EXPECT_EQ(ended.exit_code, 128 + SIGKILL);
  EXPECT_FALSE(process_lives(escaped));
}

TEST_F(AgentTest, what_an_ended_job_left_running_is_ended_by_its_id) {
  const Outcome out = run("sleep 1000 >&- 2>&- & echo $!");
  const std::string left(trim(out.output));
  EXPECT_TRUE(process_lives(left));
  call(wire::ForgetJob{.job_id = out.job.job_id});
  const auto ended = call(wire::EndLeft{.job_id = out.job.job_id});
  EXPECT_TRUE(ended.any);
  EXPECT_TRUE(ended.gone);
  EXPECT_FALSE(process_lives(left));
  EXPECT_FALSE(call(wire::EndLeft{.job_id = out.job.job_id}).any);
  EXPECT_FALSE(call(wire::EndLeft{.job_id = "unknown"}).any);
}

TEST_F(AgentTest, a_job_that_runs_left_nothing) {
  const auto request = job("echo runs; sleep 1000");
  begin(request);
  EXPECT_FALSE(call(wire::EndLeft{.job_id = request.job_id}).any);
  EXPECT_EQ(call(wire::JobStatus{.job_id = request.job_id}).state, JobState::kRunning);
}

TEST_F(AgentTest, the_time_that_was_over_before_a_job_came_counts) {
  auto request = job("sleep 1000");
  request.timeout_ms = 3'600'000;
  request.spent_ms = 3'599'999;
  const Outcome out = follow(request);
  EXPECT_EQ(out.job.state, JobState::kTimedOut);
  EXPECT_EQ(out.errors, "command timed out after 3600s\n");
}

TEST_F(AgentTest, a_signal_reaches_every_process_of_the_job) {
  const auto request =
      job("trap 'wait; exit 5' TERM; (trap 'echo child; exit' TERM; echo up; "
          "while :; do sleep 0.01; done) & wait");
  begin(request);
  call(wire::SignalJob{.job_id = request.job_id, .signal = SIGTERM});
  auto connection = dial();
  const Outcome out = follow(connection, wire::FollowJob{.job_id = request.job_id});
  EXPECT_EQ(out.job.exit_code, 5);
  EXPECT_THAT(out.output, EndsWith("child\n"));
}

TEST_F(AgentTest, fifty_jobs_at_once_keep_their_outputs_apart) {
  std::vector<std::future<Outcome>> outcomes;
  for (int i = 0; i < 50; ++i) {
    auto request = job("for i in $(seq 200); do echo " + std::to_string(i) + "; done; exit " +
                       std::to_string(i));
    outcomes.push_back(std::async(std::launch::async, [this, request] { return follow(request); }));
  }
  for (int i = 0; i < 50; ++i) {
    const Outcome out = outcomes[static_cast<std::size_t>(i)].get();
    EXPECT_EQ(out.job.exit_code, i);
    std::string expected;
    for (int line = 0; line < 200; ++line) expected += std::to_string(i) + "\n";
    EXPECT_EQ(out.output, expected);
  }
}

TEST_F(AgentTest, only_the_last_jobs_that_ended_are_kept) {
  auto connection = dial();
  auto running = job("sleep 1000");
  running.follow = false;
  running.timeout_ms = 1'000'000;
  connection.call(running, {in(seconds(10))});
  for (int i = 0; i < 257; ++i) follow(connection, job("exit 0"));
  EXPECT_EQ(code_of([&] { call(wire::JobStatus{.job_id = "job2"}); }), ErrorCode::kNotFound);
  EXPECT_EQ(call(wire::JobStatus{.job_id = "job3"}).state, JobState::kExited);
  EXPECT_EQ(call(wire::JobStatus{.job_id = "job1"}).state, JobState::kRunning);
}

TEST_F(AgentTest, a_host_that_sends_no_frames_is_cut_off_and_others_go_on) {
  const UniqueFd socket = dial().release();
  write_all(socket.get(), std::string("\xff\xff\xff\xff garbage"));
  EXPECT_EQ(read_to_end(socket.get(), 100), "");
  EXPECT_EQ(run("echo fine").output, "fine\n");
}

TEST_F(AgentTest, unknown_methods_and_fields_are_refused_by_name) {
  const UniqueFd socket = dial().release();
  link::Frame frame{.method = "job.dance", .body = {}};
  write_all(socket.get(), link::encode_frame(frame));
  link::FrameDecoder decoder;
  std::optional<link::Frame> answer;
  while (!(answer = decoder.next())) decoder.feed(read_to_end(socket.get(), 1));
  EXPECT_EQ(answer->type, link::FrameType::kError);
  EXPECT_THAT(answer->body.data, HasSubstr("'job.dance'"));
}

TEST_F(AgentTest, another_port_reaches_a_service_of_the_guest) {
  const auto request =
      job("python3 -uc \"import socket; s = socket.create_server(('127.0.0.1', 0)); "
          "print(s.getsockname()[1]); c = s.accept()[0]; d = b''\n"
          "while (p := c.recv(4096)): d += p\n"
          "c.sendall(d.upper()); c.close()\"");
  const auto port = static_cast<std::uint32_t>(std::stoul(begin(request)));
  const UniqueFd socket = dial(port).release();
  write_all(socket.get(), std::string(300'000, 'x'));
  ::shutdown(socket.get(), SHUT_WR);
  EXPECT_TRUE(read_to_end(socket.get(), 1'000'000) == std::string(300'000, 'X'));
}

TEST_F(AgentTest, a_port_nobody_listens_on_is_refused) {
  EXPECT_EQ(code_of([&] { dial(1); }), ErrorCode::kUnavailable);
}

TEST_F(AgentTest, power_off_is_answered_and_ends_the_jobs_and_the_agent) {
  const std::string escaped = begin(job("setsid sleep 1000 & echo $!; wait"));
  call(wire::PowerOff{});
  EXPECT_THAT(broken_.get_future().get(), HasSubstr("closed"));
  EXPECT_FALSE(process_lives(escaped));
}

}  // namespace
}  // namespace pyro::agent
