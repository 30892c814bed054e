#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/api/environment.h"
#include "common/base/files.h"
#include "common/config/paths.h"
#include "common/guest/machine_paths.h"
#include "common/stack/installation.h"
#include "common/stack/stack_client.h"
#include "services/vm/drivers/qemu/qemu_driver.h"

namespace pyro::bench {

inline constexpr const char* kEnvironment = "debian:12";

double milliseconds_of(const std::function<void()>& action);
/// The median of so many runs.
double median_of(int runs, const std::function<void()>& action);

/// A stack with directories of its own and the build tree's environments, guests under TCG.
/// `variables` hold in this process, and so for the stack, while it lives.
class BenchStack {
 public:
  using Variables = std::map<std::string, std::string>;
  explicit BenchStack(Variables variables);
  BenchStack(const BenchStack&) = delete;
  BenchStack& operator=(const BenchStack&) = delete;
  ~BenchStack();

  static Work patient() { return {.deadline = Clock::now() + std::chrono::minutes(15)}; }
  StackClient& client() { return *client_; }
  const Paths& paths() const { return paths_; }
  api::BootFiles boot_files();
  /// As the vm service makes one, for guests whose init is `agent`.
  vm::qemu::QemuDriver driver(const std::filesystem::path& agent = find_helper("pyro-agent")) const;

 private:
  TemporaryDirectory directory_{"/tmp", "pyro-bench"};
  Variables variables_;
  Paths paths_;
  std::unique_ptr<StackClient> client_;
};

/// How long a job took seen from here, and beyond its own time from fork to exit in the guest.
struct Exec {
  double round_trip_ms;
  double added_ms;
  std::string output;
};
Exec exec(const MachinePaths& paths, const std::string& command);

/// `pyro run debian:12 -- true` to its end.
void run_true();

/// Of each process of the stack on the host, by its program, the most memory that it has held. The
/// VMM is left out: its guest's page cache fills with what passes.
std::map<std::string, double> peaks_mib(const BenchStack& stack);

/// Proportional share of memory of all processes that have `word` on their command line.
double pss_mib_of(const std::string& word);

}  // namespace pyro::bench
