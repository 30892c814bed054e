#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "gateway/mcp/protocol/json.h"
#include "gateway/mcp/protocol/rpc_error.h"

/// JSON-RPC 2.0: what a line says, and the messages that answer it.
namespace pyro::mcp {

/// What the protocol takes for an id: a string or an integer.
inline bool is_id(const Json& json) { return json.is_string() || json.is_number_integer(); }

struct Request {
  Json id;
  std::string method;
  Json params = Json::object();
};

struct Notification {
  std::string method;
  Json params = Json::object();
};

/// To a request of ours, of which there are none.
struct Response {};

struct Invalid {
  Json id;  ///< null when the message has none that is valid
  RpcError error;
};

using Message = std::variant<Request, Notification, Response, Invalid>;

struct Incoming {
  bool batch = false;
  std::vector<Message> messages;  ///< never empty; just one when it is no batch
};

/// Never throws for what the line says.
Incoming parse_message(std::string line);

Json result_message(const Json& id, Json result);
Json error_message(const Json& id, const RpcError& error);
Json notification_message(std::string_view method, Json params);

}  // namespace pyro::mcp
