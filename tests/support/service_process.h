#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/bus/client.h"
#include "common/bus/context.h"
#include "common/config/paths.h"
#include "common/process/child_process.h"
#include "common/process/wait.h"
#include "tests/support/temporary.h"

namespace pyro::testing {

/// Directories of a stack that holds only what a test puts there, and clients on its bus.
class PrivateStack {
 public:
  PrivateStack()
      : paths_{.state_dir = directory_ / "state",
               .cache_dir = directory_ / "cache",
               .environments_dir = directory_ / "cache/environments",
               .runtime_dir = directory_ / "run",
               .config_file = directory_ / "config/pyro/config.toml"} {
    paths_.make_directories();
  }

  const Paths& paths() const { return paths_; }
  std::filesystem::path operator/(std::string_view name) const { return directory_ / name; }
  bus::Client client(const std::string& service) {
    return {context_, service, paths_.bus_socket(service)};
  }

 private:
  TestDirectory directory_;
  Paths paths_;
  bus::Context context_;
};

/// A real service of the suite as a process on a private bus; the program lies beside the test.
/// It is there once it is made, and gone when it is destroyed.
class ServiceProcess {
 public:
  using Environment = std::map<std::string, std::optional<std::string>>;

  ServiceProcess(const std::string& program, const Paths& paths, Environment environment = {}) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("pipe2");
    const UniqueFd ready(ends[0]);
    UniqueFd announcing(ends[1]);
    constexpr int kReadyDescriptor = 3;
    environment["PYRO_READY_FD"] = std::to_string(kReadyDescriptor);
    environment["PYRO_ENVIRONMENT_CACHE_DIR"] = paths.environments_dir.string();
    environment["XDG_CONFIG_HOME"] = paths.config_file.parent_path().parent_path().string();
    child_.emplace(Command{
        .argv = {(std::filesystem::read_symlink("/proc/self/exe").parent_path() / program).string(),
                 "--state-dir", paths.state_dir.string(), "--cache-dir", paths.cache_dir.string(),
                 "--runtime-dir", paths.runtime_dir.string()},
        .environment = std::move(environment),
        .descriptors = {{kReadyDescriptor, announcing.get()}, {2, 2}}});
    announcing.reset();
    char byte = 0;
    if (!wait_for(ready.get(), POLLIN, soon(), StopFd({})) || ::read(ready.get(), &byte, 1) != 1) {
      throw unavailable("{} did not start", program);
    }
  }

  /// SIGKILL, and gone.
  void kill() { child_->kill(); }
  /// SIGTERM; true when it ended with status 0.
  bool stop() {
    child_->signal(SIGTERM);
    const auto status = wait();
    return status && status->ok();
  }
  /// Its end; nullopt when it runs for too long.
  std::optional<ExitStatus> wait() { return child_->wait(soon(), StopFd({})); }
  bool runs() const { return !wait_for(child_->pidfd(), POLLIN, Clock::now(), StopFd({})); }

 private:
  static Deadline soon() { return Clock::now() + std::chrono::seconds(30); }
  std::optional<ChildProcess> child_;
};

}  // namespace pyro::testing
