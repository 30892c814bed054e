#include "gateway/cli/commands/workspace/lifecycle/label_option.h"

#include <fmt/core.h>

#include "common/command_line/usage_error.h"

namespace pyro::cli {

void add_label_option(CliCommand& command, std::vector<std::string>& labels) {
  command.add({.name = "--label", .help = "A label; repeatable", .value_name = "KEY=VALUE"},
              labels);
}

std::map<std::string, std::string> labels_of(const std::vector<std::string>& labels) {
  std::map<std::string, std::string> map;
  for (const auto& label : labels) {
    const std::size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw UsageError(
          fmt::format("--label takes KEY=VALUE, as in --label ticket=123, not '{}'", label));
    }
    const std::string key = label.substr(0, equals);
    if (!map.emplace(key, label.substr(equals + 1)).second) {
      throw UsageError(fmt::format("label '{}' is given twice", key));
    }
  }
  return map;
}

}  // namespace pyro::cli
