#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <map>
#include <thread>
#include <zmq.hpp>

#include "common/api/error_body.h"
#include "common/base/reasons/stack.h"
#include "common/bus/envelope.h"
#include "tests/service/bus/harness.h"

/// A caller that breaks the protocol, with ZeroMQ itself.
namespace pyro::bus::testing {
namespace {

class Hostile : public BusTest {
 protected:
  Hostile() : raw_(context_.zmq(), zmq::socket_type::dealer) {
    raw_.set(zmq::sockopt::linger, 0);
    raw_.set(zmq::sockopt::rcvtimeo, 60000);
    raw_.connect("ipc://" + socket_.string());
    server_->add<Ask>([](const Ask& ask, Call&) { return Answer{ask.text}; });
  }
  void send(const std::vector<std::string>& frames) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      raw_.send(zmq::buffer(frames[i]),
                i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
    }
  }
  static std::string call_of(std::uint64_t id, const std::string& params,
                             std::string method = "test.ask", std::uint32_t version = kVersion) {
    return api::to_msgpack(Envelope{.version = version,
                                    .kind = Kind::kCall,
                                    .id = id,
                                    .method = std::move(method),
                                    .deadline_ms = 60000,
                                    .params = {params}});
  }
  Envelope receive() {
    zmq::message_t message;
    if (!raw_.recv(message)) throw internal_error("no answer");
    return api::from_msgpack<Envelope>(message.to_string_view(), api::UnknownFields::kIgnore);
  }
  std::string error_code() {
    const Envelope envelope = receive();
    EXPECT_EQ(envelope.kind, Kind::kError);
    return api::from_msgpack<api::ErrorBody>(envelope.params.data, api::UnknownFields::kIgnore)
        .code;
  }
  void expect_alive() { EXPECT_EQ(ask("alive").text, "alive"); }

  ServerThread server_{socket_, /*max_threads=*/2};
  zmq::socket_t raw_;
};

TEST_F(Hostile, garbage_is_dropped) {
  server_.start();
  send({""});
  send({"garbage"});
  send({std::string(100000, '\x91')});
  send({std::string("\xdf\xff\xff\xff\xff", 5)});
  send({"", "", ""});
  send({"a", "b", "c", "d"});
  send({std::string(1000, 'x'), call_of(1, "")});
  expect_alive();
}

TEST_F(Hostile, an_envelope_behind_an_empty_frame_is_heard) {
  server_.start();
  send({"", call_of(3, api::to_msgpack(Ask{"x"}))});
  EXPECT_EQ(receive().id, 3U);
}

TEST_F(Hostile, a_message_over_the_limit_costs_its_sender_the_connection_and_nobody_else) {
  server_.start();
  send({std::string((64U << 20U) + 1, 'x')});
  expect_alive();
}

TEST_F(Hostile, a_request_that_is_no_request_is_refused) {
  server_.start();
  send({call_of(1, "")});
  EXPECT_EQ(error_code(), "invalid_argument");
  send({call_of(2, std::string("\x81\xa1x\x01", 4))});
  EXPECT_EQ(error_code(), "invalid_argument");
  send({call_of(3, api::to_msgpack(Ask{"x"}), "no.such")});
  EXPECT_EQ(error_code(), "invalid_argument");
  expect_alive();
}

TEST_F(Hostile, another_version_of_the_envelope_is_refused) {
  server_.start();
  send({call_of(1, api::to_msgpack(Ask{"x"}), "test.ask", kVersion + 1)});
  EXPECT_EQ(error_code(), "failed_precondition");
}

TEST_F(Hostile, words_that_only_services_say_and_cancels_of_nothing_are_ignored) {
  server_.start();
  send({api::to_msgpack(Envelope{.kind = Kind::kResult, .id = 1})});
  send({api::to_msgpack(Envelope{.kind = Kind::kProgress, .id = 1})});
  send({api::to_msgpack(Envelope{.kind = Kind::kCancel, .id = 99})});
  expect_alive();
}

TEST_F(Hostile, a_keep_alive_for_an_unknown_call_hears_that_the_call_is_lost) {
  server_.start();
  send({api::to_msgpack(Envelope{.kind = Kind::kKeepAlive, .id = 5})});
  const Envelope answer = receive();
  EXPECT_EQ(answer.id, 5U);
  EXPECT_EQ(
      api::from_msgpack<api::ErrorBody>(answer.params.data, api::UnknownFields::kIgnore).reason,
      reason::kInterrupted.name());
}

TEST_F(Hostile, an_absurd_deadline_is_far_away_not_past) {
  server_->add<Change>([](const Change&, Call& call) {
    return Answer{call.deadline() > Clock::now() ? "far" : "past"};
  });
  server_.start();
  send({api::to_msgpack(Envelope{.kind = Kind::kCall,
                                 .id = 1,
                                 .method = "test.change",
                                 .deadline_ms = ~std::uint64_t{0},
                                 .params = {api::to_msgpack(Change{})}})});
  EXPECT_EQ(api::from_msgpack<Answer>(receive().params.data, api::UnknownFields::kIgnore).text,
            "far");
}

TEST_F(Hostile, a_caller_that_goes_on_past_its_deadline_is_not_worked_for) {
  std::promise<bool> stopped;
  server_->add<Change>([&stopped](const Change&, Call& call) {
    stopped.set_value(wait_for_stop(call, Clock::now() + std::chrono::seconds(20)));
    return Answer{};
  });
  server_.start();
  send({api::to_msgpack(Envelope{.kind = Kind::kCall,
                                 .id = 1,
                                 .method = "test.change",
                                 .deadline_ms = 50,
                                 .params = {api::to_msgpack(Change{})}})});
  auto result = stopped.get_future();
  while (result.wait_for(std::chrono::milliseconds(500)) != std::future_status::ready) {
    send({api::to_msgpack(Envelope{.kind = Kind::kKeepAlive, .id = 1})});
  }
  EXPECT_TRUE(result.get());
}

/// A service that breaks the protocol.
class HostileService : public BusTest {
 protected:
  HostileService() : router_(service_context_.zmq(), zmq::socket_type::router) {
    router_.set(zmq::sockopt::linger, 0);
    router_.bind("ipc://" + socket_.string());
  }
  /// Answers the next call with what `answers` makes of its id.
  std::jthread answer(std::function<std::vector<std::string>(std::uint64_t)> answers) {
    return std::jthread([this, answers = std::move(answers)] {
      zmq::message_t peer, body;
      static_cast<void>(router_.recv(peer));
      static_cast<void>(router_.recv(body));
      const auto call =
          api::from_msgpack<Envelope>(body.to_string_view(), api::UnknownFields::kIgnore);
      for (const auto& text : answers(call.id)) {
        router_.send(zmq::buffer(peer.to_string_view()), zmq::send_flags::sndmore);
        router_.send(zmq::buffer(text), zmq::send_flags::none);
      }
    });
  }
  static std::string result(std::uint64_t id, const std::string& text) {
    return api::to_msgpack(
        Envelope{.kind = Kind::kResult, .id = id, .params = {api::to_msgpack(Answer{text})}});
  }

  Context service_context_;
  zmq::socket_t router_;
};

TEST_F(HostileService, an_answer_to_another_call_is_not_taken) {
  const auto service = answer([](std::uint64_t id) {
    return std::vector{result(id + 1, "another's"), result(id, "ours")};
  });
  EXPECT_EQ(change("k").text, "ours");
}

TEST_F(HostileService, nonsense_is_an_internal_error_of_that_service) {
  const auto service =
      answer([](std::uint64_t) { return std::vector{std::string("no envelope")}; });
  EXPECT_THAT(
      pyro::testing::error_of([&] { change("k"); }),
      pyro::testing::Refused(ErrorCode::kInternal,
                             ::testing::HasSubstr("service 'test' answered with nonsense")));
}

TEST_F(Hostile, too_many_calls_are_refused_and_the_others_answered) {
  std::latch release(1);
  server_->add<Change>([&release](const Change&, Call&) {
    release.wait();
    return Answer{};
  });
  server_.start();
  constexpr int kCalls = 1500;
  std::map<std::string, int> heard;
  const auto hear = [&] {
    const Envelope envelope = receive();
    if (envelope.kind == Kind::kResult) ++heard["result"];
    if (envelope.kind != Kind::kError) return;
    ++heard[api::from_msgpack<api::ErrorBody>(envelope.params.data, api::UnknownFields::kIgnore)
                .code];
  };
  for (int i = 0; i < kCalls; ++i) {
    send({call_of(static_cast<std::uint64_t>(i), api::to_msgpack(Change{}), "test.change")});
  }
  while (heard["resource_exhausted"] == 0) hear();
  release.count_down();
  while (heard["result"] + heard["resource_exhausted"] < kCalls) hear();
  EXPECT_GT(heard["result"], 1000);
  EXPECT_EQ(heard.size(), 2U);
  expect_alive();
}

TEST_F(Hostile, cancelled_calls_leave_their_places_to_others) {
  std::latch release(1), begun(2);
  server_->add<Change>([&](const Change& change, Call&) {
    begun.count_down();
    release.wait();
    return Answer{change.text};
  });
  server_.start();
  const auto change = [&](std::uint64_t id) {
    send({call_of(id, api::to_msgpack(Change{.key = "k", .text = "t"}), "test.change")});
  };
  // Both threads are taken.
  std::uint64_t calls = 0;
  while (calls < 2) change(calls++);
  begun.wait();
  // Each cancel is answered at once: none may still wait when the next round begins.
  for (int round = 0; round < 2; ++round) {
    const auto first = calls;
    for (int i = 0; i < 1000; ++i) change(calls++);
    for (auto id = first; id < calls; ++id) {
      send({api::to_msgpack(Envelope{.kind = Kind::kCancel, .id = id})});
    }
    for (auto id = first; id < calls; ++id) EXPECT_EQ(error_code(), "cancelled") << id;
  }
  release.count_down();
  for (int i = 0; i < 2; ++i) {
    Kind kind = receive().kind;
    while (kind == Kind::kKeepAlive) kind = receive().kind;  // on a slow host the two lasted
    EXPECT_EQ(kind, Kind::kResult);
  }
}

}  // namespace
}  // namespace pyro::bus::testing
