#include "gateway/cli/commands/workspace/lifecycle/workspace_text.h"

#include <fmt/core.h>

#include "common/base/text.h"
#include "gateway/cli/commands/workspace/parts_text.h"
#include "gateway/cli/text/human.h"
#include "gateway/cli/text/lines.h"
#include "gateway/cli/text/table.h"

namespace pyro::cli {
namespace {

constexpr std::size_t kCommandColumns = 70;
constexpr std::size_t kTableNameColumns = 32;
constexpr std::size_t kNoteColumns = 400;

std::string environment_of(const api::Workspace& workspace) {
  return workspace.environment_version
             ? fmt::format("{} {}", workspace.environment, *workspace.environment_version)
             : workspace.environment;
}

std::string seed_of(const api::WorkspaceSeed& seed) {
  if (seed.mode == api::SeedMode::kEmpty)
    return fmt::format("none, {} was empty", seed.destination);
  return fmt::format(
      "{} ({}{})", one_line(seed.origin_ref.value_or(seed.seed_path.value_or("-")), kTextColumns),
      amount_text(seed.entry_count, seed.bytes_written), skipped_text(seed.skipped_count));
}

std::string machine_of(const api::Workspace& workspace) {
  std::string text = fmt::format("{}, {} MiB, {}", count_of(workspace.vcpu_count, "CPU"),
                                 workspace.mem_mib, api::name_of(workspace.execution_mode));
  const auto boot = workspace.metadata.find("boot_mode");
  if (boot != workspace.metadata.end()) text += ", " + boot->second + " boot";
  const auto why_tcg = workspace.metadata.find("accelerator_reason");
  if (why_tcg != workspace.metadata.end()) text += ", without KVM: " + why_tcg->second;
  return text;
}

std::string commands_of(const api::Workspace& workspace) {
  std::string text = std::to_string(workspace.command_count);
  if (!workspace.last_command) return text;
  const auto& last = *workspace.last_command;
  return text + fmt::format(", the last: {} ({})", one_line(last.command, kCommandColumns),
                            outcome_text(last));
}

std::string network_of(const api::Workspace& workspace) {
  std::vector<std::string> names = workspace.allow_domains;
  for (const auto& preset : workspace.allow_presets) names.push_back("preset " + preset);
  const std::string policy(api::name_of(workspace.network_policy));
  return names.empty() ? policy : fmt::format("{} to {}", policy, some_of(names, 5));
}

std::string state_of(const api::WorkspaceEntry& workspace) {
  const std::string state(api::name_of(workspace.state));
  return workspace.lost_snapshots.empty() ? state : state + ", damaged";
}

/// In one cell of the list.
std::string end_of(const api::WorkspaceEntry& workspace, double now) {
  if (workspace.deleted_at) return "deleted " + human_until(*workspace.deleted_at, now);
  return workspace.expires_at <= now ? "held off" : human_until(workspace.expires_at, now);
}

std::string secrets_of(const api::Workspace& workspace) {
  std::vector<std::string> names;
  for (const auto& secret : workspace.secrets) names.push_back(secret.name);
  return join(names, ", ");
}

}  // namespace

std::string created_text(const api::Workspace& workspace) {
  const std::string& id = workspace.workspace_id;
  Lines lines;
  lines.add("workspace", id);
  lines.add("state", api::name_of(workspace.state));
  lines.add("environment", environment_of(workspace));
  lines.add("seed", seed_of(workspace.workspace_seed));
  for (const std::string& note : workspace.workspace_seed.notes)
    lines.add("note", one_line(note, kNoteColumns));
  if (workspace.package_cache_reason && !workspace.package_cache.has_value()) {
    lines.add("note",
              one_line("no package cache: " + *workspace.package_cache_reason, kNoteColumns));
  }
  return lines.take() +
         fmt::format(
             "{} in {} without activity\n\n"
             "Next:\n"
             "  pyro workspace exec {} -- ls -la\n"
             "  pyro workspace diff {}\n"
             "  pyro workspace delete {}\n",
             workspace.on_expiry == api::ExpiryAction::kDelete ? "deleted" : "expires",
             human_duration(workspace.ttl_seconds), id, id, id);
}

std::string status_text(const api::Workspace& workspace, double now) {
  Lines lines;
  lines.add("LAST ERROR", one_line(workspace.last_error.value_or(""), kTextColumns));
  lines.add("LOST SNAPSHOTS", join(workspace.lost_snapshots, ", "));
  lines.add("workspace", workspace.workspace_id);
  lines.add("name", one_line(workspace.name.value_or(""), kTextColumns));
  lines.add("labels", labels_text(workspace.labels));
  lines.add("state", api::name_of(workspace.state));
  lines.add("environment", environment_of(workspace));
  lines.add("machine", machine_of(workspace));
  lines.add("network", network_of(workspace));
  lines.add("address", workspace.guest_ip.value_or(""));
  lines.add("seed", seed_of(workspace.workspace_seed));
  lines.add("secrets", secrets_of(workspace));
  lines.add("created", human_ago(workspace.created_at, now));
  lines.add("last activity", human_ago(workspace.last_activity_at, now));
  lines.add("project", one_line(workspace.project.value_or(""), kTextColumns));
  if (workspace.deleted_at) {
    lines.add("deleted", human_until(*workspace.deleted_at, now) + " unless it is started");
  } else if (workspace.expires_at <= now) {
    lines.add("expires", "once nothing runs in it and the session that made it has ended");
  } else {
    lines.add("expires", human_until(workspace.expires_at, now) + " without activity");
  }
  lines.add("commands", commands_of(workspace));
  if (workspace.service_count > 0) {
    lines.add("services", fmt::format("{}, {} running", workspace.service_count,
                                      workspace.running_service_count));
  }
  if (workspace.shell_count > 0) {
    lines.add("shells",
              fmt::format("{}, {} running", workspace.shell_count, workspace.running_shell_count));
  }
  if (workspace.reset_count > 0 && workspace.last_reset_at) {
    lines.add("resets", fmt::format("{}, the last {}", workspace.reset_count,
                                    human_ago(*workspace.last_reset_at, now)));
  }
  return lines.take();
}

std::string list_text(const api::WorkspaceList& list, double now) {
  if (list.workspaces.empty()) {
    return "there are no workspaces; make one: pyro workspace create debian:12 --seed-path .\n";
  }
  std::vector<std::vector<std::string>> rows{{"ID", "NAME", "STATE", "ENVIRONMENT", "LAST ACTIVITY",
                                              "EXPIRES", "COMMANDS", "SHELLS", "PROJECT"}};
  for (const auto& workspace : list.workspaces) {
    rows.push_back({workspace.workspace_id,
                    one_line(workspace.name.value_or("-"), kTableNameColumns), state_of(workspace),
                    workspace.environment, human_ago(workspace.last_activity_at, now),
                    end_of(workspace, now), std::to_string(workspace.command_count),
                    std::to_string(workspace.running_shell_count),
                    one_line(workspace.project.value_or("-"), kTextColumns)});
  }
  return table(rows);
}

std::string started_text(const api::Workspace& workspace) {
  return fmt::format("workspace {} is {}\n", workspace.workspace_id, api::name_of(workspace.state));
}

std::string stopped_text(const api::Workspace& workspace) {
  return fmt::format(
      "workspace {0} is {1} and keeps its files; to start it: pyro workspace start {0}\n",
      workspace.workspace_id, api::name_of(workspace.state));
}

std::string reset_text(const api::Workspace& workspace) {
  const std::string head = fmt::format("workspace {} is reset and {}", workspace.workspace_id,
                                       api::name_of(workspace.state));
  if (!workspace.workspace_reset) return head + "\n";
  const auto& reset = *workspace.workspace_reset;
  return fmt::format("{}, {} as in {} ({})\n", head, reset.destination, reset.snapshot_name,
                     amount_text(reset.entry_count, reset.bytes_written));
}

std::string deleted_text(const api::DeletedWorkspace& deleted) {
  return deleted.deleted ? fmt::format("workspace {} is deleted\n", deleted.workspace_id)
                         : fmt::format("workspace {} was not deleted: {}\n", deleted.workspace_id,
                                       one_line(deleted.reason, kTextColumns));
}

}  // namespace pyro::cli
