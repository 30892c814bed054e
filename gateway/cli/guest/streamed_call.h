#pragma once

#include <atomic>
#include <optional>

#include "common/stream/output_receiver.h"
#include "gateway/cli/guest/guest_output.h"
#include "gateway/cli/session.h"

namespace pyro::cli {

/// A call that runs a guest's command, with its output streamed to ours while it comes. One call
/// each. Starts a stack that does not run: it makes the directory of the socket.
class StreamedCall {
 public:
  explicit StreamedCall(Session& session);

  /// The reply, once all output was written. StdoutClosed when our reader went away, which
  /// cancels the call.
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
  /// Throws when our own output was why the call failed: the rest is a consequence of it.
  void throw_cause() const;

  Session& session_;
  GuestOutput output_;
  /// Written by the receiver's thread before it stops the call, read once the call has failed.
  std::atomic<bool> stdout_closed_{false};
  std::optional<Error> output_failure_;
  OutputReceiver receiver_;
};

}  // namespace pyro::cli
