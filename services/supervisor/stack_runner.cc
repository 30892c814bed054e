#include "services/supervisor/stack_runner.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/log/log.h"
#include "common/process/pidfd.h"
#include "common/process/signals.h"

namespace pyro::supervisor {
namespace {

/// How long a service may take to end in an orderly way what it keeps running.
constexpr std::chrono::seconds kQuiesceLimit{60};

UniqueFd make_event() { return UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

}  // namespace

StackRunner::StackRunner(const StackFile& stack, const Paths& paths, const Config& config,
                         const std::vector<std::string>& settings, bus::Context& context,
                         bool replace)
    : paths_(paths),
      idle_limit_(std::chrono::seconds(config.stack.idle_exit_seconds)),
      asked_(make_event()),
      done_(make_event()) {
  for (const auto& entry : stack.services) {
    services_.push_back(std::make_unique<SupervisedService>(
        entry, SupervisedService::Surroundings{stack, paths, settings, context, board_, replace}));
  }
}

void StackRunner::start(int signal_fd) {
  board_.signal_fd = signal_fd;
  for (const auto& service : services_) {
    std::vector<const SupervisedService*> predecessors;
    for (const auto& other : services_) {
      const auto& after = service->entry().after;
      if (std::find(after.begin(), after.end(), other->entry().name) != after.end()) {
        predecessors.push_back(other.get());
      }
    }
    service->start(std::move(predecessors));
  }
  thread_ = std::jthread([this, signal_fd] { run(signal_fd); });
}

void StackRunner::bring_down() {
  ::eventfd_write(asked_.get(), 1);
  std::unique_lock lock(board_.mutex);
  board_.changed.wait(lock, [this] { return down_; });
}

bool StackRunner::wait_until_settled(Deadline deadline, const std::stop_token& stop) {
  std::unique_lock lock(board_.mutex);
  return board_.changed.wait_until(lock, stop, deadline, [this] {
    return down_ || std::all_of(services_.begin(), services_.end(),
                                [](const auto& service) { return service->settled_locked(); });
  });
}

api::Stack StackRunner::status(bool measure) const {
  api::Stack stack;
  stack.running = true;
  {
    const std::lock_guard lock(board_.mutex);
    stack.stopping = board_.stopping;
  }
  stack.version = PYRO_VERSION;
  stack.state_dir = paths_.state_dir.string();
  stack.runtime_dir = paths_.runtime_dir.string();
  stack.pid = static_cast<std::uint32_t>(::getpid());
  stack.started_at = started_at_;
  if (measure) stack.pss_bytes = pss_bytes(::getpid());
  for (const auto& service : services_) {
    stack.services.push_back(service->status());
    auto& status = stack.services.back();
    if (!measure || !status.pid) continue;
    status.pss_bytes = pss_bytes(static_cast<pid_t>(*status.pid));
    const auto pong = service->ping();
    if (pong && pong->standby > 0) status.standby_machines = pong->standby;
  }
  return stack;
}

void StackRunner::run(int signal_fd) {
  auto next_check = idle_limit_;
  const StopFd never({});
  while (true) {
    std::vector<pollfd> watched{{signal_fd, POLLIN, 0}, {asked_.get(), POLLIN, 0}};
    const auto deadline = idle_limit_.count() == 0 ? Deadline::max() : Clock::now() + next_check;
    if (wait_for(watched, deadline, never)) {
      log::info("the stack ends: {}",
                watched[0].revents != 0 ? "a signal came" : "it was asked to");
      break;
    }
    next_check = time_left();
    if (idle_limit_.count() != 0 && next_check.count() == 0) {
      log::info("the stack ends: unused for {} s", idle_limit_.count() / 1000);
      break;
    }
  }
  {
    const std::lock_guard lock(board_.mutex);
    board_.stopping = true;
  }
  quiesce_services();
  stop_services();
}

std::chrono::milliseconds StackRunner::time_left() {
  std::chrono::milliseconds left{0};
  for (const auto& service : services_) {
    const auto state = service->status().state;
    // A service on its way was started for a caller.
    if (state == api::ServiceState::kStarting || state == api::ServiceState::kBackoff) {
      return idle_limit_;
    }
    if (state != api::ServiceState::kRunning) continue;
    const auto pong = service->ping();
    if (!pong || pong->holds > 0 || pong->open_calls > 0) return idle_limit_;
    const auto idle = std::chrono::milliseconds(pong->idle_ms);
    left = std::max(left, idle < idle_limit_ ? idle_limit_ - idle : std::chrono::milliseconds(0));
  }
  return left;
}

void StackRunner::quiesce_services() {
  for (auto service = services_.rbegin(); service != services_.rend(); ++service) {
    if ((*service)->status().state != api::ServiceState::kRunning) continue;
    try {
      (*service)->quiesce({.deadline = Clock::now() + kQuiesceLimit});
    } catch (const Error& error) {
      log::error("service '{}' did not quiesce: {}", (*service)->entry().name, error.message());
    }
  }
}

void StackRunner::stop_services() {
  for (auto service = services_.rbegin(); service != services_.rend(); ++service) {
    (*service)->stop();
  }
  {
    const std::lock_guard lock(board_.mutex);
    down_ = true;
  }
  board_.changed.notify_all();
  ::eventfd_write(done_.get(), 1);
}

}  // namespace pyro::supervisor
