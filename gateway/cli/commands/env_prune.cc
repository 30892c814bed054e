#include <fmt/format.h>

#include "common/api/environment.h"
#include "common/base/text.h"
#include "gateway/cli/commands/commands.h"

namespace pyro::cli {
namespace {

std::string text(const api::PruneResult& result) {
  std::string out;
  for (const auto& directory : result.deleted_environment_dirs) out += directory + "\n";
  return out + fmt::format("deleted {}, freed {}\n", result.count, human_size(result.freed_bytes));
}

}  // namespace

void add_env_prune(CLI::App& env, Session& session) {
  auto* command = env.add_subcommand("prune", "Delete installed environments that nobody uses");
  command->footer("Examples:\n  pyro env prune");
  add_json_flag(*command, session);
  command->callback([&session] {
    session.action = [&session] {
      const auto result = session.call(api::PruneEnvironments{}, std::chrono::minutes(10));
      print_reply<api::PruneResult>(session, result, text);
      return 0;
    };
  });
}

}  // namespace pyro::cli
