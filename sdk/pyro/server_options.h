#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/network.h"

namespace pyro {

/// Which tools an MCP server offers.
enum class ServerProfile { kVmRun, kWorkspaceCore, kWorkspaceFull };
constexpr std::array<std::pair<ServerProfile, std::string_view>, 3> enum_names(ServerProfile) {
  return {{{ServerProfile::kVmRun, "vm-run"},
           {ServerProfile::kWorkspaceCore, "workspace-core"},
           {ServerProfile::kWorkspaceFull, "workspace-full"}}};
}

/// One kind of work, with the tools that it needs and a workflow of its own.
enum class ServerMode { kReproFix, kInspect, kColdStart, kReviewEval };
constexpr std::array<std::pair<ServerMode, std::string_view>, 4> enum_names(ServerMode) {
  return {{{ServerMode::kReproFix, "repro-fix"},
           {ServerMode::kInspect, "inspect"},
           {ServerMode::kColdStart, "cold-start"},
           {ServerMode::kReviewEval, "review-eval"}}};
}

/// The command line of `pyro mcp serve`.
struct ServerOptions {
  ServerProfile profile = ServerProfile::kWorkspaceCore;
  std::optional<ServerMode> mode{};  ///< takes the place of the profile
  std::string environment = "debian:12";
  std::optional<std::string> project_path{};
  std::optional<std::string> repo_url{};
  std::optional<std::string> repo_ref{};
  bool no_project_source = false;
  /// Patterns of gitignore(5): ignored files that a workspace begins with as well.
  std::vector<std::string> include_ignored{};
  /// Below these, the project and the working directory a client may name host paths.
  std::vector<std::filesystem::path> allow_paths{};
  bool allow_host_compat = false;
  /// A client sees the workspaces of its project, these, or all of the user's.
  std::vector<std::string> workspaces{};
  bool all_workspaces = false;
  /// What its workspaces may reach; a model can ask for less.
  api::NetworkPolicy network_policy = api::NetworkPolicy::kOff;
  std::vector<std::string> allow_domains{};
  std::vector<std::string> allow_presets{};
  std::optional<bool> package_cache{};
  /// Their guests trust the certificates that this host trusts.
  bool host_ca = false;
  std::filesystem::path working_directory{};  ///< empty: the process's own
};

}  // namespace pyro
