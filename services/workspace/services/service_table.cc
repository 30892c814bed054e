#include "services/workspace/services/service_table.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/api/message_table.h"
#include "common/base/error.h"
#include "common/base/reasons/workspace.h"

namespace pyro::workspace {
namespace {

std::string row_of(const ServiceRecord& service) {
  return fmt::format("{}/{:06}/{}", service.workspace_id, service.session, service.service_name);
}

}  // namespace

std::optional<ServiceRecord> ServiceTable::find(const WorkspaceRecord& workspace,
                                                const std::string& name) const {
  return rows_.find_readable(workspace.session_prefix() + name);
}

std::vector<ServiceRecord> ServiceTable::all(const WorkspaceRecord& workspace) const {
  auto services = rows_.last_below(workspace.session_prefix());
  std::reverse(services.begin(), services.end());
  return services;
}

std::vector<ServiceRecord> ServiceTable::running() const {
  auto services = rows_.all();
  std::erase_if(services, [](const auto& service) { return !service.running(); });
  return services;
}

void ServiceTable::begin(const ServiceRecord& service) {
  const std::lock_guard lock(mutex_);
  const auto before = rows_.find_readable(row_of(service));
  if (before && before->running()) {
    throw failed_precondition(reason::kServiceRuns,
                              "service '{}' is already running in workspace '{}': stop it first",
                              service.service_name, service.workspace_id);
  }
  rows_.put(row_of(service), service);
}

std::optional<ServiceRecord> ServiceTable::change(
    const ServiceRecord& service, const std::function<void(ServiceRecord&)>& change) {
  const std::lock_guard lock(mutex_);
  auto now = rows_.find_readable(row_of(service));
  if (!now || now->job_id != service.job_id || !now->running()) return std::nullopt;
  change(*now);
  rows_.put(row_of(service), *now);
  return now;
}

void ServiceTable::retract(const ServiceRecord& service) {
  const std::lock_guard lock(mutex_);
  const auto now = rows_.find_readable(row_of(service));
  if (now && now->job_id == service.job_id) rows_.erase(row_of(service));
}

void ServiceTable::forget_other_sessions(const WorkspaceRecord& workspace) {
  const std::lock_guard lock(mutex_);
  const std::string own = workspace.session_prefix();
  for (const auto& row : rows_.last_ids_below(workspace.id() + "/")) {
    if (!row.starts_with(own)) rows_.erase(row);
  }
}

void ServiceTable::forget(const std::string& workspace_id) {
  const std::lock_guard lock(mutex_);
  rows_.erase_below(workspace_id + "/");
}

}  // namespace pyro::workspace
