#include "common/link/link_server.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <future>
#include <thread>

#include "common/api/error_body.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/link/agent_client.h"
#include "tests/support/errors.h"
#include "tests/support/soon.h"

namespace pyro::link {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
namespace wire = api::agent;

/// A LinkServer before an agent that this test plays, on a stream that it holds the end of.
class LinkServerTest : public ::testing::Test, public StreamHandler {
 protected:
  LinkServerTest() : directory_("/tmp", "pyro-link-test") {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw system_error("socketpair");
    }
    server_ = std::make_unique<LinkServer>(io_, UniqueFd(ends[0]), path(), nullptr);
    agent_ = std::make_unique<Mux>(io_, UniqueFd(ends[1]), MuxEnd::kAgent,
                                   MuxEvents{.on_ready = {},
                                             .on_open =
                                                 [this](const auto& stream, std::uint32_t) {
                                                   stream_ = stream;
                                                   stream->accept({std::shared_ptr<void>(), this});
                                                 },
                                             .on_broken = {}});
    loop_ = std::thread([this] {
      const auto work = asio::make_work_guard(io_);
      io_.run();
    });
  }
  /// Not in the destructor: the loop still calls this object then.
  void TearDown() override {
    io_.stop();
    loop_.join();
    agent_.reset();
    server_.reset();
  }

  void answer_hello() {
    if (std::exchange(answered_, true)) return;
    asio::post(io_, [this] { agent_->start(); });
  }
  void on_data(std::string_view data) override {
    stream_->consume(data.size());
    if (!reply_.empty()) stream_->write(reply_);
    if (closes_) stream_->finish();
  }
  void on_finish() override {}
  void on_reset() override {}
  void on_writable() override {}

  std::filesystem::path path() const { return directory_.path() / "link.sock"; }
  AgentConnection dial(Deadline deadline = Clock::now() + seconds(10)) {
    return AgentConnection::dial(path(), wire::kPort, {deadline});
  }
  Error error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error;
    }
    return internal_error("no error");
  }
  Error error_of_call(milliseconds limit = seconds(10)) {
    answer_hello();
    auto connection = dial();
    return error_of([&] { connection.call(wire::Hello{}, {Clock::now() + limit}); });
  }

  TemporaryDirectory directory_;
  asio::io_context io_{1};
  std::unique_ptr<LinkServer> server_;
  std::unique_ptr<Mux> agent_;
  std::shared_ptr<MuxStream> stream_;
  std::string reply_;
  bool closes_ = false;
  bool answered_ = false;
  std::thread loop_;
};

std::string frame(FrameType type, std::string body) {
  Frame out;
  out.type = type;
  out.body.data = std::move(body);
  return encode_frame(out);
}

TEST_F(LinkServerTest, a_dial_waits_until_the_agent_has_answered) {
  EXPECT_EQ(error_of([&] { dial(Clock::now() + milliseconds(50)); }).code(),
            ErrorCode::kDeadlineExceeded);
  auto waiting = std::async(std::launch::async, [this] { return dial(); });
  answer_hello();
  EXPECT_NO_THROW(waiting.get());
}

TEST_F(LinkServerTest, a_line_that_is_no_connect_is_closed) {
  answer_hello();
  for (const std::string line : {"HELLO\n", "CONNECT 99999999999\n", "CONNECT 1x\n", "CONNECT \n",
                                 "CONNECT 1234567890123456789"}) {
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    write_all(socket.get(), line);
    EXPECT_EQ(read_to_end(socket.get(), 100), "") << line;
  }
}

TEST_F(LinkServerTest, a_path_too_long_for_a_socket_is_refused) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const UniqueFd other(ends[1]);
  const Error error = error_of([&] {
    LinkServer(io_, UniqueFd(ends[0]), directory_.path() / std::string(108, 'x'), nullptr);
  });
  EXPECT_THAT(error.message(), HasSubstr("choose a shorter directory"));
}

TEST_F(LinkServerTest, an_agent_that_says_nothing_holds_a_caller_until_its_deadline_only) {
  EXPECT_EQ(error_of_call(milliseconds(300)).code(), ErrorCode::kDeadlineExceeded);
}

TEST_F(LinkServerTest, an_agent_that_closes_is_unavailable) {
  closes_ = true;
  const Error error = error_of_call();
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_EQ(error.message(), "the guest's agent closed the connection");
}

/// A process of its own that takes one call and ends, as a shim whose VMM ended.
pid_t fork_ending_shim(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw system_error("bind");
  }
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::listen(listener.get(), 1);
  const int peer = ::accept(listener.get(), nullptr, nullptr);
  char line[64];
  static_cast<void>(::recv(peer, line, sizeof line, 0));
  static_cast<void>(::send(peer, "OK 1\n", 5, 0));
  static_cast<void>(::recv(peer, line, sizeof line, 0));
  ::_exit(0);
}

TEST(AgentConnection, of_a_guest_that_ended_by_itself_says_so) {
  const TemporaryDirectory directory("/tmp", "pyro-link-test");
  const auto path = directory.path() / "link.sock";
  const pid_t shim = fork_ending_shim(path);
  std::optional<AgentConnection> connection;
  ASSERT_TRUE(test::soon([&] {
    try {
      connection = AgentConnection::dial(path, wire::kPort, {Clock::now() + seconds(10)});
    } catch (const Error&) {  // it does not listen yet
    }
    return connection.has_value();
  }));
  EXPECT_THAT(
      pyro::testing::error_of(
          [&] { connection->call(wire::Hello{}, {Clock::now() + seconds(10)}); }),
      pyro::testing::Refused(ErrorCode::kUnavailable,
                             "the guest ended by itself: it powered off, crashed or was killed"));
  ::waitpid(shim, nullptr, 0);
}

TEST_F(LinkServerTest, wrong_answers_are_errors) {
  for (const std::string& wrong :
       {std::string("\xff\xff\xff\xff"), frame(FrameType::kRequest, ""),
        frame(FrameType::kOutput, "x"), frame(FrameType::kResult, "\xc0"),
        frame(FrameType::kError, "?")}) {
    reply_ = wrong;
    EXPECT_THAT(error_of_call().message(), HasSubstr("the guest's agent sent a wrong answer"));
  }
}

TEST_F(LinkServerTest, an_error_keeps_its_code_and_loses_its_control_characters) {
  reply_ = frame(FrameType::kError,
                 api::to_msgpack(api::ErrorBody{.code = "not_found", .message = "no \x1b[2Jjob"}));
  const Error error = error_of_call();
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.message(), "no [2Jjob");
}

TEST_F(LinkServerTest, an_agent_gives_reasons_about_its_own_files_and_jobs_only) {
  const auto reason_given = [this](std::string reason) {
    reply_ = frame(FrameType::kError,
                   api::to_msgpack(api::ErrorBody{
                       .code = "not_found", .reason = std::move(reason), .message = "no"}));
    return std::string(error_of_call().reason());
  };
  EXPECT_EQ(reason_given("job_missing"), "job_missing");
  EXPECT_EQ(reason_given("path_missing"), "path_missing");
  EXPECT_EQ(reason_given("disk_full"), "workspace_full") << "the host has room";
  for (const char* pyros :
       {"workspace_gone", "interrupted", "limit_reached", "no_guest", "workspace_full", "new"}) {
    EXPECT_EQ(reason_given(pyros), "not_found") << pyros;
  }
  EXPECT_EQ(reason_given(""), "not_found");
}

TEST_F(LinkServerTest, a_reason_that_is_no_name_is_a_wrong_answer) {
  reply_ = frame(FrameType::kError,
                 api::to_msgpack(api::ErrorBody{
                     .code = "not_found", .reason = std::string(65, 'x'), .message = "no"}));
  EXPECT_THAT(error_of_call().message(), HasSubstr("the guest's agent sent a wrong answer"));
}

}  // namespace
}  // namespace pyro::link
