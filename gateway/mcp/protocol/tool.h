#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "common/base/error.h"
#include "gateway/mcp/protocol/json.h"

/// What a server offers, as the protocol sees it: this folder knows nothing of workspaces.
namespace pyro::mcp {

/// Where a call stands. `progress` only grows; the server sees to that.
struct ToolProgress {
  std::optional<double> progress;  ///< none: the server counts by itself
  std::optional<double> total;
  std::string message;
};

/// One `tools/call`. Valid during the call.
struct ToolCall {
  const Json& arguments;            ///< an object, unchecked against the tool's schema
  const Json& client_capabilities;  ///< of this request (modern) or of the session; an object
  std::stop_token stop;             ///< the client cancelled: no answer is wanted any more
  /// Tells the client where the call stands, when it asked to be told. Thread-safe.
  std::function<void(const ToolProgress&)> report;
};

/// What a tool says. With `structured` set and no `content` the server's text is the same JSON.
struct ToolResult {
  Json content = Json::array();
  std::optional<Json> structured;  ///< an object; of a failure {"error": …}
  bool is_error = false;

  /// A failure: `text` for the model, and `{"error": {code, reason, message}}` for a program. Some
  /// hosts show their model the one, some the other.
  static ToolResult error(const Error& error, const std::string& text);
  /// The same with the error's own sentence as the text.
  static ToolResult error(const Error& error) { return ToolResult::error(error, error.message()); }
};

/// All four are always sent: hosts decide by them what runs unattended.
struct ToolAnnotations {
  bool read_only = false;
  bool destructive = false;
  bool idempotent = false;
  bool open_world = false;
};

struct Tool {
  std::string name;
  std::string title;
  std::string description;
  Json input_schema;
  std::optional<Json> output_schema;
  ToolAnnotations annotations;
  /// Called on a thread of its own, in parallel with others. A pyro::Error is an `isError` result
  /// with its message; an RpcError is that protocol error.
  std::function<ToolResult(const ToolCall&)> call;
};

/// Who answers.
struct ServerInfo {
  std::string name;
  std::string title;
  std::string version;
  std::string instructions;
};

}  // namespace pyro::mcp
