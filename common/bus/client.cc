#include "common/bus/client.h"

#include <algorithm>
#include <array>
#include <zmq.hpp>

#include "common/api/error_body.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"
#include "common/bus/envelope.h"
#include "common/bus/poll.h"
#include "common/bus/starting.h"
#include "common/process/wait.h"

namespace pyro::bus {
namespace {

/// How long a service may be away before a caller hears of it: a restart takes a fraction.
constexpr std::chrono::seconds kAwayLimit{5};
/// How long one attempt waits for the connection.
constexpr std::chrono::milliseconds kConnectLimit{500};
/// Between two attempts: a service that ends refuses each at once.
constexpr std::chrono::milliseconds kPause{50};
/// Connections kept for the next calls.
constexpr std::size_t kIdleSockets = 8;
/// How long a cancelled call waits for the service to clean up.
constexpr std::chrono::seconds kCancelGrace{20};

/// One call on one socket, from its sending to its answer.
class Exchange {
 public:
  Exchange(zmq::socket_t& socket, std::string_view service, const std::filesystem::path& path,
           std::uint64_t id, const Work& work)
      : socket_(socket), service_(service), path_(path), id_(id), work_(work) {
    if (work.stop.stop_possible()) stop_.emplace(work.stop);
  }

  /// False when no service takes the call.
  bool send_call(api::Method method, const std::string& params) {
    if (std::cmp_greater(params.size(), kParamsLimit)) {
      throw invalid_argument("a request of {} is too large for the bus", human_size(params.size()));
    }
    const auto limit = std::min(remaining(work_.deadline), kConnectLimit);
    socket_.set(zmq::sockopt::sndtimeo, static_cast<int>(limit.count()));
    return send({.kind = Kind::kCall,
                 .id = id_,
                 .method = std::string(method.name),
                 .deadline_ms = static_cast<std::uint64_t>(remaining(work_.deadline).count()),
                 .trace_id = work_.trace_id,
                 .params = {params}});
  }

  std::string wait_for_answer() {
    auto next_keep_alive = Clock::now() + kKeepAliveInterval;
    while (true) {
      const auto now = Clock::now();
      if (now >= next_keep_alive) {
        send({.kind = Kind::kKeepAlive, .id = id_});
        next_keep_alive = now + kKeepAliveInterval;
        ++unheard_;
      }
      check_limits(now);
      const bool heeds_stop = stop_ && !cancelled_at_;
      std::array<zmq::pollitem_t, 2> items{
          {{socket_.handle(), 0, ZMQ_POLLIN, 0},
           {nullptr, heeds_stop ? stop_->get() : -1, ZMQ_POLLIN, 0}}};
      const auto until =
          cancelled_at_ ? next_keep_alive : std::min(next_keep_alive, work_.deadline);
      poll({items.data(), heeds_stop ? 2U : 1U}, remaining(until) + std::chrono::milliseconds(1));
      if (items[1].revents != 0) cancel();
      if (items[0].revents != 0) {
        if (auto answer = receive()) return std::move(*answer);
      } else if (unheard_ > kVanishedAfter / kKeepAliveInterval) {
        // It takes the call once it is ready. A supervisor ends one that never is.
        if (is_starting(path_)) {
          unheard_ = 0;
          continue;
        }
        throw unavailable(reason::kServiceAway, "service '{}' does not answer", service_);
      }
    }
  }

  /// Whether the service's handler has spoken: what it said is final.
  bool answered() const { return answered_; }

 private:
  bool send(const Envelope& envelope) {
    return socket_.send(zmq::buffer(api::to_msgpack(envelope)), zmq::send_flags::none).has_value();
  }

  void cancel() {
    cancelled_at_ = Clock::now();
    send({.kind = Kind::kCancel, .id = id_});
  }

  void check_limits(Clock::time_point now) const {
    if (!cancelled_at_ && now >= work_.deadline) {
      throw deadline_exceeded("service '{}' did not answer in time", service_);
    }
    if (cancelled_at_ && now - *cancelled_at_ > kCancelGrace) {
      throw cancelled("cancelled; service '{}' still cleans up", service_);
    }
  }

  template <api::Message T>
  T decode(std::string_view data) const {
    try {
      return api::from_msgpack<T>(data, api::UnknownFields::kIgnore);
    } catch (const Error& error) {
      throw internal_error("service '{}' answered with nonsense: {}", service_, error.message());
    }
  }

  std::optional<std::string> receive() {
    zmq::message_t message;
    while (socket_.recv(message, zmq::recv_flags::dontwait)) {
      unheard_ = 0;
      auto envelope = decode<Envelope>(message.to_string_view());
      if (envelope.id != id_) continue;  // the late answer to a call that was given up
      if (envelope.kind == Kind::kResult) {
        answered_ = true;
        return std::move(envelope.params.data);
      }
      if (envelope.kind == Kind::kError) {
        const Error error = api::error_from(decode<api::ErrorBody>(envelope.params.data));
        answered_ = error.reason() != reason::kInterrupted;
        throw error;
      }
      if (envelope.kind == Kind::kProgress && work_.progress) {
        work_.progress(decode<api::Progress>(envelope.params.data));
      }
    }
    return std::nullopt;
  }

  zmq::socket_t& socket_;
  std::string_view service_;
  const std::filesystem::path& path_;
  std::uint64_t id_;
  const Work& work_;
  std::optional<StopFd> stop_;
  /// Keep-alives since the service was heard last. Not a time: while this process is suspended it
  /// passes, and what the service sent then is read later.
  int unheard_ = 0;
  std::optional<Clock::time_point> cancelled_at_;
  bool answered_ = false;
};

}  // namespace

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
  // Soon after a restart, but a service that remains away costs an idle caller next to nothing.
  socket.set(zmq::sockopt::reconnect_ivl, 5);
  socket.set(zmq::sockopt::reconnect_ivl_max, 200);
  socket.set(zmq::sockopt::maxmsgsize, kMessageLimit);
  socket.connect("ipc://" + socket_path_.string());
  return socket;
}

void Client::give_back(zmq::socket_t socket) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleSockets) idle_.push_back(std::move(socket));
}

std::string Client::attempt(api::Method method, const std::string& params, const Work& work,
                            Reached& reached) {
  zmq::socket_t socket = take_socket();
  Exchange exchange(socket, service_, socket_path_, ++last_id_, work);
  if (!exchange.send_call(method, params)) {
    throw unavailable(reason::kServiceAway, "service '{}' is not running", service_);
  }
  reached = Reached::kSocket;
  const auto settle = [&] {
    // Another socket's peer may have gone silent: it is not used again.
    if (!exchange.answered()) return;
    reached = Reached::kHandler;
    give_back(std::move(socket));
  };
  try {
    std::string answer = exchange.wait_for_answer();
    settle();
    return answer;
  } catch (const Error&) {
    settle();
    throw;
  }
}

std::string Client::call_raw(api::Method method, const std::string& params, const Work& work) {
  Work traced = work;
  if (traced.trace_id.empty()) traced.trace_id = random_hex(4);
  std::optional<Clock::time_point> away_until;
  while (true) {
    if (work.stop.stop_requested()) throw cancelled("cancelled by the caller");
    if (Clock::now() >= work.deadline) {
      throw deadline_exceeded("service '{}' did not answer in time", service_);
    }
    Reached reached = Reached::kNothing;
    try {
      return attempt(method, params, traced, reached);
    } catch (const zmq::error_t& error) {
      throw resource_exhausted("call of service '{}': {}", service_, error.what());
    } catch (const Error& error) {
      // Any call that was never sent may be repeated; a handler's answer is final.
      const bool repeatable =
          reached == Reached::kNothing ||
          (reached == Reached::kSocket && method.idempotent == api::Idempotent::kYes);
      if (error.code() != ErrorCode::kUnavailable || !repeatable) throw;
      if (!away_until) away_until = Clock::now() + kAwayLimit;
      if (std::min(*away_until, work.deadline) <= Clock::now()) throw;
    }
    sleep_unless_stopped(kPause, work.stop);
  }
}

}  // namespace pyro::bus
