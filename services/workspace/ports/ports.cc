#include "services/workspace/ports/ports.h"

#include <utility>

#include "common/api/message_type.h"
#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/fault/fault.h"
#include "common/log/log.h"

namespace pyro::workspace {
namespace {

constexpr std::chrono::seconds kBrief{5};

bool publishes(const WorkspaceRecord& record) {
  return record.workspace.network_policy == api::NetworkPolicy::kEgressPublishedPorts;
}

void require_publishing(const WorkspaceRecord& record) {
  if (publishes(record)) return;
  throw failed_precondition(
      reason::kNoNetwork,
      "published ports need network_policy egress+published-ports, and workspace {} has '{}': "
      "`pyro workspace network update {} --network-policy egress+published-ports`",
      record.id(), api::name_of(record.workspace.network_policy), record.id());
}

Work brief() { return {.deadline = Clock::now() + kBrief}; }

}  // namespace

std::vector<api::PublishedEntry> Ports::of(const WorkspaceRecord& record, const Work& work) {
  return net_.call(api::ListPublished{.workspace_id = record.id()}, work).ports;
}

api::WorkspacePorts Ports::reply(const WorkspaceRecord& record, const Work& work) {
  api::WorkspacePorts reply;
  if (publishes(record)) {
    for (const auto& entry : of(record, work)) {
      api::assign_fields(reply.ports.emplace_back(), entry);
    }
  }
  reply.count = static_cast<std::uint32_t>(reply.ports.size());
  return workspaces_.about(record.id(), std::move(reply));
}

api::WorkspacePorts Ports::handle(const api::ListPorts& request, bus::Call& call) {
  return reply(workspaces_.find(request.workspace_id), call.work());
}

api::WorkspacePorts Ports::handle(const api::OpenPort& request, bus::Call& call) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const auto turn = use.turns().begin(call.stop());
  const auto started =
      workspaces_.require_started(request.workspace_id, api::OpenPort::kMethod.name, call.work());
  require_publishing(started.record);
  turn->run([&] {
    net_.call(api::PublishPorts{.workspace_id = request.workspace_id,
                                .vm_id = started.record.vm_id,
                                .ports = {{.guest_port = request.guest_port,
                                           .host_port = request.host_port}}},
              call.work().stopped_by(turn->stop()));
  });
  workspaces_.table().touch(request.workspace_id);
  return reply(started.record, call.work());
}

api::WorkspacePorts Ports::handle(const api::ClosePort& request, bus::Call& call) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const auto turn = use.turns().begin(call.stop());
  const WorkspaceRecord record = workspaces_.table().find(request.workspace_id);
  if (publishes(record)) {
    net_.call(
        api::WithdrawPorts{.workspace_id = request.workspace_id, .host_port = request.host_port},
        call.work());
  }
  return reply(record, call.work());
}

std::vector<api::PublishedPort> Ports::publish(const WorkspaceRecord& record,
                                               const std::string& service_name,
                                               const std::vector<api::PortToPublish>& ports,
                                               const Work& work) {
  if (ports.empty()) return {};
  require_publishing(record);
  const auto entries = net_.call(api::PublishPorts{.workspace_id = record.id(),
                                                   .vm_id = record.vm_id,
                                                   .service_name = service_name,
                                                   .ports = ports},
                                 work);
  fault::point("workspace.ports.published");
  std::vector<api::PublishedPort> published;
  for (const auto& entry : entries.ports) published.push_back(entry);
  return published;
}

void Ports::withdraw(const WorkspaceRecord& record, const std::string& service_name) noexcept {
  if (!publishes(record)) return;
  try {
    net_.call(api::WithdrawPorts{.workspace_id = record.id(), .service_name = service_name},
              brief());
  } catch (const std::exception& error) {
    log::warn("the ports of service {} of workspace {} remain for now: {}", service_name,
              record.id(), error.what());
  }
}

void Ports::keep_only(const WorkspaceRecord& record, const std::set<std::string>& services) {
  if (!publishes(record)) return;
  for (const auto& entry : of(record, brief())) {
    if (!entry.service_name || services.contains(*entry.service_name)) continue;
    net_.call(api::WithdrawPorts{.workspace_id = record.id(), .host_port = entry.host_port},
              brief());
  }
}

/// Its machine goes, and with it all that they lead to.
void Ports::end_all(const WorkspaceRecord& record) {
  if (!publishes(record)) return;
  try {
    net_.call(api::WithdrawPorts{.workspace_id = record.id()}, brief());
  } catch (const std::exception& error) {
    log::warn("the ports of workspace {} remain for now: {}", record.id(), error.what());
  }
}

/// Of a machine that it had before; and all of one that publishes none any more.
void Ports::collect_garbage(const WorkspaceRecord& record) {
  if (!publishes(record)) return;
  for (const auto& entry : of(record, brief())) {
    if (entry.vm_id == record.vm_id) continue;
    net_.call(api::WithdrawPorts{.workspace_id = record.id(), .host_port = entry.host_port},
              brief());
  }
}

/// It had a policy that is not known any more. Without a record of a port the net service is not
/// asked: most hosts publish none.
void Ports::forget(const std::string& workspace_id) {
  std::error_code none;
  if (!std::filesystem::exists(records_, none) || std::filesystem::is_empty(records_, none)) return;
  net_.call(api::WithdrawPorts{.workspace_id = workspace_id}, brief());
}

}  // namespace pyro::workspace
