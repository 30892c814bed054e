#include "gateway/cli/commands/workspace/services/service.h"

#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/services/service_text.h"

namespace pyro::cli {
namespace {

void add_workspace_service_list(CliCommand& service, Session& session) {
  auto& command = service.add_command("list", "List a workspace's services");
  command.footer = "Examples:\n  pyro workspace service list 0123456789ab";
  add_plain_call<api::ListServices>(command, session, [](const api::ServiceList& list) {
    return service_list_text(list, now_epoch_seconds());
  });
}

void add_workspace_service_status(CliCommand& service, Session& session) {
  auto& command = service.add_command("status", "Show a service");
  command.footer = "Examples:\n  pyro workspace service status 0123456789ab web";
  add_plain_call<api::WorkspaceServiceStatus>(command, session, [](const api::ServiceReply& reply) {
    return service_text(reply, now_epoch_seconds());
  });
}

void add_workspace_service_stop(CliCommand& service, Session& session) {
  auto& command = service.add_command("stop", "End a service");
  command.footer =
      "Examples:\n  pyro workspace service stop 0123456789ab web\n\n"
      "Sends TERM to all of its processes, and KILL to those that are left after 5 s.";
  add_plain_call<api::StopService>(command, session, stopped_service_text);
}

}  // namespace

void add_workspace_service(CliCommand& workspace, Session& session) {
  auto& service = workspace.add_command("service", "Servers that run in a workspace");
  service.needs_command = true;
  service.footer =
      "Examples:\n"
      "  pyro workspace service start 0123456789ab web --ready-tcp localhost:8000 -- python3 -m "
      "http.server\n"
      "  pyro workspace service logs 0123456789ab web --follow\n"
      "  pyro workspace service stop 0123456789ab web\n\n"
      "A service runs until it ends, is stopped, or the workspace is. It holds off the expiry.";
  add_workspace_service_start(service, session);
  add_workspace_service_list(service, session);
  add_workspace_service_status(service, session);
  add_workspace_service_logs(service, session);
  add_workspace_service_stop(service, session);
}

}  // namespace pyro::cli
