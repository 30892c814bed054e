#include "services/vm/drivers/host/host_driver.h"

#include <fmt/format.h>

#include "common/process/child_process.h"
#include "services/vm/shim/shim_spec.h"

namespace pyro::vm::host {

namespace fs = std::filesystem;

std::vector<std::string> command_line(const std::optional<fs::path>& bwrap, const fs::path& agent,
                                      const fs::path& root) {
  const std::vector<std::string> arguments = {"--host", "--link-fd", std::to_string(kLinkFd),
                                              "--root"};
  std::vector<std::string> words = {agent.string()};
  if (bwrap) {
    // The agent is bound to a place of its own: its path may lie under a /tmp that is hidden here.
    constexpr const char* kAgentInside = "/run/pyro-agent";
    words = {bwrap->string(),
             "--unshare-pid",
             "--unshare-ipc",
             "--unshare-net",
             "--die-with-parent",
             "--new-session",
             "--ro-bind",
             "/",
             "/",
             "--dev",
             "/dev",
             "--proc",
             "/proc",
             "--tmpfs",
             "/tmp",
             "--tmpfs",
             "/run",
             "--bind",
             root.string(),
             "/root",
             "--ro-bind",
             agent.string(),
             kAgentInside,
             "--",
             kAgentInside};
  }
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.push_back(bwrap ? "/root" : root.string());
  return words;
}

Launch HostDriver::prepare(const MachineRecord&, const MachinePaths& paths) {
  const fs::path root = paths.directory / "root";
  fs::create_directories(root);
  const auto bwrap = find_program("bwrap");
  return {.argv = command_line(bwrap, agent_, root),
          .home = bwrap ? "/root" : root.string(),
          .execution_mode = api::ExecutionMode::kHostCompat,
          .metadata = {{"boot_mode", "compat"}, {"sandbox", bwrap ? "bubblewrap" : "none"}}};
}

}  // namespace pyro::vm::host
