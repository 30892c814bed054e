#include "tests/bench/disk.h"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>

#include "common/api/machine.h"
#include "common/api/workspace_disk.h"
#include "common/confinement/confinement_trial.h"
#include "common/process/child_process.h"
#include "tests/bench/bench_stack.h"

namespace pyro::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kDiskRounds = 41;
constexpr int kListedFiles = 1000;

}  // namespace

Part measure_disk() {
  Part part{.title = "the disks of a stopped workspace", .figures = {}};
  const auto add = [&part](std::string name, double value, std::string beside) {
    part.figures.push_back({std::move(name), value, "ms", std::move(beside)});
  };
  BenchStack stack(BenchStack::Variables{});
  const auto call = [&stack](const auto& request) {
    return stack.client().call(request, BenchStack::patient());
  };
  const TemporaryDirectory seed("/tmp", "pyro-bench-seed");
  fs::create_directory(seed.path() / "many");
  for (int i = 0; i < kListedFiles; ++i) {
    std::ofstream(seed.path() / "many" / fmt::format("f{:04}", i)) << i;
  }
  const std::string id =
      call(api::CreateWorkspace{.environment = kEnvironment, .seed_path = seed.path().string()})
          .workspace_id;
  call(api::StopWorkspace{.workspace_id = id});
  const std::string vm_id = call(api::ListWorkspaceMachines{}).machines.at(0).machine.vm_id;
  const std::string disk = MachinePaths(stack.paths(), vm_id).workspace_disk().string();

  const double confined =
      median_of(kDiskRounds, [] { run_confined({.form = ConfinementForm::kFull}); });
  add("start and end of a confined program", confined, "p50, true(1)");
  const double tool = median_of(kDiskRounds, [&disk] {
    run_checked({.argv = {"debugfs", "-R", "ls -l /tree/many", disk}},
                Clock::now() + std::chrono::minutes(1), {});
  });
  add("debugfs, 1,000 names", tool, "p50, ls -l of the same directory");
  const double list = median_of(
      kDiskRounds, [&] { call(api::ListDisk{.workspace_id = id, .path = "/workspace/many"}); });
  add("disk list, 1,000 names", list,
      fmt::format("p50; {:.1f} times debugfs and a confined start", list / (tool + confined)));
  add("disk list /etc",
      median_of(kDiskRounds, [&] { call(api::ListDisk{.workspace_id = id, .path = "/etc"}); }),
      "p50, of two layers");
  add("disk read, 4 bytes",
      median_of(kDiskRounds,
                [&] { call(api::ReadDisk{.workspace_id = id, .path = "/workspace/many/f0999"}); }),
      "p50");
  call(api::DeleteWorkspace{.workspace_id = id});
  return part;
}

}  // namespace pyro::bench
