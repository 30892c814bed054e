#include <chrono>
#include <memory>

#include "common/process/wait.h"
#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/services/service.h"
#include "gateway/cli/commands/workspace/services/service_text.h"

namespace pyro::cli {
namespace {

/// Between two looks for more.
constexpr std::chrono::milliseconds kLookAgain{200};

void print_both(const api::ServiceLog& log) { print(log.stdout_text + log.stderr_text); }

/// Until the service has ended and all of it is shown, or Ctrl-C.
int follow(Session& session, api::ServiceLogs request) {
  api::ServiceLog log = session.call(request);
  print_both(log);
  while (!session.signals().token().stop_requested()) {
    const bool ended = log.state != api::WorkspaceServiceState::kRunning;
    request.stdout_offset = log.stdout_offset;
    request.stderr_offset = log.stderr_offset;
    if (!ended) sleep_unless_stopped(kLookAgain, session.signals().token());
    if (session.signals().token().stop_requested()) break;
    log = session.call(request);
    print_both(log);
    if (ended && log.stdout_text.empty() && log.stderr_text.empty()) break;
  }
  return 0;
}

}  // namespace

void add_workspace_service_logs(CliCommand& service, Session& session) {
  auto& command = service.add_command("logs", "Show what a service printed");
  command.footer =
      "Examples:\n"
      "  pyro workspace service logs 0123456789ab web\n"
      "  pyro workspace service logs 0123456789ab web --tail-lines 20\n"
      "  pyro workspace service logs 0123456789ab web --follow\n\n"
      "The guest keeps the last 16 MiB of each stream. With --follow it shows more as it comes, "
      "until\nthe service ends or Ctrl-C.";
  auto request = std::make_shared<api::ServiceLogs>();
  auto is_following = std::make_shared<bool>(false);
  add_request_options(command, *request);
  command.add_flag("--follow", "Go on with what it prints", *is_following);
  add_json_flag(command, session);
  command.action = [&session, request, is_following] {
    if (*is_following && session.json) throw UsageError("--follow and --json exclude each other");
    if (*is_following) return follow(session, *request);
    show_reply<api::ServiceLog>(session, session.call(*request), service_log_text);
    return 0;
  };
}

}  // namespace pyro::cli
