#include "gateway/cli/commands/workspace/services/service_text.h"

#include <fmt/core.h>

#include <vector>

#include "common/base/text.h"
#include "gateway/cli/text/human.h"
#include "gateway/cli/text/table.h"

namespace pyro::cli {
namespace {

constexpr std::size_t kServiceCommandColumns = 60;

std::string target_of(const api::Readiness& readiness) {
  for (const auto* target :
       {&readiness.path, &readiness.address, &readiness.url, &readiness.command}) {
    if (*target) return one_line(**target, kServiceCommandColumns);
  }
  return "";
}

/// `running`, `stopped (sigterm)`, `exited (3)`.
std::string state_of(const api::Service& service) {
  const std::string state(api::name_of(service.state));
  if (service.stop_reason && service.state == api::WorkspaceServiceState::kStopped) {
    return fmt::format("{} ({})", state, api::name_of(*service.stop_reason));
  }
  if (service.state == api::WorkspaceServiceState::kRunning && !service.ready_at) {
    return state + " (not ready)";
  }
  if (!service.exit_code) return state;
  return fmt::format("{} ({})", state, *service.exit_code);
}

}  // namespace

std::string started_service_text(const api::ServiceReply& service) {
  return fmt::format(
      "service {0} is {1}\n\n"
      "Next:\n"
      "  pyro workspace service logs {2} {0}\n"
      "  pyro workspace service stop {2} {0}\n",
      service.service_name, state_of(service), service.workspace_id);
}

std::string stopped_service_text(const api::ServiceReply& service) {
  return fmt::format("service {} is {}\n", service.service_name, state_of(service));
}

std::string service_text(const api::ServiceReply& service, double now) {
  std::string text =
      fmt::format("service: {}\nstate: {}\ncommand: {}\ncwd: {}\nstarted: {}\n",
                  service.service_name, state_of(service), one_line(service.command, kTextColumns),
                  one_line(service.cwd, kTextColumns), human_ago(service.started_at, now));
  if (service.readiness) {
    text += fmt::format("ready by: {} {}\n", api::name_of(service.readiness->type),
                        target_of(*service.readiness));
  }
  if (service.ready_at) text += fmt::format("ready: {}\n", human_ago(*service.ready_at, now));
  if (service.ended_at) text += fmt::format("ended: {}\n", human_ago(*service.ended_at, now));
  if (service.pid) text += fmt::format("pid: {}\n", *service.pid);
  if (service.failure) text += fmt::format("failure: {}\n", printable(*service.failure));
  return text;
}

std::string service_list_text(const api::ServiceList& list, double now) {
  std::vector<std::vector<std::string>> rows{{"NAME", "STATE", "STARTED", "COMMAND"}};
  for (const auto& service : list.services) {
    rows.push_back({service.service_name, state_of(service), human_ago(service.started_at, now),
                    one_line(service.command, kServiceCommandColumns)});
  }
  return list.services.empty() ? "no services\n" : table(rows);
}

std::string service_log_text(const api::ServiceLog& log) {
  return log.stdout_text + log.stderr_text;
}

}  // namespace pyro::cli
