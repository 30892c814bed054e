#include "gateway/mcp/protocol/render.h"

#include <utility>

namespace pyro::mcp {
namespace {

Json render_tool(const Tool& tool, Revision revision) {
  Json json{{"name", tool.name}};
  if (has_structured_content(revision)) json["title"] = tool.title;
  json["description"] = tool.description;
  json["inputSchema"] = tool.input_schema;
  if (tool.output_schema && has_structured_content(revision)) {
    json["outputSchema"] = *tool.output_schema;
  }
  if (has_annotations(revision)) {
    json["annotations"] = {{"readOnlyHint", tool.annotations.read_only},
                           {"destructiveHint", tool.annotations.destructive},
                           {"idempotentHint", tool.annotations.idempotent},
                           {"openWorldHint", tool.annotations.open_world}};
  }
  return json;
}

}  // namespace

Json render_server(const ServerInfo& info, Revision revision) {
  Json json{{"name", info.name}};
  if (has_structured_content(revision)) json["title"] = info.title;
  json["version"] = info.version;
  return json;
}

Json render_tools(const std::vector<Tool>& tools, Revision revision) {
  Json list = Json::array();
  for (const Tool& tool : tools) list.push_back(render_tool(tool, revision));
  return list;
}

Json render_result(ToolResult result, Revision revision) {
  if (result.structured && result.content.empty()) {
    const auto text = result.structured->dump(2, ' ', false, Json::error_handler_t::replace);
    result.content.push_back({{"type", "text"}, {"text", text}});
  }
  Json json{{"content", std::move(result.content)}};
  if (result.is_error) json["isError"] = true;
  if (result.structured && has_structured_content(revision)) {
    json["structuredContent"] = std::move(*result.structured);
  }
  return json;
}

Json render_complete(Json result, const ServerInfo& info, Revision revision) {
  if (!is_modern(revision)) return result;
  result["resultType"] = "complete";
  result["_meta"]["io.modelcontextprotocol/serverInfo"] = render_server(info, revision);
  return result;
}

}  // namespace pyro::mcp
