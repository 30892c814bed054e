#include "gateway/cli/commands/workspace/host_path.h"

#include <fmt/core.h>

#include <filesystem>

#include "common/command_line/usage_error.h"

namespace pyro::cli {

std::string absolute_host_path(std::string_view field, const std::string& path) {
  if (path.empty()) throw UsageError(fmt::format("{} must not be empty", field));
  std::filesystem::path absolute;
  for (const auto& part : std::filesystem::absolute(path)) {
    if (!part.empty() && part != ".") absolute /= part;
  }
  return absolute.string();
}

}  // namespace pyro::cli
