#include "gateway/mcp/make_server.h"

#include <cstdlib>

#include "gateway/mcp/tools/toolbox.h"

namespace pyro::mcp {
namespace {

std::filesystem::path home_directory() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? "" : home;
}

}  // namespace

std::unique_ptr<Server> make_server(const ServerOptions& options, std::function<Client&()> client) {
  const auto box = std::make_shared<const Toolbox>(
      Toolbox{.options = options,
              .set = ToolSet(options),
              .setting = {.environment = options.environment, .source = ""},
              .host = HostAccess(options.working_directory, options.allow_paths, home_directory()),
              .client = std::move(client)});
  return std::make_unique<Server>(
      ServerInfo{.name = "pyro",
                 .title = "pyro",
                 .version = PYRO_VERSION,
                 .instructions = instructions_of(box->set, box->setting)},
      tools_of(box));
}

}  // namespace pyro::mcp
