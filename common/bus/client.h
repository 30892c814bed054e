#pragma once

#include <atomic>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "common/api/msgpack_codec.h"
#include "common/bus/context.h"
#include "common/work/work.h"

namespace zmq {
class socket_t;
}

namespace pyro::bus {

/// Calls one service. Thread-safe: each call in flight has a socket of its own.
class Client {
 public:
  Client(Context& context, std::string service, std::filesystem::path socket);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// Throws the service's Error; kUnavailable when it is away or vanished during the call;
  /// kDeadlineExceeded; or kCancelled on a stop, after the service has cleaned up. Repeats an
  /// idempotent call until an absent service is back.
  template <api::Operation Op>
  typename Op::Reply call(const Op& request, const Work& work = {}) {
    api::validate(request);
    return api::from_msgpack<typename Op::Reply>(
        call_raw(Op::kMethod, api::to_msgpack(request), work), api::UnknownFields::kIgnore);
  }
  /// The same of encoded messages.
  std::string call_raw(api::Method method, const std::string& params, const Work& work);

 private:
  /// The progress of an attempt.
  enum class Reached { kNothing, kSocket, kHandler };

  std::string attempt(api::Method method, const std::string& params, const Work& work,
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
