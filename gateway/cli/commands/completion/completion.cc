#include "gateway/cli/commands/completion/completion.h"

#include <fmt/core.h>

#include <memory>
#include <string>
#include <vector>

#include "common/api/environment.h"
#include "common/api/workspace.h"
#include "common/api/workspace_services.h"
#include "common/api/workspace_shells.h"
#include "common/api/workspace_snapshots.h"
#include "common/base/text.h"
#include "common/stack/stack_client.h"
#include "gateway/cli/commands/completion/candidates.h"
#include "gateway/cli/commands/completion/scripts.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

/// For all answers together. A slow stack offers nothing: a person waits for the tab key.
constexpr std::chrono::milliseconds kAtOnce{30};
constexpr std::size_t kMeaningColumns = 40;

/// By a plain client of the service: the stack's would start a stack that has just ended.
template <api::Operation Op>
typename Op::Reply ask(Session& session, const std::string& service, const Op& request) {
  return session.stack().client(service).call(
      request, {.deadline = Clock::now() + kAtOnce, .stop = session.signals().token()});
}

std::vector<Candidate> environments(Session& session) {
  std::vector<Candidate> names;
  for (const auto& environment : ask(session, "image", api::ListEnvironments{}).environments) {
    names.push_back({environment.name, "environment"});
  }
  return names;
}

std::vector<Candidate> workspaces(Session& session) {
  std::vector<Candidate> ids;
  for (const auto& workspace : ask(session, "workspace", api::ListWorkspaces{}).workspaces) {
    ids.push_back({workspace.workspace_id,
                   one_line(workspace.name.value_or(workspace.environment), kMeaningColumns)});
  }
  return ids;
}

std::vector<Candidate> services(Session& session, const std::string& workspace_id) {
  std::vector<Candidate> names;
  const api::ListServices request{.workspace_id = workspace_id};
  for (const auto& service : ask(session, "workspace", request).services) {
    names.push_back({service.service_name, std::string(api::name_of(service.state))});
  }
  return names;
}

std::vector<Candidate> shells(Session& session, const std::string& workspace_id) {
  std::vector<Candidate> ids;
  const api::ListShells request{.workspace_id = workspace_id};
  for (const auto& shell : ask(session, "workspace", request).shells) {
    ids.push_back({shell.shell_id, std::string(api::name_of(shell.state))});
  }
  return ids;
}

std::vector<Candidate> snapshots(Session& session, const std::string& workspace_id) {
  std::vector<Candidate> names;
  const api::ListSnapshots request{.workspace_id = workspace_id};
  for (const auto& snapshot : ask(session, "workspace", request).snapshots) {
    names.push_back({snapshot.snapshot_name, "snapshot"});
  }
  return names;
}

/// Asks only a stack that runs: the tab key starts nothing, and says nothing of what goes wrong.
std::vector<Candidate> values_of(Session& session, std::string_view what,
                                 const std::string& workspace_id) {
  try {
    if (!session.stack().runs()) return {};
    if (what == "ENVIRONMENT") return environments(session);
    if (what == "WORKSPACE_ID") return workspaces(session);
    if (what == "SERVICE_NAME") return services(session, workspace_id);
    if (what == "SHELL_ID") return shells(session, workspace_id);
    if (what == "SNAPSHOT_NAME") return snapshots(session, workspace_id);
  } catch (const Error&) {  // no candidates
  }
  return {};
}

int print_candidates(const CliCommand& root, const CliCommand& command, Session& session) {
  std::string text;
  for (const auto& [word, meaning] :
       complete(root, command.words.value_or(std::vector<std::string>{""}),
                [&session](std::string_view what, const std::string&workspace_id) {
                  return values_of(session, what, workspace_id);
                })) {
    text += fmt::format("{}\t{}\n", word, meaning.substr(0, meaning.find('\n')));
  }
  print(text);
  return 0;
}

}  // namespace

void add_completion(CliCommand& root, Session& session) {
  auto& command = root.add_command("completion", "Print the completion script of a shell");
  command.footer =
      "Examples:\n  eval \"$(pyro completion bash)\"\n  source <(pyro completion zsh)\n"
      "  pyro completion fish | source";
  auto shell = std::make_shared<std::string>();
  command.add({.name = "shell",
               .help = "bash, zsh or fish",
               .value_name = "TEXT",
               .choices = {"bash", "zsh", "fish"},
               .required = true},
              *shell);
  command.action = [shell] {
    print(completion_script(*shell));
    return 0;
  };
  auto& hidden = root.add_command("__complete", "Candidates for the scripts");
  hidden.hidden = true;
  hidden.words_example = "pyro __complete -- env ''";
  hidden.action = [&root, &hidden, &session] { return print_candidates(root, hidden, session); };
}

}  // namespace pyro::cli
