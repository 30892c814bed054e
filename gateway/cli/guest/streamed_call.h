#pragma once

#include <atomic>
#include <optional>

#include "common/stream/output_receiver.h"
#include "gateway/cli/guest/guest_output.h"
#include "gateway/cli/session.h"

namespace pyro::cli {

/// A call that runs a guest's command and streams its output to ours. One call each. Starts the
/// stack if none runs, since that makes the directory of the socket.
class StreamedCall {
 public:
  explicit StreamedCall(Session& session);

  /// Returns the reply once all output is written. StdoutClosed: our reader is gone, which cancels
  /// the call.
  template <api::Operation Op>
  typename Op::Reply call(Op request) {
    request.output_socket = receiver_.socket().string();
    try {
      auto reply = session_.call(request);
      finish();
      return reply;
    } catch (const Error&) {
      throw_cause();
      throw;
    }
  }

 private:
  void take(std::uint32_t stream, std::string_view data);
  void finish();
  /// Throws if our own output made the call fail.
  void throw_cause() const;

  Session& session_;
  GuestOutput output_;
  /// The receiver's thread writes it before it stops the call; read after the call failed.
  std::atomic<bool> stdout_closed_{false};
  std::optional<Error> output_failure_;
  OutputReceiver receiver_;
};

}  // namespace pyro::cli
