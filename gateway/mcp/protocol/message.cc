#include "gateway/mcp/protocol/message.h"

#include <fmt/core.h>

#include <utility>

namespace pyro::mcp {
namespace {

Message invalid(const Json& id, std::string_view why) {
  return Invalid{id, RpcError(rpc::kInvalidRequest, fmt::format("Invalid Request: {}", why))};
}

Message message_from(Json& json) {
  if (!json.is_object()) return invalid(nullptr, "a message is an object");
  const auto end = json.end();
  const auto id = json.find("id");
  const bool valid_id = id != end && is_id(*id);
  const Json answered = valid_id ? *id : Json();
  const auto version = json.find("jsonrpc");
  if (version == end || *version != "2.0") return invalid(answered, "jsonrpc must be \"2.0\"");
  const auto method = json.find("method");
  if (method == end) {
    if (json.contains("result") || json.contains("error")) return Response{};
    return invalid(answered, "there is no method");
  }
  if (!method->is_string()) return invalid(answered, "method must be a string");
  if (id != end && !valid_id) return invalid(nullptr, "id must be a string or an integer");
  const auto params = json.find("params");
  const bool has_params = params != end && params->is_object();
  if (id == end) {
    return Notification{method->get<std::string>(),
                        has_params ? std::move(*params) : Json::object()};
  }
  // A client that has none may write them as null.
  const bool none = params == end || params->is_null();
  if (!none && !has_params) return invalid(answered, "params must be an object");
  return Request{answered, method->get<std::string>(),
                 has_params ? std::move(*params) : Json::object()};
}

}  // namespace

Incoming parse_message(std::string line) {
  Incoming incoming;
  try {
    Json json = parse_json(std::move(line));
    if (!json.is_array()) {
      incoming.messages.push_back(message_from(json));
    } else if (json.empty()) {
      incoming.messages.push_back(invalid(nullptr, "an empty batch"));
    } else {
      incoming.batch = true;
      for (Json& one : json) incoming.messages.push_back(message_from(one));
    }
  } catch (const RpcError& error) {
    incoming.messages.push_back(Invalid{nullptr, error});
  }
  return incoming;
}

Json result_message(const Json& id, Json result) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

Json error_message(const Json& id, const RpcError& error) {
  Json body{{"code", error.code()}, {"message", error.message()}};
  if (!error.data().is_null()) body["data"] = error.data();
  return {{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(body)}};
}

Json notification_message(std::string_view method, Json params) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
}

}  // namespace pyro::mcp
