#include "gateway/mcp/tools/tools.h"

#include <iterator>

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
  for (const ToolRow& row : tool_rows()) {
    if (box->set.has(row.name)) tools.push_back(tool_of(row, box));
  }
  return tools;
}

}  // namespace pyro::mcp
