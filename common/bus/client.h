#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "common/api/msgpack_codec.h"
#include "common/api/progress.h"
#include "common/base/clock.h"
#include "common/bus/call.h"
#include "common/bus/context.h"

namespace zmq {
class socket_t;
}

namespace pyro::bus {

/// How one call is made.
struct CallOptions {
  Deadline deadline = Clock::now() + std::chrono::seconds(30);
  std::stop_token stop{};
  std::string trace_id{};
  api::ProgressSink on_progress{};

  /// For a call on behalf of another: its trace, deadline, stop and progress go on.
  static CallOptions within(const Call& call);
  /// The same where more than the caller can stop it.
  static CallOptions within(const Call& call, std::stop_token stop);
};

/// Calls one service. Thread-safe: each call in flight has a socket of its own.
class Client {
 public:
  Client(Context& context, std::string service, std::filesystem::path socket);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// Throws the service's Error; kUnavailable when it is away or vanished during the call,
  /// kDeadlineExceeded, or kCancelled on a stop, once the service has cleaned up.
  /// An idempotent call is repeated while a service that is away comes back.
  template <api::Operation Op>
  typename Op::Reply call(const Op& request, const CallOptions& options = {}) {
    api::validate(request);
    return api::from_msgpack<typename Op::Reply>(
        call_raw(Op::kMethod, api::to_msgpack(request), options), api::UnknownFields::kIgnore);
  }

 private:
  /// How far an attempt came.
  enum class Reached { kNothing, kSocket, kHandler };

  std::string call_raw(api::Method method, const std::string& params, const CallOptions& options);
  std::string attempt(api::Method method, const std::string& params, const CallOptions& options,
                      Reached& reached);
  zmq::socket_t take_socket();
  void give_back(zmq::socket_t socket);

  Context& context_;
  std::string service_;
  std::filesystem::path socket_path_;
  std::mutex mutex_;
  std::vector<zmq::socket_t> idle_;
  std::atomic<std::uint64_t> last_id_ = 0;
};

}  // namespace pyro::bus
