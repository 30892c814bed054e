#include "gateway/cli/commands/prepare/prepare.h"

#include <fmt/core.h>

#include <memory>
#include <string>

#include "common/api/prepare.h"
#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "gateway/cli/request_options.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

std::string prepared_text(const api::PreparedEnvironment& prepared) {
  return fmt::format("{} is warm: {}\n", prepared.environment,
                     prepared.reused ? "nothing changed since it was prepared"
                                     : fmt::format("prepared in {:.1f} s, recorded in {}",
                                                   static_cast<double>(prepared.duration_ms) / 1000,
                                                   prepared.manifest_path));
}

}  // namespace

void add_prepare(CliCommand& root, Session& session) {
  auto& command =
      root.add_command("prepare", "Install an environment and make its machines start warm");
  command.footer =
      "Examples:\n"
      "  pyro prepare\n"
      "  pyro prepare debian:12-build\n"
      "  pyro prepare --force --json\n\n"
      "Builds the warm template for machines of the default size, and proves it "
      "on\na throwaway workspace. If nothing changed since, it returns at once. `pyro doctor` "
      "shows "
      "the\nstate of an environment; `pyro env prune` deletes templates and unused environments.";
  auto request = std::make_shared<api::PrepareEnvironment>();
  add_request_options(command, *request);
  add_json_flag(command, session);
  command.action = [&session, request] {
    if (session.config().vm.boot == api::BootPolicy::kCold) {
      throw failed_precondition(
          reason::kTemplatesOff,
          "vm.boot is cold, so no machine would start from the template: remove it from the "
          "configuration, or PYRO_BOOT from the environment");
    }
    const auto prepared = session.call(*request);
    print_reply<api::PreparedEnvironment>(session, prepared, prepared_text);
    return 0;
  };
}

}  // namespace pyro::cli
