#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "common/api/msgpack_codec.h"
#include "common/api/progress.h"
#include "common/base/clock.h"
#include "common/bus/call.h"

namespace pyro::bus {

/// How one call is made.
struct CallOptions {
  Deadline deadline = Clock::now() + std::chrono::seconds(30);
  std::stop_token stop{};
  std::string trace_id{};
  api::ProgressSink on_progress{};

  /// For a call on behalf of another: its trace, deadline, stop and progress go on.
  static CallOptions within(const Call& call);
};

/// Calls one service. Thread-safe: each call in flight has a socket of its own.
class Client {
 public:
  Client(zmq::context_t& context, std::string service, std::filesystem::path socket)
      : context_(context), service_(std::move(service)), socket_path_(std::move(socket)) {}

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
  std::string call_raw(api::Method method, std::string params, const CallOptions& options);
  std::string attempt(api::Method method, const std::string& params, const CallOptions& options,
                      bool& sent);
  zmq::socket_t take_socket();
  void give_back(zmq::socket_t socket);

  zmq::context_t& context_;
  std::string service_;
  std::filesystem::path socket_path_;
  std::mutex mutex_;
  std::vector<zmq::socket_t> idle_;
  std::uint64_t last_id_ = 0;
};

}  // namespace pyro::bus
