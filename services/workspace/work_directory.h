#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/api/machine.h"

namespace pyro::workspace {

/// Where /workspace is in a guest.
inline constexpr const char* kWorkspaceDirectory = "/workspace";

/// Where the commands of a workspace start. On the host without a sandbox it is not at its place.
std::string work_directory(const api::Machine& machine);

/// What their environment has beside the agent's own: there also their HOME.
std::map<std::string, std::string> work_environment(const api::Machine& machine);

/// A caller's path as one of the guest, whose /workspace is at `directory`; a relative one begins
/// there.
std::string place_of(const std::string& path, const std::string& directory);

/// The same, of a path inside /workspace; nullopt: it leads out, or may do so by a `..`.
std::optional<std::string> place_inside(const std::string& path, const std::string& directory);

}  // namespace pyro::workspace
