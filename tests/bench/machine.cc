#include "tests/bench/machine.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <functional>

#include "common/api/machine.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/process/child_process.h"
#include "common/process/pidfd.h"
#include "common/stack/installation.h"
#include "common/stack/stack_client.h"
#include "services/vm/drivers/qemu/qemu_driver.h"
#include "services/vm/guest_boot.h"
#include "services/vm/guest_exec.h"

namespace pyro::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEnvironment = "debian:12";
constexpr int kBoots = 5;
constexpr int kExecs = 30;

double milliseconds_of(const std::function<void()>& action) {
  const auto start = Clock::now();
  action();
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double median_of(int runs, const std::function<void()>& action) {
  std::vector<double> samples;
  for (int i = 0; i < runs; ++i) samples.push_back(milliseconds_of(action));
  return percentile(samples, 0.5);
}

/// A stack with directories of its own and the build tree's environments.
class BenchStack {
 public:
  BenchStack() {
    ::setenv("PYRO_STATE_DIR", (directory_.path() / "s").c_str(), 1);
    ::setenv("PYRO_RUNTIME_DIR", (directory_.path() / "r").c_str(), 1);
    ::setenv("PYRO_CACHE_DIR", PYRO_TEST_CACHE, 1);
    ::setenv("PYRO_VM_ACCELERATOR", "tcg", 1);
    paths_ = find_paths();
    client_ = std::make_unique<StackClient>(paths_);
    client_->call(api::PullEnvironment{.environment = kEnvironment}, patient());
    // Answered once the vm service has collected garbage, as our own directories would be to it.
    client_->call(api::ReapExpired{});
  }
  BenchStack(const BenchStack&) = delete;
  BenchStack& operator=(const BenchStack&) = delete;
  ~BenchStack() { client_->down(); }

  static bus::CallOptions patient() {
    return {.deadline = Clock::now() + std::chrono::minutes(15)};
  }
  StackClient& client() { return *client_; }
  const Paths& paths() const { return paths_; }

 private:
  TemporaryDirectory directory_{"/tmp", "pyro-bench"};
  Paths paths_;
  std::unique_ptr<StackClient> client_;
};

/// The floor: QEMU, the kernel and the agent up to its first answer; no disks, no services.
double bare_boot_ms(BenchStack& stack) {
  const auto boot =
      stack.client().call(api::ResolveEnvironment{.environment = kEnvironment}, stack.patient());
  const vm::qemu::QemuDriver driver({.program = "qemu-system-x86_64",
                                     .agent = find_helper("pyro-agent"),
                                     .cache_dir = stack.paths().cache_dir,
                                     .accelerator = {}});
  return median_of(kBoots, [&] {
    const TemporaryDirectory work(stack.paths().machines_dir(), "bench");
    const vm::MachinePaths paths(stack.paths(), work.path().filename().string());
    vm::boot_guest(find_helper("pyro-vm-shim"), driver.prepare_probe(boot, paths), paths, {},
                   Clock::now() + std::chrono::minutes(2), {})
        .end();
  });
}

double cold_run_ms() {
  return median_of(kBoots, [] {
    run_checked({.argv = {find_helper("pyro").string(), "run", kEnvironment, "--", "true"}},
                Clock::now() + std::chrono::minutes(2), {});
  });
}

/// How long a job took seen from here, and beyond its own time from fork to exit in the guest.
struct Exec {
  double round_trip_ms;
  double added_ms;
  std::string output;
};

Exec exec(const vm::MachinePaths& paths, const std::string& command) {
  Exec done{};
  api::agent::Job job;
  done.round_trip_ms = milliseconds_of([&] {
    job = vm::exec_in_guest(paths, {command, "/root", std::chrono::minutes(5)},
                            [&done](std::uint32_t stream, std::string_view data) {
                              if (stream == 1) done.output += data;
                            },
                            Clock::now() + std::chrono::minutes(6), {});
  });
  done.added_ms = done.round_trip_ms - static_cast<double>(job.duration_ms);
  return done;
}

/// The same program started by the same words, timed by a program in the guest.
double fork_exec_in_guest_ms(const vm::MachinePaths& paths) {
  const std::string script = fmt::format(
      "import os,time\nt=[]\nfor i in range({}):\n s=time.perf_counter()\n"
      " p=os.posix_spawn('/bin/bash',['bash','-lc','/bin/true'],os.environ)\n os.waitpid(p,0)\n"
      " t.append(time.perf_counter()-s)\nt.sort()\nprint(t[len(t)//2]*1000)",
      kExecs);
  return std::stod(exec(paths, shell_join({"python3", "-c", script})).output);
}

/// Proportional share of memory of all processes that have `word` on their command line.
double pss_mib_of(const std::string& word) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    std::error_code failed;
    if (!fs::exists(entry.path() / "exe", failed)) continue;
    if (read_file(entry.path() / "cmdline").find(word) == std::string::npos) continue;
    bytes += pss_bytes(pid).value_or(0);
  }
  return static_cast<double>(bytes) / (1U << 20U);
}

double stack_pss_mib(BenchStack& stack) {
  const auto status = stack.client().call(api::StackStatus{.measure = true});
  std::uint64_t bytes = status.pss_bytes.value_or(0);
  for (const auto& service : status.services) bytes += service.pss_bytes.value_or(0);
  return static_cast<double>(bytes) / (1U << 20U);
}

}  // namespace

Part measure_machine() {
  BenchStack stack;
  const double idle_pss = stack_pss_mib(stack);
  const double floor = bare_boot_ms(stack);
  const double run = cold_run_ms();
  const auto machine = stack.client().call(api::CreateMachine{.environment = kEnvironment});
  stack.client().call(api::StartMachine{.vm_id = machine.vm_id}, stack.patient());
  const vm::MachinePaths paths(stack.paths(), machine.vm_id);
  const double machine_pss = pss_mib_of(machine.vm_id);
  const double inside = fork_exec_in_guest_ms(paths);
  std::vector<double> round_trips;
  std::vector<double> added;
  for (int i = 0; i < kExecs; ++i) {
    const Exec done = exec(paths, "/bin/true");
    round_trips.push_back(done.round_trip_ms);
    added.push_back(done.added_ms);
  }
  return {
      .title = "machines, cold, under TCG (debian:12, 1 vCPU, 1024 MiB)",
      .figures = {
          {"bare boot to an answer", floor, "ms", "the floor: VMM, kernel, agent; no disks"},
          {"pyro run -- true", run, "ms",
           fmt::format("stack up; {:.2f} times the floor, at most 1.5", run / floor)},
          {"fork+exec in the guest", inside, "ms", "bash -lc /bin/true, timed there by a program"},
          {"exec round trip", percentile(round_trips, 0.5), "ms", "the same as a job, from here"},
          {"exec, added", percentile(added, 0.5), "ms",
           "over the same job's fork to exit in the guest, exec by exec; at most 5"},
          {"idle stack, PSS", idle_pss, "MiB", "supervisor and services, at most 60"},
          {"idle machine, PSS", machine_pss, "MiB", "VMM and shim, after a cold boot"},
      }};
}

}  // namespace pyro::bench
