#include "tests/bench/workspace.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <fstream>

#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/api/workspace_diff.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_files.h"
#include "common/api/workspace_sync.h"
#include "common/base/error.h"
#include "common/guest/machine_paths.h"
#include "common/process/child_process.h"
#include "tests/bench/floor.h"
#include "tests/bench/workspaces.h"

namespace pyro::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kSandboxRounds = 9;
constexpr int kFileRounds = 200;
constexpr int kCommandRounds = 41;
constexpr std::uint64_t kGigabyte = 1'000'000'000;

void measure_create_and_reset(BenchStack& stack, const Adder& add) {
  Workspaces workspaces(stack);
  const Tree seed(500, 4096);
  workspaces.remove(workspaces.create());  // the shape's template and standby machine
  wait_for_standby(stack);
  const Floor floor = measure_floor(stack);
  add("bare restore to an answer", floor.answered, "ms", "the floor");
  std::vector<double> creates;
  std::vector<double> resets;
  for (int i = 0; i < kSandboxRounds; ++i) {
    wait_for_standby(stack);
    std::string id;
    creates.push_back(milliseconds_of([&] { id = workspaces.create(seed.path()); }));
    wait_for_standby(stack);
    resets.push_back(
        milliseconds_of([&] { workspaces.call(api::ResetWorkspace{.workspace_id = id}); }));
    workspaces.remove(id);
  }
  const double create = percentile(creates, 0.5);
  const double reset = percentile(resets, 0.5);
  add("create, 500 files", create, "ms", times_the_floor(create, floor.answered, "1.8"));
  add("reset, 500 files", reset, "ms", times_the_floor(reset, floor.answered, "1.6"));
}

void measure_large_seed(BenchStack& stack, const Adder& add) {
  Workspaces workspaces(stack);
  const Tree seed(10'000, 10'000);
  const Floor floor = measure_floor(stack);
  const TemporaryDirectory work("/tmp", "pyro-bench-mke2fs");
  const double mke2fs = median_of(5, [&] {
    const fs::path image = work.path() / "image";
    fs::remove(image);
    run_checked(
        {.argv = {"mke2fs", "-q", "-t", "ext4", "-d", seed.path().string(), image.string(), "8G"}},
        Clock::now() + std::chrono::minutes(2), {});
  });
  std::vector<double> creates;
  for (int i = 0; i < 5; ++i) {
    wait_for_standby(stack);
    std::string id;
    creates.push_back(milliseconds_of([&] { id = workspaces.create(seed.path()); }));
    workspaces.remove(id);
  }
  const double create = percentile(creates, 0.5);
  add("mke2fs -d, 10,000 files", mke2fs, "ms", "100 MB, no root file system beside it");
  add("create, 10,000 files", create, "ms",
      fmt::format("{:.2f} times mke2fs and a bare restore, at most 1.5",
                  create / (mke2fs + floor.answered)));
}

void measure_project_source(BenchStack& stack, const Adder& add) {
  Workspaces workspaces(stack);
  const Tree plain(500, 4096);
  const Tree project(500, 4096);
  project.commit();
  const api::SeedOrigin origin{.origin_kind = api::OriginKind::kProjectPath,
                               .origin_ref = project.path().string(),
                               .git_tracked = true};
  const auto time_of = [&](const fs::path& seed, const std::optional<api::SeedOrigin>& of) {
    wait_for_standby(stack);
    std::string id;
    const double time = milliseconds_of([&] { id = workspaces.create(seed, of); });
    workspaces.remove(id);
    return time;
  };
  const double packing = time_of(project.path(), origin);
  std::vector<double> plains;
  std::vector<double> sources;
  for (int i = 0; i < kSandboxRounds; ++i) {
    plains.push_back(time_of(plain.path(), {}));
    sources.push_back(time_of(project.path(), origin));
  }
  const double directory = percentile(plains, 0.5);
  const double source = percentile(sources, 0.5);
  add("create, 500 files of a plain directory", directory, "ms", "p50");
  add("create, 500 files that Git tracks", source, "ms",
      fmt::format("p50, {:.2f} times the plain directory", source / directory));
  add("the same, history not packed yet", packing, "ms", "once");
}

void measure_diff(BenchStack& stack, const Adder& add) {
  Workspaces workspaces(stack);
  const Tree seed(10'000, 400);
  seed.commit();
  const std::string id = workspaces.create(seed.path());
  // The first status refreshes git's index, which has the host's inodes.
  workspaces.exec(id,
                  "git status --short; for i in 0 1 2 3 4 5 6 7 8 9; do echo x > "
                  "d00$i/changed; done");
  workspaces.exec(id, "git status --short");
  const double status = median_of(5, [&] { workspaces.exec(id, "git status --short"); });
  const double diff =
      median_of(5, [&] { workspaces.call(api::DiffWorkspace{.workspace_id = id}); });
  add("git status in the guest", status, "ms", "10 changes in 10,000 files");
  add("diff", diff, "ms", fmt::format("{:.2f} times git status, at most 1.5", diff / status));
  workspaces.remove(id);
}

void measure_files(BenchStack& stack, const Adder& add) {
  Workspaces workspaces(stack);
  const std::string id = workspaces.create();
  const std::string text(1024, 'x');
  const auto write = [&] {
    workspaces.call(api::WriteFile{.workspace_id = id, .path = "file.txt", .text = text});
  };
  const auto read = [&] { workspaces.call(api::ReadFile{.workspace_id = id, .path = "file.txt"}); };
  const TemporaryDirectory disk(stack.paths().state_dir, "bench-sync");
  const UniqueFd file = open_file(disk.path() / "file", O_WRONLY | O_CREAT);
  const double sync = median_of(kFileRounds, [&] {
    write_all(file.get(), text);
    ::fdatasync(file.get());
  });
  add("fdatasync on the host", sync, "ms", "p50, 1 KiB appended where the disks of machines are");
  median_of(20, write);
  add("file write, 1 KiB", median_of(kFileRounds, write), "ms", "p50, on disk; at most 3");
  median_of(20, read);
  add("file read, 1 KiB", median_of(kFileRounds, read), "ms", "p50; at most 3");
  workspaces.remove(id);
}

/// The cost of what a command wrote being on the disk before it is answered. A machine of no
/// workspace does not flush.
void measure_flush(BenchStack& stack, const Adder& add) {
  Workspaces workspaces(stack);
  const std::string vm = workspaces.call(api::CreateMachine{.environment = kEnvironment}).vm_id;
  workspaces.call(api::StartMachine{.vm_id = vm});
  const std::string id = workspaces.create();
  const MachinePaths bare(stack.paths(), vm);
  const MachinePaths flushing(stack.paths(), workspaces.machine_of(id));
  const std::string append = "echo x >>/workspace/file";
  std::vector<double> without;
  std::vector<double> nothing;
  std::vector<double> written;
  for (int round = 0; round < kCommandRounds; ++round) {
    without.push_back(exec(bare, "true").added_ms);
    nothing.push_back(exec(flushing, "true").added_ms);
    written.push_back(exec(flushing, append).added_ms);
  }
  const double floor = percentile(without, 0.5);
  add("added to a command, no workspace", floor, "ms", "p50, its disks are not flushed");
  add("added to one that wrote nothing", percentile(nothing, 0.5), "ms",
      fmt::format("p50, the flush takes {:.1f} of it", percentile(nothing, 0.5) - floor));
  add("added to one that wrote a file", percentile(written, 0.5), "ms",
      fmt::format("p50, the flush takes {:.1f} of it", percentile(written, 0.5) - floor));
  workspaces.remove(id);
  workspaces.call(api::DeleteMachine{.vm_id = vm});
}

void measure_memory(BenchStack& stack, const Adder& add) {
  Workspaces workspaces(stack);
  const TemporaryDirectory work("/tmp", "pyro-bench-memory");
  const fs::path source = work.path() / "in";
  fs::create_directory(source);
  std::ofstream(source / "file").flush();
  const std::string id = workspaces.create();
  const auto pass = [&](std::uint64_t bytes) {
    // Not a hole: a file of holes would be read as zeros at memory's speed all the same.
    fs::resize_file(source / "file", bytes);
    workspaces.call(api::PushSync{.workspace_id = id, .source_path = source.string()});
    fs::remove_all(work.path() / "out");
    workspaces.call(api::ExportPath{
        .workspace_id = id, .path = "file", .output_path = (work.path() / "out").string()});
  };
  pass(10'000'000);
  const auto before = peaks_mib(stack);
  pass(kGigabyte);
  for (const auto& [program, after] : peaks_mib(stack)) {
    const auto earlier = before.find(program);
    if (earlier == before.end()) continue;
    add(fmt::format("peak of {}", program), after, "MiB",
        fmt::format("1 GB in and out; {:.1f} MiB after 10 MB", earlier->second));
  }
  workspaces.remove(id);
}

}  // namespace

Part measure_workspace() {
  Part part{.title = "workspaces, under TCG (debian:12, 1 vCPU, 1024 MiB)", .figures = {}};
  const Adder add = adder_to(part);
  BenchStack stack(BenchStack::Variables{{"PYRO_VM_STANDBY_MACHINES", "1"}});
  stack.client().call(api::PrepareEnvironment{}, BenchStack::patient());
  measure_create_and_reset(stack, add);
  measure_project_source(stack, add);
  measure_large_seed(stack, add);
  measure_diff(stack, add);
  measure_files(stack, add);
  measure_flush(stack, add);
  measure_memory(stack, add);
  return part;
}

}  // namespace pyro::bench
