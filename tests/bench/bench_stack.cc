#include "tests/bench/bench_stack.h"

#include <charconv>
#include <cstdlib>

#include "common/api/environment.h"
#include "common/api/machine.h"
#include "common/base/text.h"
#include "common/process/child_process.h"
#include "common/process/pidfd.h"
#include "common/stack/installation.h"
#include "services/vm/boot/guest_exec.h"
#include "tests/bench/part.h"
#include "tests/support/processes.h"

namespace pyro::bench {

namespace fs = std::filesystem;

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

BenchStack::BenchStack(Variables variables) : variables_(std::move(variables)) {
  variables_.merge(
      std::map<std::string, std::string>{{"PYRO_STATE_DIR", (directory_.path() / "s").string()},
                                         {"PYRO_RUNTIME_DIR", (directory_.path() / "r").string()},
                                         {"PYRO_CACHE_DIR", PYRO_TEST_CACHE},
                                         {"PYRO_VM_ACCELERATOR", "tcg"}});
  for (const auto& [name, value] : variables_) ::setenv(name.c_str(), value.c_str(), 1);
  paths_ = find_paths();
  client_ = std::make_unique<StackClient>(paths_);
  client_->call(api::PullEnvironment{.environment = kEnvironment}, patient());
  // Answered once the vm service has collected garbage, as our own directories would be to it.
  client_->call(api::ReapExpired{});
}

BenchStack::~BenchStack() {
  client_->down();
  for (const auto& [name, value] : variables_) ::unsetenv(name.c_str());
}

api::BootFiles BenchStack::boot_files() {
  return client_->call(api::ResolveEnvironment{.environment = kEnvironment}, patient());
}

vm::qemu::QemuDriver BenchStack::driver(const fs::path& agent) const {
  const std::string version = run_checked({.argv = {"qemu-system-x86_64", "--version"}},
                                          Clock::now() + std::chrono::seconds(10), {});
  return vm::qemu::QemuDriver({.program = "qemu-system-x86_64",
                               .version = printable(trim(split(version, '\n').front())),
                               .agent = agent,
                               .cache_dir = paths_.cache_dir,
                               .accelerator = vm::Accelerator::kTcg});
}

Exec exec(const MachinePaths& paths, const std::string& command) {
  Exec done{};
  api::agent::Job job;
  done.round_trip_ms = milliseconds_of([&] {
    job = vm::exec_in_guest(paths, {command, "/root", std::chrono::minutes(5)},
                            [&done](std::uint32_t stream, std::string_view data) {
                              if (stream == 1) done.output += data;
                            },
                            {.deadline = Clock::now() + std::chrono::minutes(6)});
  });
  done.added_ms = done.round_trip_ms - static_cast<double>(job.duration_ms);
  return done;
}

void run_true() {
  run_checked({.argv = {find_helper("pyro").string(), "run", kEnvironment, "--", "true"}},
              Clock::now() + std::chrono::minutes(2), {});
}

std::map<std::string, double> peaks_mib(const BenchStack& stack) {
  std::map<std::string, double> peaks;
  for (const pid_t pid : testing::processes_of(stack.paths().state_dir)) {
    const fs::path process = fs::path("/proc") / std::to_string(pid);
    const std::string words = testing::content_of(process / "cmdline");
    const std::string program = fs::path(words.c_str()).filename().string();
    if (!program.starts_with("pyro-")) continue;
    const std::string status = testing::content_of(process / "status");
    const auto at = status.find("VmHWM:");
    if (at != std::string::npos) peaks[program] = std::stod(status.substr(at + 6)) / 1024;
  }
  return peaks;
}

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

}  // namespace pyro::bench
