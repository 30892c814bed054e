#include "gateway/mcp/protocol/tool.h"

#include "common/api/error_body.h"
#include "common/api/json_codec.h"

namespace pyro::mcp {

ToolResult ToolResult::error(const Error& error, const std::string& text) {
  ToolResult result;
  result.content.push_back({{"type", "text"}, {"text", text}});
  result.structured = Json::object({{"error", api::to_json(api::error_body(error))}});
  result.is_error = true;
  return result;
}

}  // namespace pyro::mcp
