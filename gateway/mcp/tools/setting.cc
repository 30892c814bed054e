#include "gateway/mcp/tools/setting.h"

#include <fmt/core.h>

#include "common/base/text.h"

namespace pyro::mcp {

std::string seeded(const Setting& setting, std::size_t most) {
  if (!setting.source_problem.empty()) {
    return fmt::format("Without seed_path it fails: {}. ",
                       without_middle(setting.source_problem, most));
  }
  if (setting.source.empty()) return "Without seed_path /workspace is empty. ";
  return fmt::format("Without seed_path /workspace begins with {}. ",
                     without_middle(setting.source, most));
}

}  // namespace pyro::mcp
