#include "tests/bench/warm.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <numeric>
#include <thread>

#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "common/link/mux_frame.h"
#include "common/process/pidfd.h"
#include "common/stack/installation.h"
#include "services/vm/guest_boot.h"
#include "services/vm/shim/shim_spec.h"
#include "services/vm/templates/template_builder.h"
#include "tests/bench/bench_stack.h"

namespace pyro::bench {
namespace {

constexpr int kRestores = 11;
constexpr int kColdRuns = 3;
constexpr std::size_t kAtOnce = 20;

Deadline soon() { return Clock::now() + std::chrono::minutes(2); }
const StopFd& never() {
  static const StopFd stop({});
  return stop;
}

/// Times of the phases of one restore, in ms from its start.
struct Restore {
  double loaded;
  double answered;
};

/// The floor: QEMU and the template, driven by nothing but a socket. No shim, no service.
class BareRestore {
 public:
  BareRestore(BenchStack& stack, const vm::Template& from) : from_(from), driver_(stack.driver()) {
    record_.boot = stack.boot_files();
    directory_.emplace(stack.paths().machines_dir(), "bare");
    paths_.emplace(stack.paths(), directory_->path().filename().string());
  }

  Restore run() {
    const auto begin = Clock::now();
    const auto elapsed = [begin] {
      return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    };
    vm::Launch launch = driver_.prepare_restore(record_, *paths_, from_.files());
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw system_error("socketpair");
    }
    link_.reset(ends[0]);
    const UniqueFd theirs(ends[1]);
    Command command{.argv = launch.argv, .descriptors = {{vm::kLinkFd, theirs.get()}}};
    for (const auto& [number, fd] : launch.descriptors) {
      command.descriptors.emplace_back(number, fd.get());
    }
    vmm_.emplace(command);
    launch.monitor->load(soon(), never());
    const double loaded = elapsed();
    say_hello();
    return {.loaded = loaded, .answered = elapsed()};
  }

  double pss_mib() const {
    return static_cast<double>(pss_bytes(vmm_->pid()).value_or(0)) / (1U << 20U);
  }

 private:
  void say_hello() {
    std::string hello;
    link::append_hello(hello, random_bytes(link::kNonceBytes));
    write_all(link_.get(), hello);
    link::HelloScanner scanner;
    char buffer[65536];
    while (true) {
      if (!wait_for(link_.get(), POLLIN, soon(), never())) throw unavailable("no answer");
      const ssize_t n = ::read(link_.get(), buffer, sizeof buffer);
      if (n <= 0) throw unavailable("the link broke");
      if (scanner.scan({buffer, static_cast<std::size_t>(n)})) return;
    }
  }

  const vm::Template& from_;
  vm::qemu::QemuDriver driver_;
  vm::MachineRecord record_;
  std::optional<TemporaryDirectory> directory_;
  std::optional<MachinePaths> paths_;
  UniqueFd link_;
  std::optional<ChildProcess> vmm_;
};

struct Floor {
  double loaded;
  double answered;
  double pss_mib;
};

Floor measure_floor(BenchStack& stack, const vm::Template& from) {
  std::vector<double> loaded;
  std::vector<double> answered;
  double pss = 0;
  for (int i = 0; i < kRestores; ++i) {
    BareRestore bare(stack, from);
    const Restore times = bare.run();
    loaded.push_back(times.loaded);
    answered.push_back(times.answered);
    pss = bare.pss_mib();
  }
  return {percentile(loaded, 0.5), percentile(answered, 0.5), pss};
}

void wait_for_standby(BenchStack& stack) {
  const Deadline deadline = soon();
  while (Clock::now() < deadline) {
    const auto status = stack.client().call(api::StackStatus{.wait_ms = 1, .measure = true});
    for (const auto& service : status.services) {
      if (service.standby_machines.value_or(0) > 0) return;
    }
    std::this_thread::yield();
  }
  throw unavailable("no machine came to stand by");
}

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

std::string times_the_floor(double value, double floor, std::string_view target) {
  return fmt::format("{:.2f} times the floor, at most {}", value / floor, target);
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
    vm::TemplateStore store(stack.paths().templates_dir(), 4ULL << 30U);
    auto driver = stack.driver();
    const vm::MachineRecord record{.boot = stack.boot_files()};
    const auto from = store.find(driver.shape_of(record).value());
    if (!from) throw unavailable("the service's template has another shape than the benchmark's");
    const Floor floor = measure_floor(stack, *from);
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
    vm::TemplateStore store(stack.paths().templates_dir(), 4ULL << 30U);
    auto driver = stack.driver();
    const auto from = store.find(driver.shape_of({.boot = stack.boot_files()}).value());
    const Floor floor = measure_floor(stack, from.value());
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
