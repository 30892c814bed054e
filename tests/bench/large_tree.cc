#include "tests/bench/large_tree.h"

#include <fmt/core.h>

#include <memory>
#include <vector>

#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/api/workspace_diff.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_snapshots.h"
#include "common/guest/machine_paths.h"
#include "tests/bench/floor.h"
#include "tests/bench/link.h"
#include "tests/bench/workspaces.h"

namespace pyro::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kTreeRounds = 3;
constexpr std::size_t kFileBytes = 4000;

/// The figures of one size.
class LargeTree {
 public:
  LargeTree(BenchStack& stack, int files, const Adder& add)
      : stack_(stack), workspaces_(stack), files_(files), add_(add) {}

  void measure() {
    const Tree seed(files_, kFileBytes);
    seed.commit();
    workspaces_.remove(
        workspaces_.create());  // the service makes a standby machine once it is used
    wait_for_standby(stack_);
    put("create", milliseconds_of([&] { id_ = workspaces_.create(seed.path()); }), "ms", "");
    const double link = raw_link_rate(stack_, workspaces_.machine_of(id_));
    measure_export("export, not read before", link);
    measure_export("export, read before", link);
    measure_diff();
    measure_snapshot();
    workspaces_.remove(id_);
  }

 private:
  void put(std::string_view what, double value, std::string unit, std::string beside) {
    add_(fmt::format("{}, {} files", what, files_), value, std::move(unit), std::move(beside));
  }

  /// What was exported stays to the end of the measurement: ext4 looks at each inode that was
  /// deleted lately before it makes a file.
  void measure_export(std::string_view what, double link) {
    const TemporaryDirectory& work =
        *outputs_.emplace_back(std::make_unique<TemporaryDirectory>("/tmp", "pyro-bench-export"));
    api::Exported exported;
    const double took = milliseconds_of([&] {
      exported = workspaces_.call(api::ExportPath{
          .workspace_id = id_, .path = ".", .output_path = (work.path() / "out").string()});
    });
    const double rate = megabytes_per_second(exported.bytes_written, took);
    put(what, rate, "MB/s",
        fmt::format("{:.2f} of the link's {:.0f} MB/s, at least 0.7; {:.2f} s, {} entries",
                    rate / link, link, took / 1000, exported.entry_count));
  }

  void measure_diff() {
    workspaces_.exec(id_, "git status --short; echo x >> d000/f00000");
    std::vector<double> statuses;
    std::vector<double> diffs;
    for (int round = 0; round < kTreeRounds; ++round) {
      statuses.push_back(milliseconds_of([&] { workspaces_.exec(id_, "git status --short"); }));
      diffs.push_back(
          milliseconds_of([&] { workspaces_.call(api::DiffWorkspace{.workspace_id = id_}); }));
    }
    const double status = percentile(statuses, 0.5);
    const double diff = percentile(diffs, 0.5);
    put("diff of one change", diff, "ms",
        fmt::format("{:.2f} times git status, {:.0f} ms; at most 1.5", diff / status, status));
  }

  void measure_snapshot() {
    const fs::path disk =
        MachinePaths(stack_.paths(), workspaces_.machine_of(id_)).workspace_disk();
    std::vector<double> snapshots;
    std::vector<double> copies;
    for (int round = 0; round < kTreeRounds; ++round) {
      const std::string name = fmt::format("s{}", round);
      snapshots.push_back(milliseconds_of([&] {
        workspaces_.call(api::CreateSnapshot{.workspace_id = id_, .snapshot_name = name});
      }));
      const TemporaryDirectory work(stack_.paths().state_dir, "bench-copy");
      copies.push_back(milliseconds_of([&] { copy_sparse(disk, work.path() / "copy"); }));
      workspaces_.call(api::DeleteSnapshot{.workspace_id = id_, .snapshot_name = name});
    }
    const double snapshot = percentile(snapshots, 0.5);
    const double copy = percentile(copies, 0.5);
    put("snapshot", snapshot, "ms",
        fmt::format("{:.2f} times a copy of its disk, {:.0f} ms", snapshot / copy, copy));
    wait_for_standby(stack_);
    const double reset =
        milliseconds_of([&] { workspaces_.call(api::ResetWorkspace{.workspace_id = id_}); });
    put("reset", reset, "ms", fmt::format("{:.2f} times a copy of its disk", reset / copy));
  }

  BenchStack& stack_;
  Workspaces workspaces_;
  const int files_;
  const Adder& add_;
  std::string id_;
  std::vector<std::unique_ptr<TemporaryDirectory>> outputs_;
};

}  // namespace

Part measure_large_trees() {
  Part part{.title = "large trees of 4 KB files, under TCG (debian:12, 1 vCPU, 1024 MiB)",
            .figures = {}};
  const Adder add = adder_to(part);
  BenchStack stack(BenchStack::Variables{{"PYRO_VM_STANDBY_MACHINES", "1"}});
  stack.client().call(api::PrepareEnvironment{}, BenchStack::patient());
  for (const int files : {10'000, 30'000, 100'000}) LargeTree(stack, files, add).measure();
  return part;
}

}  // namespace pyro::bench
