#include <fmt/core.h>

#include <string>

#include "common/api/environment.h"
#include "common/api/package_cache.h"
#include "common/api/prepare.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/cli/commands/environment/env.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

std::string pruned_text(const api::PruneResult& result) {
  std::string out;
  for (const auto& directory : result.deleted_environment_dirs) out += directory + "\n";
  for (const auto& directory : result.deleted_template_dirs) out += directory + "\n";
  return out + fmt::format(
                   "deleted {} environment{}, {} warm template{} and {} cached package{} ({}), "
                   "freed {}\n",
                   result.count, result.count == 1 ? "" : "s", result.deleted_template_dirs.size(),
                   result.deleted_template_dirs.size() == 1 ? "" : "s", result.deleted_packages,
                   result.deleted_packages == 1 ? "" : "s", human_size(result.freed_package_bytes),
                   human_size(result.freed_bytes));
}

}  // namespace

void add_env_prune(CliCommand& env, Session& session) {
  auto& command = env.add_command(
      "prune",
      "Delete warm templates, cached packages, and installed environments that are not in use");
  command.footer = "Examples:\n  pyro env prune";
  add_json_flag(command, session);
  command.action = [&session] {
    // Templates first: this also ends the standby machines, which use environments.
    api::PrunedTemplates templates;
    try {
      templates = session.call(api::PruneTemplates{});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnavailable) throw;
      fmt::print(stderr, "note: templates remain, since the vm service is not running: {}\n",
                 error.message());
    }
    api::PrunedPackageCache packages;
    try {
      packages = session.call(api::PrunePackageCache{});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnavailable) throw;
      fmt::print(stderr, "note: cached packages remain, since the net service is not running: {}\n",
                 error.message());
    }
    auto result = session.call(api::PruneEnvironments{});
    result.deleted_template_dirs = std::move(templates.deleted_template_dirs);
    result.freed_bytes += templates.freed_bytes + packages.freed_bytes;
    result.deleted_packages = packages.files;
    result.freed_package_bytes = packages.freed_bytes;
    print_reply<api::PruneResult>(session, result, pruned_text);
    return 0;
  };
}

}  // namespace pyro::cli
