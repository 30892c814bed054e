#include "services/supervisor/service_process.h"

#include <signal.h>

#include "common/base/error.h"
#include "common/process/pidfd.h"

namespace pyro::supervisor {

ServiceProcess::ServiceProcess(ChildProcess child)
    : pid_(child.pid()), pidfd_(open_pidfd(child.pid())), child_(std::move(child)) {}

ServiceProcess::~ServiceProcess() {
  if (child_) child_->release();
}

std::optional<ServiceProcess> ServiceProcess::holder_of(const std::filesystem::path& lock_file) {
  auto holder = find_lock_holder(lock_file);
  if (!holder) return std::nullopt;
  return ServiceProcess(holder->pid, std::move(holder->pidfd));
}

bool ServiceProcess::ended_before(Deadline deadline) const {
  return wait_for(pidfd_.get(), POLLIN, deadline, StopFd({}));
}

std::string ServiceProcess::reap() {
  if (!child_) return "ended";
  const auto status = child_->wait(Clock::now(), StopFd({}));
  child_.reset();
  if (!status) return "ended";
  return status->signalled ? fmt::format("was ended by signal {}", status->code - 128)
                           : fmt::format("ended with status {}", status->code);
}

void ServiceProcess::kill() {
  signal_pidfd(pidfd_.get(), SIGKILL);
  // SIGKILL cannot be ignored; a process in an uninterruptible call takes its time.
  ended_before(Clock::now() + std::chrono::seconds(30));
}

std::string ServiceProcess::stop(std::chrono::seconds limit) {
  signal_pidfd(pidfd_.get(), SIGTERM);
  if (!ended_before(Clock::now() + limit)) kill();
  return reap();
}

}  // namespace pyro::supervisor
