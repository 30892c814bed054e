#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <zmq.hpp>

#include "common/api/error_body.h"
#include "common/base/reasons/stack.h"
#include "common/bus/envelope.h"
#include "tests/service/bus/harness.h"

/// Services and callers that are away, hang, are killed or end in the middle of a call.
namespace pyro::bus::testing {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

class Absence : public BusTest {
 protected:
  /// A call's options that run `action` once its handler has begun.
  Work once_begun(std::function<void()> action) {
    auto options = patient();
    options.progress = [action = std::move(action)](const api::Progress&) { action(); };
    return options;
  }
};

TEST_F(Absence, a_service_that_is_not_there_is_unavailable) {
  EXPECT_THAT(error_of([&] { change("k"); }),
              Refused(ErrorCode::kUnavailable, "service 'test' is not running"));
}

TEST_F(Absence, a_call_waits_for_a_service_that_is_about_to_come) {
  auto call = std::async(std::launch::async, [this] { return ask("x").text; });
  const Peer server("serve", socket_);
  EXPECT_EQ(call.get(), "x");
}

/// It has bound its socket, and recovers what its predecessor left.
TEST_F(Absence, a_service_that_still_starts_has_not_vanished_and_takes_the_call_once_it_is_ready) {
  ServerThread server(socket_);
  server->add<Change>([](const Change& change, Call&) { return Answer{change.key}; });
  auto call = std::async(std::launch::async, [this] { return change("k").text; });
  EXPECT_EQ(call.wait_for(2 * kVanishedAfter), std::future_status::timeout);
  server.start();
  EXPECT_EQ(call.get(), "k");
}

TEST_F(Absence, a_service_that_was_killed_while_it_started_has_vanished) {
  Peer starting("start", socket_);
  auto call = std::async(std::launch::async, [this] { return error_of([&] { change("k"); }); });
  EXPECT_EQ(call.wait_for(2 * kVanishedAfter), std::future_status::timeout);
  starting.kill();
  EXPECT_THAT(call.get(), Refused(ErrorCode::kUnavailable, "service 'test' does not answer"));
}

TEST_F(Absence, a_service_makes_its_vanished_socket_again) {
  const Peer server("serve", socket_);
  EXPECT_EQ(ask("x").text, "x");
  std::filesystem::remove(socket_);
  bus::Context context;
  bus::Client other(context, "test", socket_);
  EXPECT_EQ(other.call(Ask{.text = "y"}, patient()).text, "y");
  EXPECT_EQ(ask("x").text, "x");
  std::filesystem::remove(socket_);
  bus::Client third(context, "test", socket_);
  EXPECT_EQ(third.call(Ask{.text = "z"}, patient()).text, "z");
}

TEST_F(Absence, what_was_never_sent_is_sent_again_also_when_it_may_not_be_repeated) {
  auto call = std::async(std::launch::async, [this] {
    std::string phase;
    std::stop_source stop;
    auto options = patient();
    options.stop = stop.get_token();
    options.progress = [&](const api::Progress& step) {
      phase = step.phase;
      stop.request_stop();
    };
    const auto error = error_of([&] { change("k", "", options); });
    EXPECT_THAT(error, Refused(ErrorCode::kCancelled));
    return phase;
  });
  // By the time that another call has given up, the first attempt has failed.
  auto short_lived = patient();
  short_lived.deadline = Clock::now() + std::chrono::milliseconds(800);
  EXPECT_TRUE(error_of([&] { ask("x", short_lived); }));
  const Peer server("serve", socket_);
  EXPECT_EQ(call.get(), "begun");
}

TEST_F(Absence, a_stop_ends_the_wait_for_a_service_that_is_not_there) {
  std::stop_source stop;
  stop.request_stop();
  auto options = patient();
  options.stop = stop.get_token();
  EXPECT_THAT(error_of([&] { ask("x", options); }), Refused(ErrorCode::kCancelled));
}

TEST_F(Absence, the_work_of_a_killed_caller_is_cancelled) {
  std::promise<bool> stopped;
  ServerThread server(socket_);
  server->add<Change>([&stopped](const Change&, Call& call) -> Answer {
    call.progress({.phase = "begun", .message = "", .done = {}, .total = {}});
    stopped.set_value(wait_for_stop(call));
    throw cancelled("nobody is there any more");
  });
  server.start();
  Peer caller("call", socket_);
  caller.kill();
  EXPECT_TRUE(stopped.get_future().get());
}

/// Ctrl-Z and `fg`, or a debugger.
TEST_F(Absence, a_suspended_caller_hears_its_answer_once_it_goes_on) {
  std::promise<bool> stopped;
  ServerThread server(socket_);
  server->add<Change>([&stopped](const Change&, Call& call) -> Answer {
    call.progress({.phase = "begun", .message = "", .done = {}, .total = {}});
    stopped.set_value(wait_for_stop(call, Clock::now() + 2 * kVanishedAfter));
    return Answer{"done"};
  });
  server.start();
  Peer caller("call", socket_);
  caller.signal(SIGSTOP);
  EXPECT_FALSE(stopped.get_future().get());
  caller.signal(SIGCONT);
  EXPECT_EQ(caller.wait(), 0);
}

TEST_F(Absence, an_idempotent_call_is_repeated_when_its_service_was_killed) {
  std::optional<Peer> server(std::in_place, "serve", socket_);
  EXPECT_EQ(ask("hold", once_begun([&] {
                  server->kill();
                  server.emplace("serve", socket_);
                }))
                .text,
            "hold");
}

TEST_F(Absence, a_call_that_may_not_be_repeated_hears_of_the_restart) {
  std::optional<Peer> server(std::in_place, "serve", socket_);
  EXPECT_THAT(error_of([&] {
                change("k", "", once_begun([&] {
                         server->kill();
                         server.emplace("serve", socket_);
                       }));
              }),
              Refused(ErrorCode::kUnavailable, HasSubstr("restarted during the call")));
}

TEST_F(Absence, a_service_that_was_killed_for_good_is_unavailable) {
  Peer server("serve", socket_);
  EXPECT_THAT(error_of([&] { change("k", "", once_begun([&] { server.kill(); })); }),
              Refused(ErrorCode::kUnavailable, "service 'test' does not answer"));
}

TEST_F(Absence, a_hung_service_is_unavailable) {
  Peer server("serve", socket_);
  EXPECT_EQ(ask("x").text, "x");
  server.signal(SIGSTOP);
  EXPECT_THAT(error_of([&] { change("k"); }),
              Refused(ErrorCode::kUnavailable, "service 'test' does not answer"));
  server.signal(SIGCONT);
  EXPECT_EQ(ask("x").text, "x") << "and is used again when it goes on";
}

TEST_F(Absence, an_ending_service_answers_what_it_was_working_on) {
  std::optional<Peer> server(std::in_place, "serve", socket_);
  EXPECT_THAT(error_of([&] { change("k", "", once_begun([&] { server->signal(SIGTERM); })); }),
              Refused(ErrorCode::kUnavailable, HasSubstr("restarted during the call")));
  server->wait();
}

TEST_F(Absence, the_last_answer_of_an_ending_service_arrives_whole) {
  ServerThread server(socket_);
  server->add<Change>([](const Change&, Call& call) {
    call.progress({.phase = "begun", .message = "", .done = {}, .total = {}});
    EXPECT_TRUE(wait_for_stop(call));
    return Answer{std::string(32U << 20U, 'x')};
  });
  server.start();
  std::jthread end;
  const auto options = once_begun([&] { end = std::jthread([&server] { server.stop(); }); });
  EXPECT_EQ(change("k", "", options).text.size(), 32U << 20U);
}

TEST_F(Absence, an_idempotent_call_is_repeated_when_its_service_was_ended) {
  std::optional<Peer> server(std::in_place, "serve", socket_);
  EXPECT_EQ(ask("hold", once_begun([&] {
                  server->signal(SIGTERM);
                  server->wait();
                  server.emplace("serve", socket_);
                }))
                .text,
            "hold");
}

TEST_F(Absence, a_service_that_ends_is_not_asked_again_without_a_pause) {
  zmq::socket_t ending(context_.zmq(), zmq::socket_type::router);
  ending.set(zmq::sockopt::linger, 0);
  ending.set(zmq::sockopt::rcvtimeo, 100);
  ending.bind("ipc://" + socket_.string());
  int calls = 0;
  std::jthread refusing([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      zmq::message_t peer;
      zmq::message_t body;
      if (!ending.recv(peer) || !ending.recv(body)) continue;
      ++calls;
      const auto call =
          api::from_msgpack<Envelope>(body.to_string_view(), api::UnknownFields::kRefuse);
      const auto refusal = api::error_body(unavailable(reason::kInterrupted, "ends"));
      ending.send(peer, zmq::send_flags::sndmore);
      ending.send(zmq::buffer(api::to_msgpack(
          Envelope{.kind = Kind::kError, .id = call.id, .params = {api::to_msgpack(refusal)}})));
    }
  });
  auto options = patient();
  options.deadline = Clock::now() + std::chrono::milliseconds(500);
  EXPECT_TRUE(error_of([&] { ask("x", options); }));
  refusing.request_stop();
  refusing.join();
  EXPECT_GE(calls, 1);
  EXPECT_LE(calls, 11);
}

TEST_F(Absence, callers_hear_by_name_that_their_service_is_away_or_was_restarted) {
  EXPECT_THAT(error_of([&] { change("k"); }), Refused(reason::kServiceAway));
  std::optional<Peer> server(std::in_place, "serve", socket_);
  EXPECT_THAT(error_of([&] { change("k", "", once_begun([&] { server->signal(SIGTERM); })); }),
              Refused(reason::kInterrupted));
}

TEST_F(Absence, what_a_handler_heard_of_another_service_is_not_taken_for_its_own) {
  ServerThread server(socket_);
  std::atomic<int> calls = 0;
  server->add<Ask>([&calls](const Ask& ask, Call&) -> Answer {
    ++calls;
    if (ask.text == "away") throw unavailable(reason::kServiceAway, "service 'x' is not running");
    if (ask.text == "failed") throw unavailable(reason::kServiceFailed, "service 'x' failed");
    throw unavailable(reason::kInterrupted, "service 'x' was restarted during the call");
  });
  server.start();
  EXPECT_THAT(error_of([&] { ask("away"); }), Refused(reason::kNeighbourAway));
  EXPECT_THAT(error_of([&] { ask("failed"); }), Refused(reason::kNeighbourAway));
  EXPECT_THAT(error_of([&] { ask("interrupted"); }), Refused(reason::kAnswerLost));
  EXPECT_EQ(calls, 3) << "a handler's answer is final: nothing is repeated";
}

TEST_F(Absence, a_second_server_on_a_socket_is_refused_and_the_first_serves_on) {
  const Peer first("serve", socket_);
  Context other;
  EXPECT_THAT(error_of([&] { const Server server(other, {.service = "test", .socket = socket_}); }),
              Refused(ErrorCode::kFailedPrecondition,
                      ("service 'test' already runs on '" + socket_.string() + "'").c_str()));
  EXPECT_EQ(ask("x").text, "x");
}

TEST_F(Absence, servers_that_follow_one_another_quickly_keep_their_socket) {
  for (int round = 0; round < 30; ++round) {
    ServerThread server(socket_);
    server->add<Ask>([round](const Ask&, Call&) { return Answer{std::to_string(round)}; });
    server.start();
    EXPECT_EQ(ask("x").text, std::to_string(round));
  }
}

}  // namespace
}  // namespace pyro::bus::testing
