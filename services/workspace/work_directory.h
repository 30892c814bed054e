#pragma once

#include <map>
#include <string>

#include "common/api/machine.h"

namespace pyro::workspace {

/// Where the commands of a workspace start. On the host without a sandbox it is not at its place.
inline std::string work_directory(const api::Machine& machine) {
  const auto elsewhere = machine.metadata.find("workspace_dir");
  return elsewhere == machine.metadata.end() ? "/workspace" : elsewhere->second;
}

/// What their environment has beside the agent's own: there also their HOME.
inline std::map<std::string, std::string> work_environment(const api::Machine& machine) {
  const auto home = machine.metadata.find("home_dir");
  if (home == machine.metadata.end()) return {};
  return {{"HOME", home->second}};
}

}  // namespace pyro::workspace
