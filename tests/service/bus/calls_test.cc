#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>

#include "tests/service/bus/harness.h"

namespace pyro::bus::testing {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

class Calls : public BusTest {};

TEST_F(Calls, progress_comes_in_order_and_before_the_result) {
  ServerThread server(socket_);
  server->add<Ask>([](const Ask& ask, Call& call) {
    for (const auto* phase : {"one", "two", "three"}) {
      call.progress({.phase = phase, .message = "m", .done = 1, .total = 3});
    }
    return Answer{ask.text};
  });
  server.start();
  std::vector<std::string> heard;
  auto options = patient();
  options.progress = [&heard](const api::Progress& step) {
    EXPECT_EQ(step.total, 3U);
    heard.push_back(step.phase);
  };
  EXPECT_EQ(ask("x", options).text, "x");
  EXPECT_EQ(heard, (std::vector<std::string>{"one", "two", "three"}));
}

TEST_F(Calls, a_service_that_keeps_nothing_says_so_to_ping) {
  ServerThread server(socket_);
  server.start();
  const api::Pong pong = client_.call(api::Ping{});
  EXPECT_EQ(pong.holds, 0U);
  EXPECT_EQ(pong.standby, 0U);
}

TEST_F(Calls, every_error_code_and_its_message_survive) {
  ServerThread server(socket_);
  server->add<Ask>([](const Ask& ask, Call&) -> Answer {
    throw Error(error_code_from(ask.text), "because of '" + ask.text + "'");
  });
  server.start();
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    const std::string name(to_string(code));
    EXPECT_THAT(error_of([&] { ask(name); }), Refused(code, ("because of '" + name + "'").c_str()));
  }
}

TEST_F(Calls, an_exception_of_a_library_is_internal_and_the_service_lives_on) {
  ServerThread server(socket_);
  server->add<Ask>([](const Ask& ask, Call&) -> Answer {
    if (ask.text == "throw") throw std::runtime_error("library");
    return {ask.text};
  });
  server.start();
  EXPECT_THAT(error_of([&] { ask("throw"); }), Refused(ErrorCode::kInternal, "library"));
  EXPECT_EQ(ask("x").text, "x");
}

TEST_F(Calls, what_a_handler_says_is_away_is_not_asked_for_again) {
  std::atomic<int> asked = 0;
  ServerThread server(socket_);
  server->add<Ask>([&asked](const Ask&, Call&) -> Answer {
    ++asked;
    throw unavailable("no mirror answers");
  });
  server.start();
  EXPECT_THAT(error_of([&] { ask("x"); }), Refused(ErrorCode::kUnavailable, "no mirror answers"));
  EXPECT_EQ(asked, 1);
}

TEST_F(Calls, an_operation_that_the_service_does_not_have_is_named) {
  ServerThread server(socket_);
  server.start();
  EXPECT_THAT(error_of([&] { ask("x"); }),
              Refused(ErrorCode::kInvalidArgument, "service 'test' has no operation 'test.ask'"));
}

TEST_F(Calls, a_reply_too_large_for_the_bus_is_an_error_not_a_hang) {
  ServerThread server(socket_);
  server->add<Ask>([](const Ask&, Call&) { return Answer{std::string(65U << 20U, 'x')}; });
  server.start();
  EXPECT_THAT(error_of([&] { ask("x"); }),
              Refused(ErrorCode::kInternal, HasSubstr("too large for the bus")));
  EXPECT_THAT(error_of([&] { ask(std::string(65U << 20U, 'x')); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("too large for the bus")));
}

TEST_F(Calls, a_deadline_travels_and_ends_both_sides) {
  std::promise<bool> handler_was_stopped;
  std::promise<Deadline> deadline;
  ServerThread server(socket_);
  server->add<Change>([&](const Change&, Call& call) -> Answer {
    deadline.set_value(call.deadline());
    handler_was_stopped.set_value(wait_for_stop(call));
    throw cancelled("stopped");
  });
  server.start();
  client_.call(api::Ping{});  // connected: all of the time is the handler's
  auto options = patient();
  options.deadline = Clock::now() + std::chrono::milliseconds(800);
  EXPECT_THAT(error_of([&] { change("", "", options); }),
              Refused(ErrorCode::kDeadlineExceeded, "service 'test' did not answer in time"));
  EXPECT_TRUE(handler_was_stopped.get_future().get());
  EXPECT_LE(deadline.get_future().get(), Clock::now());
}

TEST_F(Calls, a_deadline_that_has_passed_sends_nothing) {
  ServerThread server(socket_);
  server.start();
  auto options = patient();
  options.deadline = Clock::now();
  EXPECT_THAT(error_of([&] { change("", "", options); }), Refused(ErrorCode::kDeadlineExceeded));
}

TEST_F(Calls, a_cancelled_call_returns_when_the_service_has_cleaned_up) {
  std::atomic<bool> cleaned_up = false;
  ServerThread server(socket_);
  server->add<Ask>([&cleaned_up](const Ask&, Call& call) -> Answer {
    call.progress({.phase = "begun", .message = "", .done = {}, .total = {}});
    EXPECT_TRUE(wait_for_stop(call));
    cleaned_up = true;
    throw cancelled("cleaned up");
  });
  server.start();
  std::stop_source stop;
  auto options = patient();
  options.stop = stop.get_token();
  options.progress = [&stop](const api::Progress&) { stop.request_stop(); };
  EXPECT_THAT(error_of([&] { ask("x", options); }), Refused(ErrorCode::kCancelled, "cleaned up"));
  EXPECT_TRUE(cleaned_up);
}

TEST_F(Calls, a_call_that_waits_for_its_turn_is_cancelled_at_once) {
  std::latch release(1), begun(1);
  std::atomic<int> handled = 0;
  ServerThread server(socket_, /*max_threads=*/1);
  server->add<Change>([&](const Change&, Call&) {
    ++handled;
    begun.count_down();
    release.wait();
    return Answer{};
  });
  server.start();
  auto first = std::async(std::launch::async, [&] { return change("k"); });
  begun.wait();
  std::stop_source stop;
  auto options = patient();
  options.stop = stop.get_token();
  auto second =
      std::async(std::launch::async, [&] { return error_of([&] { change("k", "", options); }); });
  while (client_.call(api::Ping{}).open_calls < 2) std::this_thread::yield();
  stop.request_stop();
  EXPECT_THAT(second.get(), Refused(ErrorCode::kCancelled)) << "while the first still runs";
  release.count_down();
  first.get();
  server.stop();
  EXPECT_EQ(handled, 1);
}

TEST_F(Calls, a_nested_call_carries_trace_deadline_progress_and_stop) {
  const auto inner_socket = dir_ / "inner.sock";
  ServerThread inner(inner_socket);
  std::promise<std::string> trace;
  inner->add<Ask>([&trace](const Ask&, Call& call) -> Answer {
    trace.set_value(call.trace_id());
    call.progress({.phase = "inner", .message = "", .done = {}, .total = {}});
    EXPECT_TRUE(wait_for_stop(call));
    throw cancelled("inner cleaned up");
  });
  inner.start();
  Client to_inner(context_, "inner", inner_socket);
  ServerThread outer(socket_);
  outer->add<Ask>(
      [&to_inner](const Ask& ask, Call& call) { return to_inner.call(ask, call.work()); });
  outer.start();
  std::stop_source stop;
  auto options = patient();
  options.stop = stop.get_token();
  options.trace_id = "trace-7";
  std::string phase;
  options.progress = [&](const api::Progress& step) {
    phase = step.phase;
    stop.request_stop();
  };
  EXPECT_THAT(error_of([&] { ask("x", options); }),
              Refused(ErrorCode::kCancelled, "inner cleaned up"));
  EXPECT_EQ(phase, "inner");
  EXPECT_EQ(trace.get_future().get(), "trace-7");
}

TEST_F(Calls, one_longer_than_the_time_of_a_vanished_caller_is_not_disturbed) {
  ServerThread server(socket_);
  server->add<Ask>([](const Ask&, Call& call) {
    const bool stopped =
        wait_for_stop(call, Clock::now() + kVanishedAfter + std::chrono::milliseconds(1500));
    return Answer{stopped ? "stopped" : "undisturbed"};
  });
  server.start();
  EXPECT_EQ(ask("x").text, "undisturbed");
}

}  // namespace
}  // namespace pyro::bus::testing
