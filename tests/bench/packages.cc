#include "tests/bench/packages.h"

#include <fmt/core.h>

#include "common/api/prepare.h"
#include "common/api/workspace_files.h"
#include "common/base/error.h"
#include "services/net/packages/host_registries.h"
#include "tests/bench/workspaces.h"

namespace pyro::bench {
namespace {

constexpr const char* kBuildEnvironment = "debian:12-build";
constexpr int kInstallRounds = 3;

/// A workspace that has the lock file, and the host's authorities: this host may inspect TLS.
std::string make(Workspaces& workspaces, const std::filesystem::path& project, bool cached) {
  api::CreateWorkspace request{.environment = kBuildEnvironment,
                               .mem_mib = 2048,
                               .ttl_seconds = 7200,
                               .network_policy = api::NetworkPolicy::kEgress,
                               .seed_path = project.string()};
  request.package_cache = cached;
  return workspaces.call(request).workspace_id;
}

void must(Workspaces& workspaces, const std::string& id, const std::string& command) {
  const auto ran = workspaces.call(
      api::ExecWorkspace{.workspace_id = id, .command = command, .timeout_seconds = 1200});
  if (ran.exit_code != 0) throw unavailable("{}: {}", command, ran.stderr_text);
}

double install(Workspaces& workspaces, const std::string& id) {
  must(workspaces, id, "rm -rf node_modules /root/.npm");
  return milliseconds_of([&] {
    must(workspaces, id,
         "NODE_EXTRA_CA_CERTS=/workspace/authorities.crt npm ci --no-audit --no-fund");
  });
}

}  // namespace

Part measure_packages() {
  Part part{.title = "packages, under TCG (debian:12-build, 1 vCPU, 2048 MiB)", .figures = {}};
  const Adder add = adder_to(part);
  BenchStack stack(BenchStack::Variables{});
  stack.client().call(api::PrepareEnvironment{.environment = kBuildEnvironment},
                      BenchStack::patient());
  Workspaces workspaces(stack);
  const TemporaryDirectory project("/tmp", "pyro-bench-npm");
  const auto authorities = net::HostRegistries::read(net::HostSurroundings::own()).authorities;
  replace_file(project.path() / "authorities.crt",
               authorities.empty() ? "" : read_file(authorities));
  replace_file(project.path() / "package.json",
               R"({"name":"bench","version":"1.0.0","dependencies":{"express":"4.21.2"}})");
  const std::string cached = make(workspaces, project.path(), true);
  const std::string direct = make(workspaces, project.path(), false);
  const double first = milliseconds_of(
      [&] { must(workspaces, cached, "npm install --package-lock-only --no-audit --no-fund"); });
  const auto lock = workspaces.call(
      api::ReadFile{.workspace_id = cached, .path = "package-lock.json", .max_bytes = 1U << 18U});
  workspaces.call(
      api::WriteFile{.workspace_id = direct, .path = "package-lock.json", .text = lock.content});
  const double filling = install(workspaces, cached);
  install(workspaces, direct);
  std::vector<double> with;
  std::vector<double> without;
  for (int round = 0; round < kInstallRounds; ++round) {
    with.push_back(install(workspaces, cached));
    without.push_back(install(workspaces, direct));
  }
  const double cached_ms = percentile(with, 0.5);
  const double direct_ms = percentile(without, 0.5);
  add("lock file, cache empty", first, "ms", "npm install --package-lock-only");
  add("npm ci, filling the cache", filling, "ms", "the first");
  add("npm ci, cached", cached_ms, "ms",
      fmt::format("uncached {:.0f} ms; {:.2f} times faster, at least 3", direct_ms,
                  direct_ms / cached_ms));
  return part;
}

}  // namespace pyro::bench
