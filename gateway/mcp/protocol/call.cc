#include "gateway/mcp/protocol/call.h"

#include <thread>
#include <utility>

#include "common/base/error.h"

namespace pyro::mcp {
namespace {

/// Clients take a notification that they read together with the result for one of an unknown call.
constexpr std::chrono::milliseconds kProgressToResult{50};

}  // namespace

void Call::run() {
  if (ended_) return;
  CallOutcome outcome = this->outcome();
  if (parts_.progress) {
    const auto told = parts_.progress->close();
    if (told && !ended_) std::this_thread::sleep_until(*told + kProgressToResult);
  }
  end(std::move(outcome));
}

void Call::cancel() {
  if (ended_.exchange(true)) return;
  stop_.request_stop();
  // Last: it may wait for the client to read.
  if (parts_.progress) parts_.progress->close();
  parts_.done(Cancelled{});
}

void Call::refuse(const std::string& why) {
  if (parts_.progress) parts_.progress->close();
  end(ToolResult::error(why));
}

CallOutcome Call::outcome() {
  try {
    return parts_.tool.call({parts_.arguments, parts_.client_capabilities, stop_.get_token(),
                             [this](const ToolProgress& said) { report(said); }});
  } catch (const RpcError& error) {
    return error;
  } catch (const Error& error) {
    return ToolResult::error(error.message());
  } catch (const std::exception& error) {
    return ToolResult::error(fmt::format("internal error: {}", error.what()));
  }
}

void Call::report(const ToolProgress& said) {
  if (parts_.progress && parts_.progress->report(said)) ticker_.look_again();
}

void Call::end(CallOutcome outcome) {
  if (!ended_.exchange(true)) parts_.done(std::move(outcome));
}

}  // namespace pyro::mcp
