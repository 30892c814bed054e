#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/process/child_process.h"

namespace pyro::supervisor {

/// The process of a service, started by us or adopted from a former supervisor. It outlives this
/// object unless stopped.
class ServiceProcess {
 public:
  explicit ServiceProcess(ChildProcess child);
  /// The process that holds the service's lock, by the lock file and confirmed by its open files;
  /// nullopt: the lock is free. internal: an unknown process holds it.
  static std::optional<ServiceProcess> holder_of(const std::filesystem::path& lock_file);

  ServiceProcess(ServiceProcess&&) noexcept = default;
  ServiceProcess& operator=(ServiceProcess&&) = delete;
  ~ServiceProcess();

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }

  /// Sends SIGTERM, then SIGKILL after `limit`; returns how it ended.
  std::string stop(std::chrono::seconds limit);
  /// Sends SIGKILL; returns once it is gone.
  void kill();
  /// How the process ended: `was ended by signal 9`, `ended with status 1`.
  std::string reap();

 private:
  ServiceProcess(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  bool ended_before(Deadline deadline) const;

  pid_t pid_ = -1;
  UniqueFd pidfd_;
  std::optional<ChildProcess> child_;
};

}  // namespace pyro::supervisor
