#include "gateway/cli/commands/workspace/network/network.h"

#include <memory>

#include "common/api/workspace_network.h"
#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/network/allow_options.h"
#include "gateway/cli/commands/workspace/network/network_text.h"

namespace pyro::cli {
namespace {

/// How long one call waits for more, while a log is followed.
constexpr std::uint32_t kFollowSeconds = 30;

void add_show(CliCommand& network, Session& session) {
  auto& command = network.add_command("show", "Show a workspace's network policy");
  command.footer = "Examples:\n  pyro workspace network show 0123456789ab";
  add_plain_call<api::ShowNetwork>(command, session, network_text);
}

struct NetworkUpdateOptions {
  std::shared_ptr<api::UpdateNetwork> request = std::make_shared<api::UpdateNetwork>();
  bool host_ca = false;
  bool no_host_ca = false;
};

void add_update(CliCommand& network, Session& session) {
  auto& command = network.add_command("update", "Change a workspace's network policy");
  command.footer =
      "Examples:\n"
      "  pyro workspace network update 0123456789ab --allow-domain registry.npmjs.org\n"
      "  pyro workspace network update 0123456789ab --network-policy egress --allow-preset pypi\n"
      "  pyro workspace network update 0123456789ab --network-policy cache-only\n"
      "  pyro workspace network update 0123456789ab --network-policy off\n\n"
      "It holds at once, also for open connections. off forgets the names.";
  const auto options = std::make_shared<NetworkUpdateOptions>();
  api::UpdateNetwork& request = *options->request;
  add_request_options(command, request);
  add_allow_options(command, request.allow_domains, request.allow_presets);
  command.add({.name = "--remove-domain",
               .help = "A name that it may reach no more; repeatable",
               .value_name = "NAME[:PORT]"},
              request.remove_domains);
  command.add({.name = "--remove-preset",
               .help = "A preset to take away; repeatable",
               .value_name = "NAME"},
              request.remove_presets);
  exclude_each_other(
      add_host_ca_flag(command, options->host_ca),
      command.add_flag("--no-host-ca", "Let it trust no more than its own", options->no_host_ca));
  add_call<api::UpdateNetwork>(command, session, options->request, network_text,
                               [options](api::UpdateNetwork& wanted) {
                                 if (options->host_ca) wanted.host_ca = true;
                                 if (options->no_host_ca) wanted.host_ca = false;
                               });
}

/// Until Ctrl-C.
int follow(Session& session, api::ReadNetworkLog request) {
  request.wait_seconds = kFollowSeconds;
  while (!session.signals().token().stop_requested()) {
    const api::NetworkLog log = session.call(request);
    for (const auto& entry : log.entries) print(network_log_line(entry));
    request.after = log.last;
  }
  return 0;
}

void add_log(CliCommand& network, Session& session) {
  auto& command = network.add_command("log", "Show the connections of a workspace");
  command.footer =
      "Examples:\n"
      "  pyro workspace network log 0123456789ab\n"
      "  pyro workspace network log 0123456789ab --denied --follow\n\n"
      "Those since the last reset, the last 100 unless --count says more.";
  auto request = std::make_shared<api::ReadNetworkLog>();
  auto is_following = std::make_shared<bool>(false);
  add_request_options(command, *request);
  command.add_flag("--follow", "Go on with what comes", *is_following);
  add_json_flag(command, session);
  command.action = [&session, request, is_following] {
    if (*is_following && session.json) throw UsageError("--follow and --json exclude each other");
    if (*is_following) return follow(session, *request);
    show_reply<api::NetworkLog>(session, session.call(*request), network_log_text);
    return 0;
  };
}

void add_learned(CliCommand& network, Session& session) {
  auto& command = network.add_command("learned", "Show what a workspace has reached");
  command.footer =
      "Examples:\n"
      "  pyro workspace create debian:12 --network-policy egress --learn\n"
      "  pyro workspace network learned 0123456789ab\n\n"
      "It prints the options that allow just that.";
  add_plain_call<api::ReadLearnedNetwork>(command, session, learned_network_text);
}

}  // namespace

void add_workspace_network(CliCommand& workspace, Session& session) {
  auto& network = workspace.add_command("network", "What a workspace may reach, and has");
  network.needs_command = true;
  network.footer =
      "Examples:\n"
      "  pyro workspace create debian:12 --network-policy egress --allow-preset npm\n"
      "  pyro workspace network show 0123456789ab\n"
      "  pyro workspace network update 0123456789ab --allow-domain example.com\n"
      "  pyro workspace network log 0123456789ab --denied";
  add_show(network, session);
  add_update(network, session);
  add_log(network, session);
  add_learned(network, session);
}

}  // namespace pyro::cli
