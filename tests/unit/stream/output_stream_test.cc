#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>

#include "common/base/files.h"
#include "common/stream/output_receiver.h"
#include "common/stream/output_sender.h"

namespace pyro {
namespace {

using testing::HasSubstr;

class OutputStreamTest : public testing::Test {
 protected:
  static Deadline soon() { return Clock::now() + std::chrono::seconds(20); }
  static Work in_time() { return {.deadline = soon()}; }

  /// Sends raw bytes as a sender gone wrong would.
  static void send_raw(const std::filesystem::path& socket, std::string_view bytes) {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    // A receiver that refuses closes in the middle.
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  template <class Action>
  static std::string failure_of(Action&& action) {
    try {
      action();
    } catch (const Error& error) {
      return std::string(to_string(error.code())) + ": " + error.message();
    }
    return "no failure";
  }

  TemporaryDirectory directory_{"/tmp", "pyro-test"};
};

TEST_F(OutputStreamTest, every_byte_of_both_streams_arrives_in_order) {
  std::string out;
  std::string errors;
  OutputReceiver receiver(directory_.path(), [&](std::uint32_t stream, std::string_view data) {
    (stream == 1 ? out : errors) += data;
  });
  std::string sent;
  for (int i = 0; i < 3'000'000; ++i) sent += static_cast<char>(i * 7);  // also NUL and 0xFF
  {
    OutputSender sender(receiver.socket(), in_time());
    sender.send(1, sent);
    sender.send(2, "oops\n");
    sender.send(1, "end");
  }
  receiver.finish(soon());
  EXPECT_TRUE(out == sent + "end");
  EXPECT_EQ(errors, "oops\n");
}

TEST_F(OutputStreamTest, a_call_that_never_streamed_is_not_waited_for) {
  OutputReceiver receiver(directory_.path(), [](std::uint32_t, std::string_view) {});
  receiver.finish(soon());
}

TEST_F(OutputStreamTest, a_sender_that_connected_before_the_end_is_read_to_its_end) {
  std::string out;
  OutputReceiver receiver(directory_.path(),
                          [&](std::uint32_t, std::string_view data) { out += data; });
  auto sender = std::make_unique<OutputSender>(receiver.socket(), in_time());
  auto finished = std::async(std::launch::async, [&] { receiver.finish(soon()); });
  sender->send(1, "late");
  sender.reset();
  finished.get();
  EXPECT_EQ(out, "late");
}

TEST_F(OutputStreamTest, the_socket_is_gone_afterwards) {
  std::filesystem::path socket;
  {
    OutputReceiver receiver(directory_.path(), [](std::uint32_t, std::string_view) {});
    socket = receiver.socket();
    EXPECT_TRUE(std::filesystem::exists(socket));
  }
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST_F(OutputStreamTest, a_slow_reader_ends_a_send_at_its_deadline) {
  std::promise<void> go_on;
  std::shared_future<void> gate(go_on.get_future());
  OutputReceiver receiver(directory_.path(),
                          [gate](std::uint32_t, std::string_view) { gate.wait(); });
  const std::string much(8U << 20U, 'x');
  OutputSender sender(receiver.socket(),
                      {.deadline = Clock::now() + std::chrono::milliseconds(100)});
  EXPECT_THAT(failure_of([&] { sender.send(1, much); }), HasSubstr("deadline_exceeded"));
  go_on.set_value();
}

TEST_F(OutputStreamTest, a_stop_ends_a_send_that_waits_for_its_reader) {
  std::promise<void> go_on;
  std::shared_future<void> gate(go_on.get_future());
  OutputReceiver receiver(directory_.path(),
                          [gate](std::uint32_t, std::string_view) { gate.wait(); });
  std::stop_source stop;
  OutputSender sender(receiver.socket(), {.deadline = soon(), .stop = stop.get_token()});
  stop.request_stop();
  EXPECT_THAT(failure_of([&] { sender.send(1, std::string(8U << 20U, 'x')); }),
              HasSubstr("cancelled"));
  go_on.set_value();
}

TEST_F(OutputStreamTest, a_reader_that_closed_is_an_error_and_no_signal) {
  auto receiver =
      std::make_unique<OutputReceiver>(directory_.path(), [](std::uint32_t, std::string_view) {});
  OutputSender sender(receiver->socket(), in_time());
  sender.send(1, "x");
  receiver.reset();
  EXPECT_THAT(failure_of([&] {
                for (int i = 0; i < 100; ++i) {
                  sender.send(1, std::string(1U << 20U, 'x'));
                }
              }),
              HasSubstr("unavailable: the caller closed its output"));
}

TEST_F(OutputStreamTest, a_writer_that_fails_ends_the_stream_with_its_error) {
  OutputReceiver receiver(directory_.path(), [](std::uint32_t, std::string_view) {
    throw resource_exhausted("the disk is full");
  });
  OutputSender sender(receiver.socket(), in_time());
  sender.send(1, "x");
  EXPECT_THAT(failure_of([&] { receiver.finish(soon()); }), HasSubstr("the disk is full"));
}

TEST_F(OutputStreamTest, nonsense_is_refused_and_not_kept) {
  const auto failure_after = [&](std::string_view bytes) {
    OutputReceiver receiver(directory_.path(), [](std::uint32_t, std::string_view) {});
    send_raw(receiver.socket(), bytes);
    return failure_of([&] { receiver.finish(soon()); });
  };
  EXPECT_THAT(failure_after("\xc1\xc1"), HasSubstr("damaged"));
  EXPECT_THAT(failure_after("\x01"), HasSubstr("a message must be a map"));
  // Data that claims 4 GiB - 1 is not collected beyond the largest chunk.
  EXPECT_THAT(failure_after(std::string("\x82\xa6stream\x01\xa4"
                                        "data\xc6\xff\xff\xff\xff",
                                        19) +
                            std::string(2U << 20U, 'x')),
              HasSubstr("too large"));
  EXPECT_THAT(failure_after(std::string("\x82\xa6stream", 8)), HasSubstr("broke off"));
}

}  // namespace
}  // namespace pyro
