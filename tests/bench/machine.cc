#include "tests/bench/machine.h"

#include <fmt/core.h>

#include "common/api/machine.h"
#include "common/api/stack.h"
#include "common/base/text.h"
#include "common/confinement/confinement_trial.h"
#include "common/stack/installation.h"
#include "services/vm/boot/guest_boot.h"
#include "tests/bench/bench_stack.h"

namespace pyro::bench {
namespace {

constexpr int kBoots = 5;
constexpr int kExecs = 30;
constexpr int kProgramStarts = 101;

/// The floor: QEMU, the kernel and the agent up to its first answer; no disks, no services.
double bare_boot_ms(BenchStack& stack) {
  const auto boot = stack.boot_files();
  const auto driver = stack.driver();
  return median_of(kBoots, [&] {
    const TemporaryDirectory work(stack.paths().machines_dir(), "bench");
    const MachinePaths paths(stack.paths(), work.path().filename().string());
    vm::Launch launch = driver.prepare_probe(boot);
    vm::boot_guest(find_helper("pyro-vm-shim"), launch, paths,
                   {.answer = {std::chrono::minutes(1)}},
                   {.deadline = Clock::now() + std::chrono::minutes(2)})
        .end();
  });
}

struct ProgramStarts {
  double plain_ms;
  double confined_ms;
};

/// A program that ends at once, in turn as it is and confined as a VMM.
ProgramStarts measure_program_starts(BenchStack& stack) {
  ConfinementPlan plan = stack.driver().prepare_probe(stack.boot_files()).confinement;
  std::vector<double> plain;
  std::vector<double> confined;
  for (int i = 0; i < kProgramStarts; ++i) {
    plan.form = ConfinementForm::kOff;
    plain.push_back(milliseconds_of([&] { run_confined(plan); }));
    plan.form = ConfinementForm::kFull;
    confined.push_back(milliseconds_of([&] { run_confined(plan); }));
  }
  return {percentile(plain, 0.5), percentile(confined, 0.5)};
}

double cold_run_ms() { return median_of(kBoots, run_true); }

/// The same program started by the same words, timed by a program in the guest.
double fork_exec_in_guest_ms(const MachinePaths& paths) {
  const std::string script = fmt::format(
      "import os,time\nt=[]\nfor i in range({}):\n s=time.perf_counter()\n"
      " p=os.posix_spawn('/bin/bash',['bash','-lc','/bin/true'],os.environ)\n os.waitpid(p,0)\n"
      " t.append(time.perf_counter()-s)\nt.sort()\nprint(t[len(t)//2]*1000)",
      kExecs);
  return std::stod(exec(paths, shell_join({"python3", "-c", script})).output);
}

double stack_pss_mib(BenchStack& stack) {
  const auto status = stack.client().call(api::StackStatus{.measure = true});
  std::uint64_t bytes = status.pss_bytes.value_or(0);
  for (const auto& service : status.services) bytes += service.pss_bytes.value_or(0);
  return static_cast<double>(bytes) / (1U << 20U);
}

}  // namespace

Part measure_machine() {
  BenchStack stack(BenchStack::Variables{{"PYRO_BOOT", "cold"}});
  const double idle_pss = stack_pss_mib(stack);
  const double floor = bare_boot_ms(stack);
  const ProgramStarts starts = measure_program_starts(stack);
  const double run = cold_run_ms();
  const auto machine = stack.client().call(
      api::CreateMachine{.environment = kEnvironment, .boot = api::BootPolicy::kCold});
  stack.client().call(api::StartMachine{.vm_id = machine.vm_id}, stack.patient());
  const MachinePaths paths(stack.paths(), machine.vm_id);
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
          {"confinement of a VMM", starts.confined_ms - starts.plain_ms, "ms",
           fmt::format("start to end of a program: {:.1f} ms, without it {:.1f}; at most 3",
                       starts.confined_ms, starts.plain_ms)},
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
