#include "gateway/mcp/protocol/call.h"

#include <thread>
#include <utility>

#include "common/base/error.h"
#include "common/base/reasons/stack.h"

namespace pyro::mcp {
namespace {

/// Clients take a notification that they read together with the result for one of an unknown call.
constexpr std::chrono::milliseconds kProgressToResult{50};

}  // namespace

Call::Call(Parts parts, Offer& offer) : parts_(std::move(parts)), offer_(offer) {
  offer_.held_bytes += parts_.bytes;
}

void Call::start() {
  if (offer_.held_bytes > kMaxHeldBytes) {
    refuse(resource_exhausted(
        reason::kBusy,
        "the arguments of all calls take too much memory: try again when some have ended"));
    return;
  }
  try {
    // While it waits for a thread as well: hosts end calls that are silent.
    if (parts_.progress) offer_.ticker.add([line = parts_.progress] { return line->tick(); });
    ticket_ = offer_.pool.submit([call = shared_from_this()] { call->run(); });
    if (!ticket_) {
      refuse(resource_exhausted(
          reason::kBusy, "too many calls wait for their turn: try again when some have ended"));
    }
  } catch (const std::exception& error) {
    // Memory or threads are out.
    refuse(resource_exhausted(reason::kBusy,
                              "the call cannot be begun: {}: try again when some have ended",
                              error.what()));
  }
}

void Call::run() {
  if (ended_) return;
  CallOutcome outcome = this->outcome();
  // Before the answer is out: with it the client may send as much again.
  release();
  if (parts_.progress) {
    const auto told = parts_.progress->close();
    if (told && !ended_) std::this_thread::sleep_until(*told + kProgressToResult);
  }
  end(std::move(outcome));
}

void Call::cancel() {
  if (ended_.exchange(true)) return;
  if (ticket_) offer_.pool.drop(*ticket_);
  stop_.request_stop();
  // Last: it may wait for the client to read.
  if (parts_.progress) parts_.progress->close();
  parts_.done(Cancelled{});
}

CallOutcome Call::outcome() {
  try {
    return parts_.tool.call({parts_.arguments, parts_.client_capabilities, stop_.get_token(),
                             [this](const ToolProgress& said) { report(said); }});
  } catch (const RpcError& error) {
    return error;
  } catch (const Error& error) {
    return ToolResult::error(error);
  } catch (const std::exception& error) {
    return ToolResult::error(internal_error("internal error: {}", error.what()));
  }
}

void Call::report(const ToolProgress& said) {
  if (parts_.progress && parts_.progress->report(said)) offer_.ticker.look_again();
}

void Call::refuse(const Error& why) {
  if (parts_.progress) parts_.progress->close();
  end(ToolResult::error(why));
}

void Call::end(CallOutcome outcome) {
  if (ended_.exchange(true)) return;
  try {
    parts_.done(std::move(outcome));
  } catch (const std::exception& error) {
    // Memory is out: there may be some for a small answer, now that the other one is freed.
    parts_.done(RpcError(rpc::kInternalError, error.what()));
  }
}

void Call::release() {
  parts_.arguments = nullptr;
  parts_.client_capabilities = nullptr;
  offer_.held_bytes -= std::exchange(parts_.bytes, 0);
}

}  // namespace pyro::mcp
