#include "common/link/mux.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/random.h"

namespace pyro::link {
namespace {

std::pair<UniqueFd, UniqueFd> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    throw system_error("socketpair");
  }
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

struct Recorder : StreamHandler {
  void on_accepted() override { accepted = true; }
  void on_data(std::string_view data) override {
    if (on_first) std::exchange(on_first, nullptr)();
    received += data.size();
    if (keep) text.append(data);
    if (consuming) stream->consume(data.size());
  }
  void on_finish() override { finished = true; }
  void on_reset() override { was_reset = true; }
  void on_writable() override { ++writable; }

  std::shared_ptr<MuxStream> stream;
  std::size_t received = 0;
  std::string text;
  bool consuming = true;
  bool keep = false;
  bool accepted = false;
  bool finished = false;
  bool was_reset = false;
  int writable = 0;
  std::function<void()> on_first;
};

/// Two real ends in one loop, or one end and a hostile peer that is a bare descriptor.
class MuxTest : public ::testing::Test {
 protected:
  void make_host(UniqueFd fd) {
    host_ = std::make_unique<Mux>(
        io_, std::move(fd), MuxEnd::kHost,
        MuxEvents{
            .on_ready = {}, .on_open = {}, .on_broken = [this](auto& why) { broken_ = why; }});
    host_->start();
  }
  void make_agent(UniqueFd fd) {
    agent_ = std::make_unique<Mux>(
        io_, std::move(fd), MuxEnd::kAgent,
        MuxEvents{.on_ready = [this] { ++hellos_; },
                  .on_open =
                      [this](const std::shared_ptr<MuxStream>& stream, std::uint32_t port) {
                        if (port == 1) return stream->reset();
                        auto taken = std::make_shared<Recorder>();
                        taken->stream = stream;
                        taken_.push_back(taken);
                        stream->accept(taken);
                      },
                  .on_broken = {}});
    agent_->start();
  }
  void make_both() {
    auto [host, agent] = socket_pair();
    make_host(std::move(host));
    make_agent(std::move(agent));
    settle();
  }
  void settle() {
    io_.restart();
    // Nothing is ready any more: all that could happen has happened, both ends being in this loop.
    while (io_.poll() > 0) {
    }
  }
  std::shared_ptr<Recorder> open(std::uint32_t port = 5005) {
    auto recorder = std::make_shared<Recorder>();
    recorder->stream = host_->open(port, recorder);
    settle();
    return recorder;
  }

  asio::io_context io_{1};
  std::unique_ptr<Mux> host_;
  std::unique_ptr<Mux> agent_;
  std::vector<std::shared_ptr<Recorder>> taken_;
  std::string broken_;
  int hellos_ = 0;
};

TEST_F(MuxTest, bytes_go_both_ways_and_each_side_ends_by_itself) {
  make_both();
  const auto near = open();
  ASSERT_TRUE(near->accepted);
  const auto far = taken_.at(0);
  far->keep = near->keep = true;
  near->stream->write("ping");
  near->stream->finish();
  settle();
  EXPECT_EQ(far->text, "ping");
  EXPECT_TRUE(far->finished);
  far->stream->write("pong");
  far->stream->finish();
  settle();
  EXPECT_EQ(near->text, "pong");
  EXPECT_TRUE(near->finished);
  EXPECT_FALSE(near->stream->open());
  EXPECT_FALSE(far->stream->open());
}

TEST_F(MuxTest, bytes_keep_their_order_however_they_are_given) {
  make_both();
  const auto near = open();
  const auto far = taken_.at(0);
  far->keep = true;
  near->stream->take("taken, ");
  near->stream->write("written, ");
  near->stream->take("taken behind, ");
  const auto put = [](std::string_view text) {
    return [text](char* room, std::size_t bytes) {
      return static_cast<ssize_t>(text.copy(room, bytes));
    };
  };
  EXPECT_EQ(near->stream->take_from(5, put("read in part")), 5);
  EXPECT_EQ(near->stream->take_from(5, [](char*, std::size_t) { return -1; }), -1);
  settle();
  EXPECT_EQ(far->text, "taken, written, taken behind, read ");
}

TEST_F(MuxTest, a_refused_stream_is_reset_and_its_place_is_free_again) {
  make_both();
  for (std::size_t i = 0; i < 2 * kMaxStreams; ++i) EXPECT_TRUE(open(1)->was_reset);
  EXPECT_TRUE(open()->accepted);
}

TEST_F(MuxTest, a_stream_nobody_consumes_stops_at_its_window_and_others_pass) {
  make_both();
  const auto stuck = open();
  const auto other = open();
  taken_[0]->consuming = false;
  stuck->stream->write(std::string(std::size_t{3} * kWindowBytes, 's'));
  other->stream->write(std::string(std::size_t{3} * kWindowBytes, 'o'));
  settle();
  EXPECT_EQ(taken_[0]->received, kWindowBytes);
  EXPECT_EQ(taken_[1]->received, 3 * kWindowBytes);
  EXPECT_FALSE(stuck->stream->has_room());
  taken_[0]->consuming = true;
  taken_[0]->stream->consume(kWindowBytes);
  settle();
  EXPECT_EQ(taken_[0]->received, 3 * kWindowBytes);
  EXPECT_EQ(stuck->writable, 1);
}

TEST_F(MuxTest, streams_take_turns) {
  make_both();
  const auto bulk = open();
  const auto late = open();
  bulk->stream->write(std::string(kWindowBytes, 'b'));
  late->stream->write("short");
  std::size_t bulk_before_late = kWindowBytes;
  taken_[1]->on_first = [&] { bulk_before_late = taken_[0]->received; };
  settle();
  EXPECT_EQ(taken_[1]->received, 5U);
  EXPECT_LE(bulk_before_late, 2 * kMaxPayload);
}

TEST_F(MuxTest, no_more_streams_than_the_cap_are_open_at_once) {
  make_both();
  std::vector<std::shared_ptr<Recorder>> held;
  for (std::size_t i = 0; i < kMaxStreams; ++i) held.push_back(open());
  EXPECT_TRUE(held.back()->accepted);
  EXPECT_EQ(host_->open(5005, std::make_shared<Recorder>()), nullptr);
  held[0]->stream->reset();
  settle();
  EXPECT_TRUE(taken_[0]->was_reset);
  EXPECT_TRUE(open()->accepted);
}

TEST_F(MuxTest, resets_that_cross_on_their_way_harm_nobody) {
  make_both();
  const auto near = open();
  near->stream->write("x");
  taken_[0]->stream->write("y");
  near->stream->reset();
  taken_[0]->stream->reset();
  settle();
  EXPECT_EQ(broken_, "");
  EXPECT_TRUE(open()->accepted);
}

TEST_F(MuxTest, a_second_host_takes_the_agent_over_in_the_middle_of_a_frame) {
  auto [first, agent] = socket_pair();
  make_agent(std::move(agent));
  std::string bytes;
  append_hello(bytes, random_bytes(kNonceBytes));
  append_number_frame(bytes, 1, MuxType::kOpen, 5005);
  append_frame(bytes, 1, MuxType::kData, std::string(1000, 'x'));
  bytes.resize(bytes.size() - 500);
  ASSERT_EQ(::write(first.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  settle();
  make_host(std::move(first));
  settle();
  EXPECT_EQ(hellos_, 2);
  EXPECT_TRUE(taken_.at(0)->was_reset);
  // What the first one was told is still in the pipe: the host looks for its own nonce.
  EXPECT_EQ(broken_, "");
  EXPECT_TRUE(open()->accepted);
}

TEST_F(MuxTest, after_garbage_the_agent_waits_for_the_next_hello) {
  auto [host, agent] = socket_pair();
  make_agent(std::move(agent));
  std::string bytes;
  append_hello(bytes, random_bytes(kNonceBytes));
  bytes += std::string(100'000, '\xee');
  ASSERT_EQ(::write(host.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  settle();
  make_host(std::move(host));
  settle();
  EXPECT_TRUE(open()->accepted);
}

class HostileAgent : public MuxTest {
 protected:
  /// A host that was answered, with stream 1 accepted.
  void SetUp() override {
    auto [host, agent] = socket_pair();
    peer_ = std::move(agent);
    make_host(std::move(host));
    settle();
    std::string said(1000, '\0');
    said.resize(static_cast<std::size_t>(::read(peer_.get(), said.data(), said.size())));
    say("anything " + said);
    ASSERT_TRUE(host_->ready());
    stream_ = open();
    say(frame(1, MuxType::kAccept));
    ASSERT_TRUE(stream_->accepted);
    stream_->consuming = false;
  }
  static std::string frame(std::uint32_t id, MuxType type, std::string_view payload = {}) {
    std::string out;
    append_frame(out, id, type, payload);
    return out;
  }
  void say(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(peer_.get(), bytes.data(), bytes.size());
      if (n <= 0) break;
      bytes.remove_prefix(static_cast<std::size_t>(n));
      settle();
    }
  }

  UniqueFd peer_;
  std::shared_ptr<Recorder> stream_;
};

TEST_F(HostileAgent, wrong_frames_break_the_link_and_no_more) {
  const std::vector<std::string> wrong = {
      std::string("\1\0\0\0\xff\0\0\0", 8),
      frame(1, MuxType::kOpen, std::string(4, '\1')),
      frame(1, MuxType::kAccept),
      frame(99, MuxType::kData, "x"),
      frame(99, MuxType::kReset),
      frame(99, MuxType::kWindow, std::string(4, '\0')),
      frame(1, MuxType::kWindow, std::string("\1\0\0\0", 4)),
      frame(1, MuxType::kWindow, "abc"),
      frame(1, MuxType::kFin) + frame(1, MuxType::kData, "x"),
      frame(1, MuxType::kFin) + frame(1, MuxType::kFin),
      frame(0, MuxType::kHello, std::string(32, 'x')),
  };
  for (const auto& bytes : wrong) {
    broken_.clear();
    SetUp();
    say(bytes);
    EXPECT_NE(broken_, "") << ::testing::PrintToString(bytes);
    EXPECT_TRUE(stream_->was_reset);
    EXPECT_EQ(host_->open(5005, stream_), nullptr);
  }
}

TEST_F(HostileAgent, data_beyond_its_credit_breaks_the_link) {
  const std::string full = frame(1, MuxType::kData, std::string(kMaxPayload, 'x'));
  std::string within;
  while (within.size() / full.size() < kWindowBytes / kMaxPayload) within += full;
  say(within);
  EXPECT_EQ(broken_, "");
  say(full);
  EXPECT_NE(broken_, "");
  EXPECT_LE(stream_->received, kWindowBytes);
}

TEST_F(HostileAgent, answers_it_does_not_read_hold_it_up_and_grow_nothing) {
  std::string resets;
  for (int i = 0; i < 1'000'000; ++i) resets += frame(1, MuxType::kReset);
  const std::string_view all = resets;
  std::size_t taken = 0;
  while (taken < all.size()) {
    const ssize_t n = ::write(peer_.get(), all.data() + taken, all.size() - taken);
    if (n <= 0) break;
    taken += static_cast<std::size_t>(n);
    settle();
  }
  EXPECT_LT(taken, all.size() / 2);
}

TEST_F(HostileAgent, the_end_of_the_link_is_told) {
  peer_.reset();
  settle();
  EXPECT_EQ(broken_, "it was closed");
}

}  // namespace
}  // namespace pyro::link
