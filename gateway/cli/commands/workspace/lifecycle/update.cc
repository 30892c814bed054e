#include <fmt/core.h>

#include <memory>
#include <string>
#include <vector>

#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/lifecycle/label_option.h"
#include "gateway/cli/commands/workspace/lifecycle/lifecycle.h"
#include "gateway/cli/commands/workspace/lifecycle/workspace_text.h"

namespace pyro::cli {
namespace {

struct UpdateOptions {
  api::UpdateWorkspace request;
  std::vector<std::string> labels;
};

/// Puts the labels into the request and refuses contradictions.
void complete_update(UpdateOptions& options) {
  auto& request = options.request;
  request.labels = labels_of(options.labels);
  if (!request.name && !request.clear_name && request.labels.empty() &&
      request.clear_labels.empty()) {
    throw UsageError("nothing to update: give --name, --clear-name, --label or --clear-label");
  }
  if (request.name && request.clear_name) {
    throw UsageError("--name and --clear-name exclude each other");
  }
  for (const auto& key : request.clear_labels) {
    if (request.labels.contains(key)) {
      throw UsageError(fmt::format("label '{}' is both set and cleared", key));
    }
  }
}

}  // namespace

void add_workspace_update(CliCommand& workspace, Session& session) {
  auto& command = workspace.add_command("update", "Change a workspace's name and labels");
  command.footer =
      "Examples:\n"
      "  pyro workspace update 0123456789ab --name fix-parser --label ticket=123\n"
      "  pyro workspace update 0123456789ab --clear-name --clear-label ticket\n\n"
      "Everything else remains unchanged.";
  auto options = std::make_shared<UpdateOptions>();
  const std::shared_ptr<api::UpdateWorkspace> request(options, &options->request);
  add_request_options(command, *request, {"labels", "clear_labels"});
  add_label_option(command, options->labels);
  command.add({.name = "--clear-label", .help = "Remove a label; repeatable", .value_name = "KEY"},
              request->clear_labels);
  add_call<api::UpdateWorkspace>(
      command, session, request,
      [](const api::Workspace& reply) { return status_text(reply, now_epoch_seconds()); },
      [options](api::UpdateWorkspace&) { complete_update(*options); });
}

}  // namespace pyro::cli
