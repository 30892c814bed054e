#include "gateway/cli/commands/completion/completion.h"

#include <fmt/core.h>

#include <memory>
#include <string>
#include <vector>

#include "common/api/environment.h"
#include "common/api/workspace.h"
#include "common/base/text.h"
#include "common/stack/stack_client.h"
#include "gateway/cli/commands/completion/candidates.h"
#include "gateway/cli/commands/completion/scripts.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

constexpr std::chrono::milliseconds kCheap{300};
constexpr std::size_t kMeaningColumns = 40;

std::vector<Candidate> environments(Client& client) {
  std::vector<Candidate> names;
  const auto list = client.list_environments({}, {.limit = kCheap});
  for (const auto& environment : list.environments) {
    names.push_back({environment.name, "environment"});
  }
  return names;
}

std::vector<Candidate> workspaces(Client& client) {
  std::vector<Candidate> ids;
  const auto list = client.list_workspaces({}, {.limit = kCheap});
  for (const auto& workspace : list.workspaces) {
    ids.push_back({workspace.workspace_id,
                   one_line(workspace.name.value_or(workspace.environment), kMeaningColumns)});
  }
  return ids;
}

/// Asks only a running stack of our version: the tab key starts nothing.
std::vector<Candidate> values_of(Session& session, std::string_view what) {
  try {
    const auto stack = session.stack().status({}, session.signals().token());
    if (!stack || stack->stopping || stack->version != PYRO_VERSION) return {};
    if (what == "ENVIRONMENT") return environments(session.client());
    if (what == "WORKSPACE_ID") return workspaces(session.client());
  } catch (const Error&) {  // no candidates
  }
  return {};
}

int print_candidates(const CliCommand& root, const CliCommand& command, Session& session) {
  std::string text;
  for (const auto& [word, meaning] :
       complete(root, command.words.value_or(std::vector<std::string>{""}),
                [&session](std::string_view what) { return values_of(session, what); })) {
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
