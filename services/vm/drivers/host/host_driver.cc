#include "services/vm/drivers/host/host_driver.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "common/process/child_process.h"
#include "services/vm/drivers/link_fd.h"

namespace pyro::vm::host {
namespace {

namespace fs = std::filesystem;

/// Places of their own in the sandbox: what is bound there may lie under a /tmp that is hidden.
constexpr const char* kAgentInside = "/run/pyro-agent";
constexpr const char* kWorkspaceInside = "/run/pyro-workspace";

/// Everything below / is shown by itself, so that /workspace can be there beside it.
std::vector<std::string> sandbox_words(const Plan& plan) {
  const std::set<fs::path> own = {"/dev", "/proc", "/tmp", "/run", "/root", "/workspace"};
  std::vector<std::string> words = {
      plan.bwrap->string(), "--unshare-pid", "--unshare-ipc", "--unshare-net",
      "--die-with-parent",  "--new-session", "--tmpfs",       "/"};
  const auto add = [&words](std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
  };
  for (const auto& path : plan.top) {
    if (own.contains(path)) continue;
    std::error_code none;
    if (fs::is_symlink(fs::symlink_status(path, none))) {
      add({"--symlink", fs::read_symlink(path).string(), path.string()});
    } else {
      add({"--ro-bind-try", path.string(), path.string()});
    }
  }
  add({"--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run"});
  add({"--bind", plan.root.string(), "/root"});
  add({"--bind", plan.workspace.string(), kWorkspaceInside});
  add({"--bind", (plan.workspace / "tree").string(), "/workspace"});
  add({"--ro-bind", plan.agent.string(), kAgentInside, "--remount-ro", "/", "--", kAgentInside});
  return words;
}

std::vector<fs::path> top_of_host() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator("/")) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::vector<std::string> command_line(const Plan& plan) {
  const bool sandboxed = plan.bwrap.has_value();
  std::vector<std::string> words =
      sandboxed ? sandbox_words(plan) : std::vector<std::string>{plan.agent.string()};
  for (const std::string& word :
       {std::string("--host"), std::string("--link-fd"), std::to_string(kLinkFd),
        std::string("--root"), sandboxed ? "/root" : plan.root.string(), std::string("--workspace"),
        sandboxed ? kWorkspaceInside : plan.workspace.string()}) {
    words.push_back(word);
  }
  return words;
}

Launch HostDriver::prepare(const api::Machine&, const api::BootFiles&, const MachinePaths& paths) {
  const Plan plan{.bwrap = find_program("bwrap"),
                  .agent = agent_,
                  .root = paths.directory / "root",
                  .workspace = paths.directory / "workspace",
                  .top = top_of_host()};
  fs::create_directories(plan.root);
  fs::create_directories(plan.workspace / "tree");
  fs::permissions(plan.workspace, fs::perms::owner_all);
  Launch launch{
      .argv = command_line(plan),
      .home = plan.bwrap ? "/root" : plan.root.string(),
      .execution_mode = api::ExecutionMode::kHostCompat,
      .metadata = {{"boot_mode", "compat"}, {"sandbox", plan.bwrap ? "bubblewrap" : "none"}}};
  // Without a sandbox nothing can be at /workspace, and /root is the host's.
  if (!plan.bwrap) {
    launch.metadata["workspace_dir"] = (plan.workspace / "tree").string();
    launch.metadata["home_dir"] = launch.home;
  }
  return launch;
}

}  // namespace pyro::vm::host
