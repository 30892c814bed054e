#include "tests/bench/network.h"

#include <fmt/core.h>

#include "tests/bench/floor.h"
#include "tests/bench/workspaces.h"

namespace pyro::bench {
namespace {

constexpr int kCreateRounds = 15;

/// One after another of its kind: the standby machine is made for that.
double create_ms(BenchStack& stack, Workspaces& workspaces, const api::CreateWorkspace& request) {
  double took = 0;
  for (int time = 0; time < 2; ++time) {
    wait_for_standby(stack);
    std::string id;
    took = milliseconds_of([&] { id = workspaces.call(request).workspace_id; });
    workspaces.remove(id);
  }
  return took;
}

void measure_creates(BenchStack& stack, const Adder& add, std::string_view what,
                     const std::optional<std::string>& seed) {
  Workspaces workspaces(stack);
  api::CreateWorkspace request{.environment = kEnvironment, .seed_path = seed};
  std::vector<double> without;
  std::vector<double> with;
  for (int round = 0; round < kCreateRounds; ++round) {
    request.network_policy = api::NetworkPolicy::kOff;
    without.push_back(create_ms(stack, workspaces, request));
    request.network_policy = api::NetworkPolicy::kEgress;
    with.push_back(create_ms(stack, workspaces, request));
  }
  const double bare = percentile(without, 0.5);
  const double networked = percentile(with, 0.5);
  add(fmt::format("create, {}", what), bare, "ms", "no network");
  add(fmt::format("with egress, {}", what), networked, "ms",
      fmt::format("{:.2f} times it, at most 1.15", networked / bare));
}

}  // namespace

Part measure_network() {
  Part part{.title = "networks, under TCG (debian:12, 1 vCPU, 1024 MiB)", .figures = {}};
  const Adder add = adder_to(part);
  BenchStack stack(BenchStack::Variables{});
  Workspaces workspaces(stack);
  workspaces.remove(workspaces.create());  // the shape's template and standby machine
  measure_creates(stack, add, "empty", {});
  const Tree seed(500, 4096);
  measure_creates(stack, add, "500 files", seed.path().string());
  return part;
}

}  // namespace pyro::bench
