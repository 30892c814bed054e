#pragma once

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/workspace.h"
#include "gateway/mcp/tools/tools.h"

namespace pyro::mcp {

/// Every choice of tools that a server can be started with.
inline std::vector<ServerOptions> every_choice() {
  std::vector<ServerOptions> all;
  for (const auto& [profile, name] : enum_names(ServerProfile{})) {
    all.push_back({.profile = profile});
  }
  for (const auto& [mode, name] : enum_names(ServerMode{})) all.push_back({.mode = mode});
  return all;
}

/// Failures that have words of their own, and one of each code.
inline std::vector<Error> every_error() {
  std::vector<Error> all = {
      not_found(reason::kWorkspaceGone, "workspace 'x' does not exist"),
      not_found(reason::kMachineExpired, "vm 'x' expired and was automatically deleted"),
      failed_precondition(reason::kNotStarted, "workspace x must be in 'started' state"),
      failed_precondition(reason::kGuestGone, "the command was ended"),
      failed_precondition(reason::kNoGuest, "guest boot is unavailable"),
      resource_exhausted(reason::kLimitReached, "max active VMs reached (8)"),
  };
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    all.emplace_back(static_cast<ErrorCode>(code), "it failed");
  }
  return all;
}

/// A toolbox whose stack cannot be reached: what a test calls is refused before that, or says so.
inline std::shared_ptr<const Toolbox> toolbox(
    ServerOptions options, const std::string& source = "",
    std::function<Client&()> client = []() -> Client& {
      throw failed_precondition("the stack was asked");
    }) {
  options.no_project_source = true;
  options.working_directory = "/nonexistent";
  return std::make_shared<const Toolbox>(Toolbox{
      .options = options,
      .set = tool_set(options),
      .setting = {.environment = options.environment, .source = source},
      .backend = {.client = std::move(client),
                  .paths = []() -> Paths { throw failed_precondition("the paths were asked"); }}});
}

inline const Tool& named(const std::vector<Tool>& tools, const std::string& name) {
  const auto found = std::find_if(tools.begin(), tools.end(),
                                  [&name](const Tool& tool) { return tool.name == name; });
  if (found == tools.end()) throw std::runtime_error("no tool " + name);
  return *found;
}

inline const ToolRow& row_of(std::string_view name) {
  const auto& rows = tool_rows();
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [name](const ToolRow& row) { return row.name == name; });
  if (found == rows.end()) throw std::runtime_error("no tool " + std::string(name));
  return *found;
}

inline std::vector<std::string> names_of(const std::vector<Tool>& tools) {
  std::vector<std::string> names;
  for (const auto& tool : tools) names.push_back(tool.name);
  return names;
}

/// What a call without a client's cancel or progress answers.
inline ToolResult call(const Tool& tool, const Json& arguments) {
  const Json capabilities = Json::object();
  return tool.call({.arguments = arguments,
                    .client_capabilities = capabilities,
                    .stop = {},
                    .report = [](const ToolProgress&) {}});
}

inline std::string text_of(const ToolResult& result) {
  return result.content.at(0).at("text").get<std::string>();
}

}  // namespace pyro::mcp
