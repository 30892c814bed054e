#include "services/workspace/network/networks.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/api/message_type.h"
#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/base/text.h"
#include "common/fault/fault.h"
#include "common/guest/machine_paths.h"
#include "common/log/log.h"
#include "common/network/connection_log.h"
#include "common/network/connection_owners.h"
#include "common/network/learned_names.h"
#include "common/network/package_choice.h"
#include "common/network/policy.h"
#include "services/workspace/network/log_watch.h"

namespace pyro::workspace {
namespace {

/// For the change that a kill cut short.
constexpr std::chrono::seconds kCompleteLimit{30};
/// For the guest to tell whose its connections are.
constexpr std::chrono::seconds kGuestLimit{3};

std::vector<std::string> canonical_entries(const std::vector<std::string>& entries) {
  return network::canonical({.allow = entries}).allow;
}

void remove_from(std::vector<std::string>& list, const std::vector<std::string>& gone) {
  std::erase_if(list, [&gone](const std::string& one) {
    return std::find(gone.begin(), gone.end(), one) != gone.end();
  });
}

void add_to(std::vector<std::string>& list, const std::vector<std::string>& more) {
  for (const auto& one : more) {
    if (std::find(list.begin(), list.end(), one) == list.end()) list.push_back(one);
  }
}

/// The last of a list of names would leave the whole internet to be reached.
void refuse_silent_widening(const WorkspaceRecord& before, const WorkspaceRecord& after,
                            const api::UpdateNetwork& request) {
  const bool widens = before.rules().lists_names() && !after.rules().lists_names();
  if (!widens || request.network_policy) return;
  throw invalid_argument(
      "without this name no other would be left on the list, and the workspace could reach all "
      "of the public internet: say network_policy egress with it if that is meant, or off");
}

api::NetworkLogEntry entry_of(const network::LogLine& line) {
  return {.number = line.number,
          .time = line.time,
          .verdict = std::string(api::name_of(line.verdict)),
          .protocol = std::string(api::name_of(line.protocol)),
          .name = line.name,
          .address = line.address,
          .port = line.port,
          .bytes_up = line.bytes_up,
          .bytes_down = line.bytes_down,
          .milliseconds = line.milliseconds,
          .reason = line.reason,
          .path = line.path,
          .count = line.count};
}

}  // namespace

void Networks::set_policy(WorkspaceRecord& record) const {
  api::Workspace& workspace = record.workspace;
  workspace.allow_domains = canonical_entries(workspace.allow_domains);
  std::vector<std::string> allow = workspace.allow_domains;
  for (const auto& preset : presets_.named(workspace.allow_presets)) add_to(allow, preset.allow);
  // Whoever has a secret go to a host wants that reached; without a list all are.
  if (!allow.empty()) {
    for (const auto& host : record.secret_hosts()) {
      add_to(allow, {fmt::format("{}:{}", host, network::kTlsPort)});
    }
  }
  record.network_allow = canonical_entries(allow);
  auto choice = network::choose_packages(record.rules(), workspace.package_cache, nginx_);
  record.network_packages = std::move(choice.packages);
  workspace.package_cache_reason = std::move(choice.reason);
  if (record.rules().has_network()) return;
  if (!record.network_allow.empty() || workspace.learn || workspace.host_ca) {
    throw invalid_argument(
        "allow_domains, allow_presets, learn and host_ca need network_policy egress, "
        "egress+published-ports or cache-only: with off nothing is reached");
  }
}

api::WorkspaceNetwork Networks::describe_network(const WorkspaceRecord& record,
                                                 const Work& work) const {
  api::WorkspaceNetwork network;
  api::assign_fields(network, record.workspace);
  network.presets = presets_.named(record.workspace.allow_presets);
  network.allow = record.network_allow;
  network.cached_packages = record.network_packages;
  network.guest_ip.reset();
  if (record.rules().has_network()) {
    const auto there = vm_.call(api::MachineNetworkInfo{.vm_id = record.vm_id}, work);
    network.connected = there.outbound_connectivity_expected;
    network.reason = there.reason;
    network.guest_ip = there.guest_ip;
  }
  return workspaces_.about(record.id(), std::move(network));
}

api::WorkspaceNetwork Networks::handle(const api::ShowNetwork& request, bus::Call& call) {
  return describe_network(workspaces_.find(request.workspace_id), call.work());
}

void Networks::give_to_machine(const WorkspaceRecord& record, const Work& work) {
  vm_.call(api::SetMachineNetwork{.vm_id = record.vm_id, .rules = record.rules()}, work);
  fault::point("workspace.network.given");
  workspaces_.table().update(record.id(),
                             [](WorkspaceRecord& changed) { changed.network_pending = false; });
}

/// First the record, which says that its machine is to follow: killed in between, the collector
/// gives the machine what the record says. What the machine refuses is taken back.
api::WorkspaceNetwork Networks::handle(const api::UpdateNetwork& request, bus::Call& call) {
  const std::string& workspace_id = request.workspace_id;
  const Workspaces::Use use(workspaces_, workspace_id);
  const auto turn = use.turns().begin(call.stop());
  const WorkspaceRecord before = workspaces_.table().find(workspace_id);
  WorkspaceRecord after = before;
  api::Workspace& workspace = after.workspace;
  if (request.network_policy) workspace.network_policy = *request.network_policy;
  if (request.learn) workspace.learn = *request.learn;
  if (request.host_ca) workspace.host_ca = *request.host_ca;
  if (request.package_cache) workspace.package_cache = request.package_cache;
  add_to(workspace.allow_domains, canonical_entries(request.allow_domains));
  remove_from(workspace.allow_domains, canonical_entries(request.remove_domains));
  add_to(workspace.allow_presets, request.allow_presets);
  remove_from(workspace.allow_presets, request.remove_presets);
  if (request.network_policy == api::NetworkPolicy::kOff) {
    workspace.allow_domains.clear();
    workspace.allow_presets.clear();
    workspace.learn = workspace.host_ca = false;
    workspace.package_cache.reset();
  }
  set_policy(after);
  refuse_silent_widening(before, after, request);
  const auto record = [&](const WorkspaceRecord& now, bool pending) {
    workspaces_.table().update(workspace_id, [&](WorkspaceRecord& changed) {
      api::Workspace& shown = changed.workspace;
      shown.network_policy = now.workspace.network_policy;
      shown.allow_domains = now.workspace.allow_domains;
      shown.allow_presets = now.workspace.allow_presets;
      shown.learn = now.workspace.learn;
      shown.host_ca = now.workspace.host_ca;
      shown.package_cache = now.workspace.package_cache;
      shown.package_cache_reason = now.workspace.package_cache_reason;
      changed.network_allow = now.network_allow;
      changed.network_packages = now.network_packages;
      changed.network_pending = pending;
      mark_active(changed);
    });
  };
  record(after, /*pending=*/true);
  fault::point("workspace.network.recorded");
  try {
    turn->run([&] { give_to_machine(after, call.work().stopped_by(turn->stop())); });
  } catch (const Error& error) {
    // Where no answer came, the machine may have it: it is given what the record says again.
    record(before, /*pending=*/true);
    collect_garbage(workspaces_.table().find(workspace_id));
    throw error.within(fmt::format("change the network of workspace '{}'", workspace_id));
  }
  if (request.network_policy && request.network_policy != before.workspace.network_policy) {
    ports_.end_all(before);
  }
  workspaces_.changed(workspace_id);
  log::info("workspace {} has another network policy", workspace_id);
  return describe_network(workspaces_.table().find(workspace_id), call.work());
}

void Networks::collect_garbage(const WorkspaceRecord& record) {
  if (!record.network_pending) return;
  try {
    give_to_machine(record, {.deadline = Clock::now() + kCompleteLimit});
  } catch (const Error& error) {
    log::error("workspace {} has not the network of its record: {}", record.id(), error.message());
  }
}

/// Also without the guest's answer: then the lines of what still runs are nobody's.
std::vector<api::NetworkLogEntry> Networks::named(const WorkspaceRecord& record,
                                                  const std::vector<network::LogLine>& lines,
                                                  const std::stop_token& stop) {
  const Work work{.deadline = Clock::now() + kGuestLimit, .stop = stop};
  const network::ConnectionOwners owners(connections_.all(record, work));
  std::map<std::string, api::ConnectionMaker> makers;
  std::vector<api::NetworkLogEntry> entries;
  for (const auto& line : lines) {
    entries.push_back(entry_of(line));
    const std::string* job_id = owners.of(line);
    if (job_id == nullptr) continue;
    auto found = makers.find(*job_id);
    if (found == makers.end()) {
      found = makers.emplace(*job_id, workspaces_.maker(record, *job_id)).first;
    }
    static_cast<api::ConnectionMaker&>(entries.back()) = found->second;
  }
  return entries;
}

api::NetworkLog Networks::handle(const api::ReadNetworkLog& request, bus::Call& call) {
  const WorkspaceRecord record = workspaces_.find(request.workspace_id);
  const auto directory = MachinePaths(paths_, record.vm_id).network_directory();
  LogWatch watch(directory, network::kConnectionLog);
  const Deadline limit =
      std::min(call.deadline(), Clock::now() + std::chrono::seconds(request.wait_seconds));
  api::NetworkLog log{.last = request.after};
  std::vector<network::LogLine> lines;
  while (true) {
    lines = network::read_connection_log(directory, log.last);
    if (!lines.empty()) log.last = lines.back().number;
    if (request.denied) {
      std::erase_if(lines,
                    [](const auto& one) { return one.verdict != network::Verdict::kDenied; });
    }
    if (!lines.empty() || !watch.wait(limit, call.stop())) break;
  }
  if (lines.size() > request.count) lines.erase(lines.begin(), lines.end() - request.count);
  if (!lines.empty()) log.entries = named(record, lines, call.stop());
  return workspaces_.about(request.workspace_id, std::move(log));
}

api::LearnedNetwork Networks::handle(const api::ReadLearnedNetwork& request, bus::Call&) {
  const WorkspaceRecord record = workspaces_.find(request.workspace_id);
  const auto learned =
      network::read_learned(MachinePaths(paths_, record.vm_id).network_directory());
  api::LearnedNetwork reply{.learn = record.workspace.learn,
                            .allow_domains = network::allow_entries_of(learned),
                            .truncated = learned.truncated};
  for (const auto& one : learned.names) reply.names.push_back({one.name, one.port, one.count});
  return workspaces_.about(request.workspace_id, std::move(reply));
}

}  // namespace pyro::workspace
