#include "services/workspace/network/connections.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "common/api/message_table.h"
#include "common/base/error.h"
#include "common/fault/fault.h"
#include "common/guest/machine_paths.h"
#include "common/log/log.h"
#include "common/network/connection_log.h"
#include "common/network/connection_owners.h"
#include "common/network/denials.h"
#include "services/workspace/agent_link.h"
#include "services/workspace/commands/row_number.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;

/// Each answer of a guest is a row. The oldest give way.
constexpr std::uint32_t kMostRows = 256;
/// For a guest that is about to go.
constexpr std::chrono::seconds kLastWords{3};

std::string prefix_of(const CommandRecord& command) {
  return fmt::format("{}/{:06}/", command.workspace_id, command.session);
}

}  // namespace

std::vector<wire::JobConnection> Connections::known(const std::string& prefix) const {
  std::vector<wire::JobConnection> found;
  auto rows = rows_.last_below(prefix);
  std::reverse(rows.begin(), rows.end());
  for (auto& row : rows) {
    std::move(row.connections.begin(), row.connections.end(), std::back_inserter(found));
  }
  return found;
}

std::uint64_t Connections::last_time(const std::string& prefix) const {
  const auto last = rows_.last_below(prefix, 1);
  return last.empty() || last[0].connections.empty() ? 0 : last[0].connections.back().realtime_ns;
}

/// Nobody waits for another one's guest.
void Connections::ask(const std::string& prefix, const std::string& vm_id, const Work& work) {
  Row answer;
  try {
    answer = dial_agent(paths_, vm_id, work)
                 .call(wire::AskConnections{.after_ns = last_time(prefix)}, work);
  } catch (const Error& error) {
    // It is gone, silent, or of an earlier version.
    log::info("vm {} does not say whose its connections are: {}", vm_id, error.message());
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(answer.connections,
                [last = last_time(prefix)](const auto& one) { return one.realtime_ns <= last; });
  if (answer.connections.empty()) return;
  const std::uint64_t number = next_number(rows_, prefix);
  rows_.put(fmt::format("{}{:010}", prefix, number), answer);
  fault::point("workspace.connections.recorded");
  if (number > kMostRows) rows_.erase(fmt::format("{}{:010}", prefix, number - kMostRows));
}

std::vector<api::EgressDenied> Connections::denied_to(const CommandRecord& command,
                                                      const std::string& vm_id, const Work& work) {
  const auto directory = MachinePaths(paths_, vm_id).network_directory();
  if (!network::is_logged_since(directory, command.recorded_at)) return {};
  const std::string prefix = prefix_of(command);
  ask(prefix, vm_id, work);
  const network::ConnectionOwners owners(known(prefix));
  return network::denied_since(directory, command.recorded_at, [&](const network::LogLine& line) {
    const std::string* job_id = owners.of(line);
    return job_id == nullptr || *job_id == command.job_id;
  });
}

std::vector<wire::JobConnection> Connections::all(const WorkspaceRecord& record, const Work& work) {
  if (record.rules().has_network()) ask(record.session_prefix(), record.vm_id, work);
  return known(record.session_prefix());
}

void Connections::end_all(const WorkspaceRecord& record) {
  const auto directory = MachinePaths(paths_, record.vm_id).network_directory();
  if (!network::is_logged_since(directory, 0)) return;
  ask(record.session_prefix(), record.vm_id, {.deadline = Clock::now() + kLastWords});
}

void Connections::collect_garbage(const WorkspaceRecord& record) {
  const std::string current = record.session_prefix();
  for (const auto& row : rows_.last_ids_below(record.id() + "/")) {
    if (!row.starts_with(current)) rows_.erase(row);
  }
}

}  // namespace pyro::workspace

PYRO_TABLE(pyro::api::agent::JobConnections)
