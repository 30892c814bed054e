#include "tests/bench/workspaces.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "common/api/machine.h"
#include "common/base/error.h"
#include "common/process/child_process.h"

namespace pyro::bench {
namespace {

namespace fs = std::filesystem;

}  // namespace

Tree::Tree(int files, std::size_t bytes) {
  std::mt19937_64 random(1);
  std::string content(bytes, '\0');
  for (int i = 0; i < files; ++i) {
    const fs::path directory = path() / fmt::format("d{:03}", i / 100);
    if (i % 100 == 0) fs::create_directory(directory);
    for (std::size_t at = 0; at + 8 <= bytes; at += 8) {
      const std::uint64_t word = random();
      std::copy_n(reinterpret_cast<const char*>(&word), 8, content.data() + at);
    }
    std::ofstream(directory / fmt::format("f{:05}", i), std::ios::binary) << content;
  }
}

void Tree::commit() const {
  for (const char* words :
       {"init -q", "-c core.compression=0 add .", "-c user.name=n -c user.email=e@x commit -qm all",
        "-c pack.window=0 -c core.compression=0 repack -adq"}) {
    run_checked({.argv = {"sh", "-c", fmt::format("git -C {} {}", path().string(), words)}},
                Clock::now() + std::chrono::minutes(5), {});
  }
}

std::string Workspaces::create(const std::optional<fs::path>& seed,
                               const std::optional<api::SeedOrigin>& origin) {
  api::CreateWorkspace request{.environment = kEnvironment};
  if (seed) request.seed_path = seed->string();
  request.origin = origin;
  const auto made = call(request);
  if (made.metadata.at("boot_mode") != "warm") throw unavailable("a workspace booted cold");
  return made.workspace_id;
}

api::WorkspaceExecResult Workspaces::exec(const std::string& id, const std::string& command) {
  auto result =
      call(api::ExecWorkspace{.workspace_id = id, .command = command, .timeout_seconds = 900});
  if (result.exit_code != 0) throw unavailable("'{}' failed: {}", command, result.stderr_text);
  return result;
}

std::string Workspaces::machine_of(const std::string& id) {
  for (const auto& known : call(api::ListWorkspaceMachines{}).machines) {
    if (known.workspace_id == id) return known.machine.vm_id;
  }
  throw not_found("workspace {} has no machine", id);
}

}  // namespace pyro::bench
