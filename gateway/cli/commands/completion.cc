#include "gateway/cli/completion.h"

#include <fmt/format.h>

#include "common/api/environment.h"
#include "gateway/cli/commands/commands.h"

namespace pyro::cli {
namespace {

constexpr std::chrono::milliseconds kCheap{300};

/// Only from a stack that runs: a press of the tab key starts nothing.
std::vector<std::string> environment_names(Session& session) {
  std::vector<std::string> names;
  try {
    if (!session.stack().status({}, session.signals().token())) return names;
    const auto list = session.stack().client("image").call(api::ListEnvironments{},
                                                           {.deadline = Clock::now() + kCheap});
    for (const auto& environment : list.environments) names.push_back(environment.name);
  } catch (const Error&) {  // no candidates
  }
  return names;
}

int print_candidates(Session& session) {
  std::string text;
  for (const auto& [word, meaning] :
       complete(*session.root, session.words.value_or(std::vector<std::string>{""}),
                [&session] { return environment_names(session); })) {
    text += fmt::format("{}\t{}\n", word, meaning.substr(0, meaning.find('\n')));
  }
  print(text);
  return 0;
}

}  // namespace

void add_completion(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("completion", "Print the completion script of a shell");
  command->footer(
      "Examples:\n  eval \"$(pyro completion bash)\"\n  source <(pyro completion zsh)\n"
      "  pyro completion fish | source");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&session, shell] {
    session.action = [shell] {
      print(completion_script(*shell));
      return 0;
    };
  });
  auto* hidden = root.add_subcommand("__complete", "Candidates for the scripts");
  hidden->group("");
  hidden->callback(
      [&session] { session.action = [&session] { return print_candidates(session); }; });
}

}  // namespace pyro::cli
