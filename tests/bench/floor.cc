#include "tests/bench/floor.h"

#include <fmt/core.h>
#include <sys/socket.h>

#include <optional>
#include <thread>

#include "common/api/environment.h"
#include "common/api/stack.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/link/mux_frame.h"
#include "common/process/child_process.h"
#include "common/process/pidfd.h"
#include "services/vm/drivers/link_fd.h"
#include "services/vm/shim/qmp.h"
#include "services/vm/shim/shim_spec.h"
#include "services/vm/templates/template_store.h"
#include "tests/bench/part.h"

namespace pyro::bench {
namespace {

constexpr int kBareRestores = 11;

Deadline soon() { return Clock::now() + std::chrono::minutes(2); }

/// Times of the phases of one restore, in ms from its start.
struct Restore {
  double loaded;
  double answered;
};

/// The floor: QEMU and the template, driven by nothing but a socket. No shim, no service.
class BareRestore {
 public:
  BareRestore(BenchStack& stack, const vm::Template& from) : from_(from), driver_(stack.driver()) {
    boot_ = stack.boot_files();
    directory_.emplace(stack.paths().machines_dir(), "bare");
    paths_.emplace(stack.paths(), directory_->path().filename().string());
  }

  Restore run() {
    const auto begin = Clock::now();
    const auto elapsed = [begin] {
      return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    };
    vm::Launch launch = driver_.prepare_restore({}, boot_, *paths_, from_.files());
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw system_error("socketpair");
    }
    link_.reset(ends[0]);
    const UniqueFd theirs(ends[1]);
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw system_error("socketpair");
    }
    console_.reset(ends[0]);
    const UniqueFd their_console(ends[1]);
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw system_error("socketpair");
    }
    vm::qemu::Qmp monitor{UniqueFd(ends[0])};
    const UniqueFd their_monitor(ends[1]);
    Command command{.argv = launch.argv,
                    .descriptors = {{vm::kLinkFd, theirs.get()},
                                    {vm::kConsoleFd, their_console.get()},
                                    {vm::kMonitorFd, their_monitor.get()}}};
    for (const auto& [number, fd] : launch.descriptors) {
      command.descriptors.emplace_back(number, fd.get());
    }
    vmm_.emplace(command);
    monitor.load({soon()});
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
      if (!wait_for(link_.get(), POLLIN, soon(), StopFd({}))) throw unavailable("no answer");
      const ssize_t n = ::read(link_.get(), buffer, sizeof buffer);
      if (n <= 0) throw unavailable("the link broke");
      if (scanner.scan({buffer, static_cast<std::size_t>(n)})) return;
    }
  }

  const vm::Template& from_;
  vm::qemu::QemuDriver driver_;
  api::BootFiles boot_;
  std::optional<TemporaryDirectory> directory_;
  std::optional<MachinePaths> paths_;
  UniqueFd link_;
  UniqueFd console_;
  std::optional<ChildProcess> vmm_;
};

}  // namespace

Floor measure_floor(BenchStack& stack) {
  vm::TemplateStore store(stack.paths().templates_dir(), 4ULL << 30U);
  const auto from = store.find(stack.driver().shape_of({}, stack.boot_files()).value());
  if (!from) throw unavailable("the service's template has another shape than the benchmark's");
  std::vector<double> loaded;
  std::vector<double> answered;
  double pss = 0;
  for (int i = 0; i < kBareRestores; ++i) {
    BareRestore bare(stack, *from);
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

std::string times_the_floor(double value, double floor, std::string_view target) {
  return fmt::format("{:.2f} times the floor, at most {}", value / floor, target);
}

}  // namespace pyro::bench
