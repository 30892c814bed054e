#include "common/bus/client.h"

#include <algorithm>
#include <zmq.hpp>

#include "common/base/error.h"
#include "common/base/random.h"
#include "common/bus/envelope.h"
#include "common/process/wait.h"

namespace pyro::bus {
namespace {

/// How long a service may be away before a caller hears of it: a restart takes a fraction.
constexpr std::chrono::seconds kAwayLimit{5};
/// How long one attempt waits for the connection.
constexpr std::chrono::milliseconds kConnectLimit{500};
/// How long a cancelled call waits for the service to clean up.
constexpr std::chrono::seconds kCancelGrace{20};

/// One call on one socket, from its sending to its answer.
class Exchange {
 public:
  Exchange(zmq::socket_t& socket, std::string_view service, std::uint64_t id,
           const CallOptions& options)
      : socket_(socket), service_(service), id_(id), options_(options), stop_(options.stop) {}

  /// False when nobody takes the call.
  bool send_call(api::Method method, const std::string& params) {
    const auto limit = std::min(remaining(options_.deadline), kConnectLimit);
    socket_.set(zmq::sockopt::sndtimeo, static_cast<int>(limit.count()));
    return send({.kind = Kind::kCall,
                 .id = id_,
                 .method = std::string(method.name),
                 .deadline_ms = static_cast<std::uint64_t>(remaining(options_.deadline).count()),
                 .trace_id = options_.trace_id,
                 .params = {params}});
  }

  std::string wait_for_answer() {
    auto next_keep_alive = Clock::now() + kKeepAliveInterval;
    while (true) {
      const auto now = Clock::now();
      if (now >= next_keep_alive) {
        send({.kind = Kind::kKeepAlive, .id = id_});
        next_keep_alive = now + kKeepAliveInterval;
      }
      check_limits(now);
      zmq::pollitem_t items[] = {{socket_.handle(), 0, ZMQ_POLLIN, 0},
                                 {nullptr, stop_.get(), ZMQ_POLLIN, 0}};
      const auto until = std::min(next_keep_alive, cancelled_at_ ? next_keep_alive
                                                                 : options_.deadline);
      zmq::poll(items, cancelled_at_ ? 1 : 2, remaining(until) + std::chrono::milliseconds(1));
      if (items[1].revents != 0 && !cancelled_at_) cancel();
      if (items[0].revents != 0) {
        if (auto answer = receive()) return std::move(*answer);
      } else if (Clock::now() - last_heard_ > kVanishedAfter) {
        throw unavailable("service '{}' does not answer", service_);
      }
    }
  }

 private:
  bool send(const Envelope& envelope) {
    return socket_.send(zmq::buffer(api::to_msgpack(envelope)), zmq::send_flags::none).has_value();
  }

  void cancel() {
    cancelled_at_ = Clock::now();
    send({.kind = Kind::kCancel, .id = id_});
  }

  void check_limits(Clock::time_point now) {
    if (!cancelled_at_ && now >= options_.deadline) {
      send({.kind = Kind::kCancel, .id = id_});
      throw deadline_exceeded("service '{}' did not answer in time", service_);
    }
    if (cancelled_at_ && now - *cancelled_at_ > kCancelGrace) {
      throw cancelled("cancelled; service '{}' still cleans up", service_);
    }
  }

  std::optional<std::string> receive() {
    zmq::message_t message;
    while (socket_.recv(message, zmq::recv_flags::dontwait)) {
      last_heard_ = Clock::now();
      Envelope envelope =
          api::from_msgpack<Envelope>(message.to_string_view(), api::UnknownFields::kIgnore);
      if (envelope.id != id_) continue;  // the late answer to a call that was given up
      if (envelope.kind == Kind::kResult) return std::move(envelope.params.data);
      if (envelope.kind == Kind::kError) {
        const auto body =
            api::from_msgpack<ErrorBody>(envelope.params.data, api::UnknownFields::kIgnore);
        throw Error(error_code_from(body.code), body.message);
      }
      if (envelope.kind == Kind::kProgress && options_.on_progress) {
        options_.on_progress(
            api::from_msgpack<api::Progress>(envelope.params.data, api::UnknownFields::kIgnore));
      }
    }
    return std::nullopt;
  }

  zmq::socket_t& socket_;
  std::string_view service_;
  std::uint64_t id_;
  const CallOptions& options_;
  StopFd stop_;
  Clock::time_point last_heard_ = Clock::now();
  std::optional<Clock::time_point> cancelled_at_;
};

}  // namespace

CallOptions CallOptions::within(const Call& call) {
  return {.deadline = call.deadline(),
          .stop = call.stop(),
          .trace_id = call.trace_id(),
          .on_progress = call.progress_sink()};
}

Client::Client(Context& context, std::string service, std::filesystem::path socket)
    : context_(context), service_(std::move(service)), socket_path_(std::move(socket)) {}

Client::~Client() = default;

zmq::socket_t Client::take_socket() {
  const std::lock_guard lock(mutex_);
  if (!idle_.empty()) {
    zmq::socket_t socket = std::move(idle_.back());
    idle_.pop_back();
    return socket;
  }
  zmq::socket_t socket(context_.zmq(), zmq::socket_type::dealer);
  socket.set(zmq::sockopt::linger, 0);
  // With it a send waits for a connection, so that an absent service is no silent queue.
  socket.set(zmq::sockopt::immediate, 1);
  socket.set(zmq::sockopt::reconnect_ivl, 5);
  socket.set(zmq::sockopt::maxmsgsize, std::int64_t{64} << 20U);
  socket.connect("ipc://" + socket_path_.string());
  return socket;
}

void Client::give_back(zmq::socket_t socket) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(socket));
}

std::string Client::attempt(api::Method method, const std::string& params,
                            const CallOptions& options, bool& sent) {
  zmq::socket_t socket = take_socket();
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++last_id_;
  }
  Exchange exchange(socket, service_, id, options);
  sent = exchange.send_call(method, params);
  if (!sent) throw unavailable("service '{}' is not running", service_);
  try {
    std::string answer = exchange.wait_for_answer();
    give_back(std::move(socket));
    return answer;
  } catch (const Error& error) {
    // A socket whose peer went silent is not used again.
    const bool answered = error.code() != ErrorCode::kUnavailable &&
                          error.code() != ErrorCode::kDeadlineExceeded &&
                          error.code() != ErrorCode::kCancelled;
    if (answered) give_back(std::move(socket));
    throw;
  }
}

std::string Client::call_raw(api::Method method, std::string params, const CallOptions& options) {
  CallOptions traced = options;
  if (traced.trace_id.empty()) traced.trace_id = random_hex(4);
  const auto away_limit = std::min(options.deadline, Clock::now() + kAwayLimit);
  while (true) {
    bool sent = false;
    try {
      return attempt(method, params, traced, sent);
    } catch (const Error& error) {
      // What was never sent may be repeated whatever it is.
      const bool repeatable = !sent || method.idempotent == api::Idempotent::kYes;
      if (error.code() != ErrorCode::kUnavailable || !repeatable || Clock::now() >= away_limit ||
          options.stop.stop_requested()) {
        throw;
      }
    }
  }
}

}  // namespace pyro::bus
