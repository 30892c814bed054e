#include "gateway/mcp/make_server.h"

#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/mcp/tools/tools.h"

namespace pyro::mcp {
namespace {

ServerOptions in_a_directory(ServerOptions options) {
  std::error_code gone;  // a directory that was deleted is none to work in
  if (options.working_directory.empty()) {
    options.working_directory = std::filesystem::current_path(gone);
  }
  return options;
}

/// What the model is told; each call looks for itself.
void describe_project(Toolbox& box) {
  try {
    if (const auto project = box.project()) box.setting.source = printable(describe(*project));
  } catch (const Error& error) {
    box.setting.source_problem = printable(error.message());
  }
}

}  // namespace

std::unique_ptr<Server> make_server(const ServerOptions& options, Backend backend) {
  const auto box = std::make_shared<Toolbox>(Toolbox{
      .options = in_a_directory(options),
      .set = tool_set(options),
      .setting = {.environment = options.environment,
                  .network = {options.network_policy, options.allow_domains, options.allow_presets,
                              options.package_cache, options.host_ca}},
      .backend = std::move(backend)});
  describe_project(*box);
  return std::make_unique<Server>(
      ServerInfo{.name = "pyro",
                 .title = "pyro",
                 .version = PYRO_VERSION,
                 .instructions = instructions_of(box->set, box->setting)},
      tools_of(box));
}

}  // namespace pyro::mcp
