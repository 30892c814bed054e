#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <variant>

#include "gateway/mcp/protocol/progress_ticker.h"
#include "gateway/mcp/protocol/rpc_error.h"
#include "gateway/mcp/protocol/tool.h"

namespace pyro::mcp {

struct Cancelled {};
using CallOutcome = std::variant<ToolResult, RpcError, Cancelled>;

/// One tools/call from its arrival to its outcome, of which it has just one: who cancels it while
/// it runs is not told any more what came of it.
class Call {
 public:
  struct Parts {
    const Tool& tool;
    Json arguments;
    Json client_capabilities;
    std::shared_ptr<ProgressLine> progress;  ///< null: the client did not ask
    std::function<void(CallOutcome)> done;
  };

  Call(Parts parts, ProgressTicker& ticker) : parts_(std::move(parts)), ticker_(ticker) {}

  /// Does it, on the thread of the caller. One that was cancelled is not begun.
  void run();
  /// Ends it before it began.
  void refuse(const std::string& why);
  void cancel();

 private:
  CallOutcome outcome();
  void report(const ToolProgress& said);
  void end(CallOutcome outcome);

  const Parts parts_;
  ProgressTicker& ticker_;
  std::stop_source stop_;
  std::atomic<bool> ended_ = false;
};

}  // namespace pyro::mcp
