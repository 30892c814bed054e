#include <string>
#include <vector>

#include "common/api/environment.h"
#include "common/base/text.h"
#include "gateway/cli/commands/environment/env.h"
#include "gateway/cli/session.h"
#include "gateway/cli/text/table.h"

namespace pyro::cli {
namespace {

std::string environments_text(const api::EnvironmentList& list) {
  std::vector<std::vector<std::string>> rows{
      {"NAME", "VERSION", "INSTALLED", "SIZE", "DESCRIPTION"}};
  for (const auto& environment : list.environments) {
    rows.push_back({environment.name, environment.version, environment.installed ? "yes" : "no",
                    environment.size_bytes ? human_size(*environment.size_bytes) : "-",
                    environment.description});
  }
  return table(rows);
}

}  // namespace

void add_env_list(CliCommand& env, Session& session) {
  auto& command = env.add_command("list", "List the environments, installed or not");
  command.footer = "Examples:\n  pyro env list\n  pyro env list --json";
  add_json_flag(command, session);
  command.action = [&session] {
    const auto list = session.call(api::ListEnvironments{});
    print_reply<api::EnvironmentList>(session, list, environments_text);
    return 0;
  };
}

}  // namespace pyro::cli
