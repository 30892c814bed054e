#include "gateway/mcp/tools/tools.h"

#include <fmt/core.h>

#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "gateway/mcp/protocol/tool.h"
#include "gateway/mcp/tools/nouns.h"

namespace pyro::mcp {

const std::vector<ToolRow>& tool_rows() {
  static const std::vector<ToolRow> all = [] {
    std::vector<ToolRow> rows;
    for (const auto& tools : kNouns) {
      auto of_noun = tools();
      std::move(of_noun.begin(), of_noun.end(), std::back_inserter(rows));
    }
    return rows;
  }();
  return all;
}

std::vector<Tool> tools_of(const std::shared_ptr<const Toolbox>& box) {
  std::vector<Tool> tools;
  std::map<const api::MessageType*, std::string_view> seen;
  for (const ToolRow& row : tool_rows()) {
    if (!box->set.has(row.name)) continue;
    Tool& tool = tools.emplace_back(tool_of(row, box));
    const auto [first, is_new] = seen.emplace(&row.operation->reply_type(), row.name);
    if (!is_new) {
      tool.output_schema = {{"type", "object"},
                            {"properties", Json::object()},
                            {"description", fmt::format("That of {}.", first->second)}};
    }
  }
  return tools;
}

}  // namespace pyro::mcp
