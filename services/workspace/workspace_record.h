#pragma once

#include <fmt/core.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/api/network.h"
#include "common/api/workspace.h"

namespace pyro::workspace {

/// A row of the registry's table `workspaces`. It is written when all of the workspace is there,
/// and what it names is the truth: machines, volumes and rows that no record names are garbage.
struct WorkspaceRecord {
  /// State, execution mode, metadata and what is counted are filled in for each reply.
  api::Workspace workspace;
  std::string vm_id;
  std::uint32_t session = 0;
  double session_started_at = 0;
  bool must_stop = false;
  bool throwaway = false;
  std::optional<double> expired_at;
  std::optional<std::string> maker;
  std::vector<std::string> network_allow;
  std::vector<std::string> network_packages;
  bool network_pending = false;
  std::string secret_authority;
  std::string secret_file;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace", &WorkspaceRecord::workspace, "The workspace as callers see it.");
    f("vm_id", &WorkspaceRecord::vm_id, "The machine that runs it.");
    f("session", &WorkspaceRecord::session,
      "Raised by each reset: commands and events of another one are garbage.");
    f("session_started_at", &WorkspaceRecord::session_started_at, "Creation or last reset.");
    f("must_stop", &WorkspaceRecord::must_stop,
      "A reset failed while its machine could not be stopped: it is to be.");
    f("throwaway", &WorkspaceRecord::throwaway, "Garbage once the service that made it ended.");
    f("expired_at", &WorkspaceRecord::expired_at,
      "When it expired: it is stopped since then, until a start or a reset.");
    f("maker", &WorkspaceRecord::maker,
      "The process that made or started it last: it does not expire while that lives.");
    f("network_allow", &WorkspaceRecord::network_allow,
      "What its network may reach: its names, and those of its presets when they were given.");
    f("network_packages", &WorkspaceRecord::network_packages, "What the package cache serves it.");
    f("network_pending", &WorkspaceRecord::network_pending,
      "Its machine may have another network than it is to have: it is to be given this one.");
    f("secret_authority", &WorkspaceRecord::secret_authority,
      "The certificate that its guest trusts for hosts of secrets; empty: no secret has any.");
    f("secret_file", &WorkspaceRecord::secret_file, "The file of these secrets.");
  }

  /// It does not expire any more: it is used again.
  void bring_back() {
    expired_at.reset();
    must_stop = false;
    workspace.last_error.reset();
  }
  api::NetworkRules rules() const {
    api::NetworkRules rules{.kind = workspace.network_policy,
                            .allow = network_allow,
                            .learn = workspace.learn,
                            .host_ca = workspace.host_ca,
                            .packages = network_packages};
    if (!rules.has_network() || secret_file.empty()) return rules;
    rules.secret_hosts = secret_hosts();
    rules.secret_authority = secret_authority;
    rules.secret_file = secret_file;
    return rules;
  }
  /// To which its secrets go, each once.
  std::vector<std::string> secret_hosts() const {
    std::set<std::string> hosts;
    for (const auto& secret : workspace.secrets) {
      hosts.insert(secret.hosts.begin(), secret.hosts.end());
    }
    return {hosts.begin(), hosts.end()};
  }
  const std::string& id() const { return workspace.workspace_id; }
  /// The beginning of the ids of this session's rows.
  std::string session_prefix() const {
    return fmt::format("{}/{:06}/", workspace.workspace_id, session);
  }
};

}  // namespace pyro::workspace
