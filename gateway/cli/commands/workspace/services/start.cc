#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/secret_options.h"
#include "gateway/cli/commands/workspace/services/service.h"
#include "gateway/cli/commands/workspace/services/service_text.h"
#include "gateway/cli/guest/guest_command.h"

namespace pyro::cli {
namespace {

std::uint32_t port_of(std::string_view text, std::string_view all) {
  std::uint32_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed == std::errc() && end == text.data() + text.size()) return port;
  throw UsageError(
      fmt::format("--publish '{}' must be GUEST_PORT or HOST_PORT:GUEST_PORT", printable(all)));
}

/// `GUEST_PORT` or `HOST_PORT:GUEST_PORT`.
api::PortToPublish published(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return {.guest_port = port_of(text, text)};
  const std::string_view all = text;
  return {.guest_port = port_of(all.substr(colon + 1), all),
          .host_port = port_of(all.substr(0, colon), all)};
}

}  // namespace

void add_workspace_service_start(CliCommand& service, Session& session) {
  auto& command = service.add_command("start", "Start a service and wait until it is ready");
  command.footer =
      "Examples:\n"
      "  pyro workspace service start 0123456789ab web --ready-tcp localhost:8000 -- python3 -m "
      "http.server\n"
      "  pyro workspace service start 0123456789ab api --ready-http http://localhost:3000/health "
      "-- npm start\n"
      "  pyro workspace service start 0123456789ab db --ready-command 'pg_isready -q' -- sh "
      "db.sh\n\n"
      "The command keeps running in the foreground. One that is not ready in time, or exits "
      "before,\n"
      "has failed: its processes are ended, and the error shows what it printed last.";
  auto request = std::make_shared<api::StartService>();
  add_request_options(command, *request, {"command"});
  add_secret_env_option(command, request->secret_env);
  command
      .add({.name = "--publish",
            .help = "Port of the guest to reach on 127.0.0.1 of the host; repeatable",
            .value_name = "[HOST_PORT:]GUEST_PORT"},
           [request](const std::string& text) {
             request->published_ports.push_back(published(text));
           })
      .repeatable = true;
  add_json_flag(command, session);
  command.words_example =
      "pyro workspace service start 0123456789ab web --ready-tcp localhost:8000 -- python3 -m "
      "http.server";
  command.action = [&session, &command, request] {
    request->command = guest_command(command);
    const api::ServiceReply reply = session.call(*request);
    const bool failed = reply.state == api::WorkspaceServiceState::kFailed;
    if (failed && !session.json) {
      throw failed_precondition("service '{}' failed: {}", reply.service_name,
                                trim(reply.failure.value_or("")));
    }
    show_reply<api::ServiceReply>(session, reply, started_service_text);
    return failed ? 1 : 0;
  };
}

}  // namespace pyro::cli
