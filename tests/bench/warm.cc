#include "tests/bench/warm.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <thread>

#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/base/error.h"
#include "common/stack/installation.h"
#include "services/vm/templates/template_builder.h"
#include "tests/bench/bench_stack.h"
#include "tests/bench/floor.h"

namespace pyro::bench {
namespace {

constexpr int kRestores = 11;
constexpr int kColdRuns = 3;
constexpr std::size_t kAtOnce = 20;

/// One machine from its creation to the answer of its first command; it lives on.
struct FirstExec {
  std::string vm_id;
  double started_ms = 0;
  double answered_ms = 0;
};

FirstExec first_exec(StackClient& client, const Paths& paths) {
  FirstExec done;
  const auto begin = Clock::now();
  const auto elapsed = [begin] {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  };
  done.vm_id = client.call(api::CreateMachine{.environment = kEnvironment}).vm_id;
  const auto machine = client.call(api::StartMachine{.vm_id = done.vm_id}, BenchStack::patient());
  if (machine.metadata.at("boot_mode") != "warm") throw unavailable("a machine booted cold");
  done.started_ms = elapsed();
  exec(MachinePaths(paths, done.vm_id), "true");
  done.answered_ms = elapsed();
  return done;
}

void remove(StackClient& client, const std::string& vm_id) {
  client.call(api::DeleteMachine{.vm_id = vm_id});
}

struct Crowd {
  double seconds;
  double median_ms;
  double p95_ms;
  double pss_mib;  ///< per machine, all idle
};

Crowd measure_crowd(BenchStack& stack) {
  std::vector<FirstExec> done(kAtOnce);
  std::vector<std::string> failures(kAtOnce);
  Crowd crowd{};
  crowd.seconds = milliseconds_of([&] {
                    std::vector<std::jthread> threads;
                    for (std::size_t i = 0; i < kAtOnce; ++i) {
                      threads.emplace_back([&, i] {
                        try {
                          StackClient client(stack.paths());
                          done[i] = first_exec(client, stack.paths());
                        } catch (const std::exception& error) {
                          failures[i] = error.what();
                        }
                      });
                    }
                  }) /
                  1000;
  std::vector<double> times;
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    if (!failures[i].empty()) throw unavailable("of {} at once: {}", kAtOnce, failures[i]);
    times.push_back(done[i].answered_ms);
    crowd.pss_mib += pss_mib_of(done[i].vm_id) / static_cast<double>(kAtOnce);
  }
  for (const auto& machine : done) remove(stack.client(), machine.vm_id);
  crowd.median_ms = percentile(times, 0.5);
  crowd.p95_ms = percentile(times, 0.95);
  return crowd;
}

}  // namespace

Part measure_warm() {
  double cold_run = 0;
  {
    BenchStack stack(BenchStack::Variables{{"PYRO_BOOT", "cold"}});
    cold_run = median_of(kColdRuns, run_true);
  }
  Part part{.title = "machines, warm, under TCG (debian:12, 1 vCPU, 1024 MiB)", .figures = {}};
  const auto add = [&part](std::string name, double value, std::string unit, std::string beside) {
    part.figures.push_back({std::move(name), value, std::move(unit), std::move(beside)});
  };
  {
    BenchStack stack(
        BenchStack::Variables{{"PYRO_VM_STANDBY_MACHINES", "0"}, {"PYRO_LIMITS_MAX_ACTIVE", "32"}});
    stack.client().call(api::PrepareEnvironment{}, BenchStack::patient());
    const Floor floor = measure_floor(stack);
    add("bare restore, loaded", floor.loaded, "ms", "VMM and template alone, over QMP");
    add("bare restore to an answer", floor.answered, "ms", "the floor");
    std::vector<double> started;
    std::vector<double> answered;
    double pss = 0;
    for (int i = 0; i < kRestores; ++i) {
      const FirstExec done = first_exec(stack.client(), stack.paths());
      started.push_back(done.started_ms);
      answered.push_back(done.answered_ms);
      remove(stack.client(), done.vm_id);
    }
    const double template_answered = percentile(answered, 0.5);
    add("create and start", percentile(started, 0.5), "ms", "from the template, identity given");
    add("create to first exec", template_answered, "ms",
        times_the_floor(template_answered, floor.answered, "1.6"));
    const double run = median_of(kRestores, run_true);
    add("pyro run -- true", run, "ms",
        fmt::format("from the template; at most 350 ms; a cold run is {:.0f} ms, {:.1f} times it, "
                    "at least 6",
                    cold_run, cold_run / run));
    const auto machine = stack.client().call(api::CreateMachine{.environment = kEnvironment});
    stack.client().call(api::StartMachine{.vm_id = machine.vm_id}, BenchStack::patient());
    pss = pss_mib_of(machine.vm_id);
    remove(stack.client(), machine.vm_id);
    add("bare restored machine, PSS", floor.pss_mib, "MiB", "after its first answer, alone");
    add("idle warm machine, PSS", pss, "MiB", times_the_floor(pss, floor.pss_mib, "1.3"));
    const Crowd crowd = measure_crowd(stack);
    add("20 at once", static_cast<double>(kAtOnce) / crowd.seconds, "1/s",
        fmt::format("create to first exec; all of them in {:.2f} s", crowd.seconds));
    add("20 at once, p50", crowd.median_ms, "ms", "create to first exec");
    add("20 at once, p95", crowd.p95_ms, "ms", "create to first exec");
    add("20 at once, PSS each", crowd.pss_mib, "MiB", "VMM and shim");
  }
  {
    BenchStack stack(BenchStack::Variables{{"PYRO_VM_STANDBY_MACHINES", "1"}});
    const Floor floor = measure_floor(stack);
    run_true();
    std::vector<double> started;
    std::vector<double> answered;
    std::vector<double> runs;
    for (int i = 0; i < kRestores; ++i) {
      wait_for_standby(stack);
      const FirstExec done = first_exec(stack.client(), stack.paths());
      started.push_back(done.started_ms);
      answered.push_back(done.answered_ms);
      remove(stack.client(), done.vm_id);
      wait_for_standby(stack);
      runs.push_back(milliseconds_of(run_true));
    }
    const double value = percentile(answered, 0.5);
    add("standby, create and start", percentile(started, 0.5), "ms", "identity given");
    add("standby to first exec", value, "ms", times_the_floor(value, floor.answered, "0.6"));
    add("pyro run, from standby", percentile(runs, 0.5), "ms", "-- true, end to end");
  }
  return part;
}

}  // namespace pyro::bench
