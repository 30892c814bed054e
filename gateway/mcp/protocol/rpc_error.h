#pragma once

#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "gateway/mcp/protocol/json.h"

namespace pyro::mcp {

/// Codes of JSON-RPC and of MCP.
namespace rpc {
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;
inline constexpr int kMissingClientCapability = -32021;
inline constexpr int kUnsupportedProtocolVersion = -32022;
}  // namespace rpc

/// A request that is answered by a protocol error instead of a result.
class RpcError : public std::exception {
 public:
  /// No `data` is sent when it is null.
  RpcError(int code, std::string message, Json data = nullptr)
      : code_(code), message_(std::move(message)), data_(std::move(data)) {}

  int code() const { return code_; }
  const std::string& message() const { return message_; }
  const Json& data() const { return data_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  int code_;
  std::string message_;
  Json data_;
};

}  // namespace pyro::mcp
