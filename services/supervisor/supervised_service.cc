#include "services/supervisor/supervised_service.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/bus/starting.h"
#include "common/log/log.h"
#include "common/stack/installation.h"
#include "services/supervisor/restart_policy.h"

namespace pyro::supervisor {
namespace {

using api::ServiceState;

constexpr std::size_t kLastWords = 500;
/// How long a service that holds its lock, and has answered, may take to do so again before it is
/// taken for hung.
constexpr std::chrono::seconds kAnswerLimit{3};

bool waits_or_runs(ServiceState state) {
  return state == ServiceState::kStarting || state == ServiceState::kBackoff;
}

}  // namespace

bool StateBoard::is_ending() {
  const std::lock_guard lock(mutex);
  return stopping || (signal_fd >= 0 && wait_for(signal_fd, POLLIN, Clock::now(), StopFd({})));
}

SupervisedService::SupervisedService(ServiceEntry entry, const Surroundings& surroundings)
    : entry_(std::move(entry)),
      around_(surroundings),
      client_(around_.context, entry_.name, around_.paths.bus_socket(entry_.name)),
      stderr_file_(around_.paths.logs_dir() / (entry_.name + ".stderr")),
      replace_(around_.replace) {
  status_.name = entry_.name;
}

SupervisedService::~SupervisedService() = default;

void SupervisedService::start(std::vector<const SupervisedService*> predecessors) {
  set_state(ServiceState::kStarting);
  thread_ = std::jthread([this, predecessors = std::move(predecessors)](
                             const std::stop_token& stop) { keep_running(stop, predecessors); });
}

void SupervisedService::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

api::ServiceStatus SupervisedService::status() const {
  const std::lock_guard lock(around_.board.mutex);
  return status_;
}

bool SupervisedService::settled_locked() const { return !waits_or_runs(status_.state); }

std::optional<api::Pong> SupervisedService::ping(std::chrono::milliseconds limit) {
  try {
    return client_.call(api::Ping{}, {.deadline = Clock::now() + limit});
  } catch (const Error&) {
    return std::nullopt;
  }
}

void SupervisedService::keep_running(const std::stop_token& stop,
                                     const std::vector<const SupervisedService*>& predecessors) {
  {
    std::unique_lock lock(around_.board.mutex);
    const bool go = around_.board.changed.wait(lock, stop, [&predecessors] {
      return std::all_of(predecessors.begin(), predecessors.end(),
                         [](const auto* service) { return service->settled_locked(); });
    });
    if (!go) {
      lock.unlock();
      return end_process();
    }
  }
  const StopFd stop_fd(stop);
  RestartPolicy policy(around_.stack.restart);
  while (true) {
    std::string reason;
    try {
      reason = run_once(stop_fd);
      if (around_.board.is_ending()) {
        log::info("service '{}' {} as the stack ends", entry_.name, reason);
        return set_state(ServiceState::kStopped);
      }
      const auto pause = policy.after_end(Clock::now());
      if (!pause) {
        log::error("service '{}' is given up after {} ends within {} s; the last one: {}",
                   entry_.name, around_.stack.restart.crash_limit + 1,
                   around_.stack.restart.crash_window_seconds, reason);
        return set_state(ServiceState::kFailed, reason);
      }
      log::warn("service '{}' {}; it is restarted in {} ms", entry_.name, reason, pause->count());
      set_state(ServiceState::kBackoff, reason);
      wait_for(-1, 0, Clock::now() + *pause, stop_fd);
      const std::lock_guard lock(around_.board.mutex);
      ++status_.restarts;
    } catch (const Error&) {  // the stop
      return end_process();
    }
  }
}

/// Also one of a former supervisor that is not adopted yet.
void SupervisedService::end_process() {
  try {
    if (!process_) {
      if (auto holder = ServiceProcess::holder_of(lock_file()))
        process_.emplace(std::move(*holder));
    }
    if (process_) {
      const std::string how =
          process_->stop(std::chrono::seconds(around_.stack.limits.stop_seconds));
      log::info("service '{}' {} as it was told", entry_.name, how);
    }
  } catch (const Error& error) {
    log::error("service '{}' may still run: {}", entry_.name, error.message());
  }
  process_.reset();
  set_state(ServiceState::kStopped);
}

std::filesystem::path SupervisedService::lock_file() const {
  return bus::lock_file_of(around_.paths.bus_socket(entry_.name));
}

std::string SupervisedService::run_once(const StopFd& stop) {
  set_state(ServiceState::kStarting);
  try {
    // Also before a restart: a former process of it may still hold its lock.
    auto found = adopt(stop);
    const bool adopted = found.has_value();
    process_.emplace(adopted ? std::move(*found) : launch(stop));
    set_running(process_->pid());
    log::info("service '{}' runs as process {}{}", entry_.name, process_->pid(),
              adopted ? ", adopted" : "");
    std::string reason = watch(*process_, stop);
    process_.reset();
    return reason;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    if (process_) process_->kill();
    if (process_) process_->reap();
    process_.reset();
    return fmt::format("could not be started: {}", error.message());
  }
}

std::optional<ServiceProcess> SupervisedService::adopt(const StopFd& stop) {
  auto holder = ServiceProcess::holder_of(lock_file());
  if (!holder) return std::nullopt;
  wait_for(-1, 0, Clock::now(), stop);
  const bool starting = bus::is_starting(around_.paths.bus_socket(entry_.name));
  const auto pong =
      ping(starting ? std::chrono::seconds(around_.stack.limits.ready_seconds) : kAnswerLimit);
  const bool replace = std::exchange(replace_, false);
  if (!replace && pong && pong->version == PYRO_VERSION &&
      static_cast<pid_t>(pong->pid) == holder->pid()) {
    return holder;
  }
  if (pong) {
    log::warn("service '{}' of version {} still runs; it is replaced", entry_.name, pong->version);
    holder->stop(std::chrono::seconds(around_.stack.limits.stop_seconds));
  } else {
    log::warn("service '{}' (process {}) does not answer; it is killed", entry_.name,
              holder->pid());
    holder->kill();
  }
  return std::nullopt;
}

ServiceProcess SupervisedService::launch(const StopFd& stop) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
  const UniqueFd ready(ends[0]);
  UniqueFd ready_write(ends[1]);
  const UniqueFd words = open_file(stderr_file_, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  constexpr int kReadyFd = 3;
  Command command{.argv = {entry_.program},
                  .environment = {{"PYRO_READY_FD", std::to_string(kReadyFd)}},
                  .directory = "/",
                  .descriptors = {{2, words.get()}, {kReadyFd, ready_write.get()}},
                  .parentage = Parentage::kDetached};
  if (entry_.program.front() != '/') command.argv[0] = find_helper(entry_.program).string();
  command.argv.insert(command.argv.end(), entry_.arguments.begin(), entry_.arguments.end());
  for (const auto& setting : around_.settings)
    command.argv.insert(command.argv.end(), {"--set", setting});

  ServiceProcess process{ChildProcess(command)};
  ready_write.reset();
  // A failure from here on must not leave it behind.
  Cleanup kill_it([&process] {
    process.kill();
    process.reap();
  });
  const auto deadline = Clock::now() + std::chrono::seconds(around_.stack.limits.ready_seconds);
  char byte = 0;
  if (!wait_for(ready.get(), POLLIN, deadline, stop)) {
    throw deadline_exceeded("it was not ready within {} s", around_.stack.limits.ready_seconds);
  }
  if (::read(ready.get(), &byte, 1) != 1) {
    std::string how = wait_for(process.pidfd(), POLLIN, deadline, stop)
                          ? process.reap()
                          : "closed its readiness descriptor";
    throw internal_error("it {} before it was ready{}", how, last_words());
  }
  const auto pong = client_.call(api::Ping{}, {.deadline = deadline});
  if (static_cast<pid_t>(pong.pid) != process.pid()) {
    throw internal_error("process {} answers in its place", pong.pid);
  }
  kill_it.dismiss();
  return process;
}

std::string SupervisedService::watch(ServiceProcess& process, const StopFd& stop) {
  constexpr int kMissedLimit = 2;
  const auto interval = std::chrono::seconds(around_.stack.limits.ping_interval_seconds);
  int missed = 0;
  while (!wait_for(process.pidfd(), POLLIN, Clock::now() + interval, stop)) {
    missed = ping(kAnswerLimit) ? 0 : missed + 1;
    if (missed == kMissedLimit) {
      process.kill();
      process.reap();
      return "did not answer its pings and was killed";
    }
  }
  const std::string how = process.reap();
  return how + last_words();
}

std::string SupervisedService::last_words() const {
  std::string said = printable(read_tail(stderr_file_, kLastWords));
  std::string_view words = trim(said);
  return words.empty() ? "" : fmt::format(": {}", words);
}

void SupervisedService::set_state(ServiceState state, std::optional<std::string> error) {
  {
    const std::lock_guard lock(around_.board.mutex);
    status_.state = state;
    status_.pid.reset();
    status_.started_at.reset();
    if (error) status_.last_error = std::move(error);
  }
  around_.board.changed.notify_all();
}

void SupervisedService::set_running(pid_t pid) {
  {
    const std::lock_guard lock(around_.board.mutex);
    status_.state = ServiceState::kRunning;
    status_.pid = static_cast<std::uint32_t>(pid);
    status_.started_at = now_epoch_seconds();
  }
  around_.board.changed.notify_all();
}

}  // namespace pyro::supervisor
