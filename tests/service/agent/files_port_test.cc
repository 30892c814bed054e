#include "common/base/text.h"
#include "tests/service/agent/files_fixture.h"

namespace pyro::agent {
namespace {

using pyro::testing::Refused;
using std::chrono::seconds;

namespace fs = std::filesystem;

class FilesPortTest : public FilesTest {
 protected:
  static constexpr std::size_t kBigFiles = 24;
  static constexpr std::size_t kBigFileBytes = 1U << 20U;

  /// More than fits into all the queues on the way.
  void put_big_tree() const {
    for (std::size_t i = 0; i < kBigFiles; ++i) {
      put("big/" + std::to_string(i), std::string(kBigFileBytes, 'b'));
    }
  }

  /// A connection that asked and does not read the answer.
  template <class Op>
  UniqueFd ask_and_wait(const Op& request) {
    UniqueFd socket = dial(wire::kFilesPort).release();
    link::Frame frame{.method = std::string(Op::kMethod.name)};
    frame.body.data = api::to_msgpack(request);
    write_all(socket.get(), link::encode_frame(frame));
    return socket;
  }

  /// Everything up to the answer: how many bytes of output, and whether it was a result.
  static std::pair<std::uint64_t, bool> drain(int socket) {
    link::FrameDecoder decoder;
    std::uint64_t output = 0;
    std::string buffer(256U << 10U, '\0');
    while (true) {
      while (const auto frame = decoder.next()) {
        if (frame->type != link::FrameType::kOutput) {
          return {output, frame->type == link::FrameType::kResult};
        }
        EXPECT_EQ(frame->stream, 1U);
        EXPECT_LE(frame->body.data.size(), 256U << 10U);
        output += frame->body.data.size();
      }
      const ssize_t n = ::read(socket, buffer.data(), buffer.size());
      if (n <= 0) return {output, false};
      decoder.feed({buffer.data(), static_cast<std::size_t>(n)});
    }
  }

  std::size_t threads_of_the_agent() const {
    const fs::path tasks = fs::path("/proc") / std::to_string(agent_->pid()) / "task";
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(tasks), fs::directory_iterator()));
  }
};

TEST_F(FilesPortTest, a_reader_that_takes_its_time_holds_up_nobody) {
  auto connection = files();
  put_big_tree();
  const UniqueFd slow = ask_and_wait(wire::SendTree{.path = "big"});
  EXPECT_EQ(call(wire::Hello{}).agent_version, PYRO_VERSION);
  EXPECT_EQ(run("echo on; sleep 0.1; echo and on").output, "on\nand on\n");
  auto another = files();
  stage(connection, "", {file("x", "1")});
  stage(another, "", {file("y", "2")});
  ask(another, wire::CommitChange{});
  ask(connection, wire::CommitChange{});
  EXPECT_EQ(read_file(tree() / "x") + read_file(tree() / "y"), "12");
  const auto [output, answered] = drain(slow.get());
  EXPECT_GT(output, kBigFiles * kBigFileBytes);
  EXPECT_TRUE(answered);
}

TEST_F(FilesPortTest, a_host_that_goes_in_the_middle_ends_its_thread) {
  files();
  put_big_tree();
  const std::size_t before = threads_of_the_agent();
  { const UniqueFd gone = ask_and_wait(wire::SendTree{.path = "big"}); }
  const auto deadline = in(seconds(10));
  while (threads_of_the_agent() > std::min<std::size_t>(before, 1) && Clock::now() < deadline) {
    call(wire::Hello{});
  }
  EXPECT_EQ(threads_of_the_agent(), 1U);
}

TEST_F(FilesPortTest, jobs_start_and_end_while_trees_are_sent) {
  files();
  put_big_tree();
  std::vector<UniqueFd> readers;
  for (int i = 0; i < 3; ++i) readers.push_back(ask_and_wait(wire::SendTree{.path = "big"}));
  std::vector<std::thread> draining;
  for (const auto& reader : readers) {
    draining.emplace_back([fd = reader.get()] { EXPECT_TRUE(drain(fd).second); });
  }
  // Every job is a fork beside busy threads; it must not hold on to what they have open.
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(run("ls /proc/self/fd | wc -l").output, "4\n");
  }
  for (auto& thread : draining) thread.join();
}

TEST_F(FilesPortTest, a_job_that_lives_on_keeps_no_connection_open) {
  auto request = job("exec sleep 60");
  request.follow = false;
  {
    auto connection = files();
    stage(connection, "", {file("f", "")});
    call(request);
  }
  const auto deadline = in(seconds(10));
  while (threads_of_the_agent() > 1 && Clock::now() < deadline) call(wire::Hello{});
  EXPECT_EQ(threads_of_the_agent(), 1U);
  EXPECT_TRUE(fs::is_empty(own() / "staging"));
}

TEST_F(FilesPortTest, the_connections_are_counted) {
  std::vector<link::AgentConnection> held;
  std::size_t refused = 0;
  for (int i = 0; i < 40; ++i) {
    const auto error = pyro::testing::error_of([&] { held.push_back(dial(wire::kFilesPort)); });
    if (!error) continue;
    ++refused;
    EXPECT_EQ(error->code(), ErrorCode::kUnavailable);
  }
  EXPECT_EQ(held.size(), 32U);
  EXPECT_EQ(refused, 8U);
  for (auto& connection : held) ask(connection, wire::MountVolume{});
  EXPECT_EQ(call(wire::Hello{}).agent_version, PYRO_VERSION);
  held.clear();
  const auto deadline = in(seconds(10));
  while (threads_of_the_agent() > 1 && Clock::now() < deadline) call(wire::Hello{});
  ask(held.emplace_back(dial(wire::kFilesPort)), wire::MountVolume{});
}

TEST_F(FilesPortTest, what_is_no_frame_ends_the_connection_and_no_other) {
  auto connection = files();
  for (const std::string& garbage :
       {std::string("\xff\xff\xff\xff", 4), std::string("\0\0\0\1\xc1", 5),
        std::string("\0\0\0\3abc", 7), std::string(100, '\xee')}) {
    UniqueFd socket = dial(wire::kFilesPort).release();
    write_all(socket.get(), garbage);
    char byte = 0;
    EXPECT_LE(::read(socket.get(), &byte, 1), 0) << shell_quote(garbage);
  }
  UniqueFd socket = dial(wire::kFilesPort).release();
  write_all(socket.get(), link::encode_frame({.type = link::FrameType::kResult}));
  char byte = 0;
  EXPECT_LE(::read(socket.get(), &byte, 1), 0);
  receive(connection, wire::ListTree{});
}

TEST_F(FilesPortTest, requests_it_does_not_know_are_refused_by_name) {
  auto connection = files();
  EXPECT_THAT(
      refusal(connection, wire::Hello{}),
      Refused(ErrorCode::kInvalidArgument, "the agent's files port knows no method 'agent.hello'"));
  EXPECT_THAT(refusal(connection, wire::FreezeVolume{.limit_ms = 0}),
              Refused(ErrorCode::kInvalidArgument, "limit_ms must be between 1 and 600000, not 0"));
  receive(connection, wire::ListTree{});
}

}  // namespace
}  // namespace pyro::agent
