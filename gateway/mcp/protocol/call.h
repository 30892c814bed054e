#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <variant>

#include "gateway/mcp/protocol/offer.h"
#include "gateway/mcp/protocol/progress_line.h"
#include "gateway/mcp/protocol/rpc_error.h"

namespace pyro::mcp {

struct Cancelled {};
using CallOutcome = std::variant<ToolResult, RpcError, Cancelled>;

/// One tools/call from its arrival to its outcome, of which it has just one: who cancels it while
/// it runs is not told any more what came of it. Started and cancelled by the same thread.
class Call : public std::enable_shared_from_this<Call> {
 public:
  struct Parts {
    const Tool& tool;
    Json arguments;
    Json client_capabilities;
    std::size_t bytes = 0;                   ///< about what it holds in memory
    std::shared_ptr<ProgressLine> progress;  ///< null: the client did not ask
    std::function<void(CallOutcome)> done;
  };

  Call(Parts parts, Offer& offer);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() { release(); }

  /// Has it done on another thread. With too much to do already, it ends as a failed one.
  void start();
  /// One that has not begun is never begun.
  void cancel();

 private:
  void run();
  CallOutcome outcome();
  void report(const ToolProgress& said);
  void refuse(const Error& why);
  void end(CallOutcome outcome);
  void release();

  Parts parts_;
  Offer& offer_;
  std::optional<WorkPool::Ticket> ticket_;
  std::stop_source stop_;
  std::atomic<bool> ended_ = false;
};

}  // namespace pyro::mcp
