#include "services/workspace/work_directory.h"

#include <algorithm>

#include "common/base/text.h"

namespace pyro::workspace {
namespace {

bool is_in(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

}  // namespace

std::string work_directory(const api::Machine& machine) {
  const auto elsewhere = machine.metadata.find("workspace_dir");
  return elsewhere == machine.metadata.end() ? kWorkspaceDirectory : elsewhere->second;
}

std::map<std::string, std::string> work_environment(const api::Machine& machine) {
  const auto home = machine.metadata.find("home_dir");
  if (home == machine.metadata.end()) return {};
  return {{"HOME", home->second}};
}

std::string place_of(const std::string& path, const std::string& directory) {
  const std::string root = kWorkspaceDirectory;
  if (is_in(path, root)) return directory + path.substr(root.size());
  if (path == ".") return directory;
  return path.starts_with('/') ? path : directory + "/" + path;
}

std::optional<std::string> place_inside(const std::string& path, const std::string& directory) {
  const auto parts = split(path, '/');
  const bool climbs = std::find(parts.begin(), parts.end(), "..") != parts.end();
  std::string place = place_of(path, directory);
  if (climbs || !is_in(place, directory)) return std::nullopt;
  return place;
}

}  // namespace pyro::workspace
