#include "services/workspace/services/running_services.h"

#include <fmt/core.h>
#include <signal.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/reasons/workspace.h"
#include "common/base/text.h"
#include "common/fault/fault.h"
#include "common/guest/silent_guest.h"
#include "common/log/log.h"
#include "common/process/wait.h"
#include "common/secrets/redacted_message.h"
#include "services/workspace/agent_link.h"
#include "services/workspace/write_down.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;

/// A service has no time limit of its own.
constexpr std::chrono::hours kLongest{365 * 24};
constexpr std::uint64_t kNoTimeout = std::chrono::milliseconds(kLongest).count();
/// One that says of nothing when it is ready has this long to fail.
constexpr std::chrono::milliseconds kFirstSteps{200};
constexpr std::uint32_t kLastLines = 20;
/// A link that was slow on a busy host is dialled again.
constexpr int kTries = 3;
/// Between two tries to hear of an end.
constexpr std::chrono::seconds kDialAgain{1};

struct Target {
  wire::ProbeKind kind;
  std::string text;
};

Target target_of(const api::Readiness& readiness) {
  switch (readiness.type) {
    case api::ReadinessType::kFile:
      return {wire::ProbeKind::kFile, readiness.path.value_or("")};
    case api::ReadinessType::kTcp:
      return {wire::ProbeKind::kTcp, readiness.address.value_or("")};
    case api::ReadinessType::kHttp:
      return {wire::ProbeKind::kHttp, readiness.url.value_or("")};
    case api::ReadinessType::kCommand:
      break;
  }
  return {wire::ProbeKind::kCommand, readiness.command.value_or("")};
}

/// How long it may still take, of a service that was perhaps started by a former process.
std::chrono::milliseconds time_left(const ServiceRecord& service) {
  const double over = now_epoch_seconds() - service.started_at;
  const double left = std::max(service.ready_timeout_seconds - std::max(over, 0.0), 0.1);
  return std::chrono::milliseconds(static_cast<std::int64_t>(left * 1000));
}

std::string how_it_ended(const wire::Job& ended) {
  return fmt::format("it exited with {} before it was ready", ended.exit_code.value_or(-1));
}

void log_unrecorded(const ServiceRecord& service, const std::exception& error) {
  log::error("service {} of workspace {} is not recorded yet: {}", service.service_name,
             service.workspace_id, error.what());
}

}  // namespace

RunningServices::RunningServices(Paths paths, ServiceTable& table, const ServiceLogFiles& logs,
                                 Hooks hooks)
    : paths_(std::move(paths)), table_(table), logs_(logs), hooks_(std::move(hooks)) {}

RunningServices::~RunningServices() {
  std::list<std::unique_ptr<Running>> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(running_);
  }
  for (auto& running : left) running->thread.request_stop();
}

void RunningServices::require_room(const std::string& workspace_id) const {
  const std::lock_guard lock(mutex_);
  const auto there = std::count_if(running_.begin(), running_.end(), [&](const auto& running) {
    return running->begun.workspace_id == workspace_id && !running->done;
  });
  if (std::cmp_less(there, kMostAtOnce)) return;
  throw resource_exhausted(reason::kTooManyServices,
                           "workspace {} runs {} services, which is the most at once: stop one",
                           workspace_id, there);
}

void RunningServices::start(const ServiceRecord& service, const Environment& environment,
                            const bus::Call& call, const std::stop_token& stop) {
  collect_finished();
  require_room(service.workspace_id);
  auto running = std::make_unique<Running>(Running{.begun = service,
                                                   .vm_id = environment.vm_id,
                                                   .variables = environment.variables,
                                                   .redactor = environment.redactor});
  ServiceRecord row = service;
  if (environment.redactor) redact_message(*environment.redactor, row);
  table_.begin(row);
  fault::point("workspace.service_start.recorded");
  const Work work = call.work().stopped_by(stop).within(kAgentGrace);
  std::optional<link::AgentConnection> agent;
  try {
    agent = dial_agent(paths_, environment.vm_id, work);
  } catch (const Error& error) {
    table_.retract(service);
    throw with_way_out(error);
  }
  try {
    const wire::Job begun = agent->call(wire::StartJob{.job_id = service.job_id,
                                                       .command = service.command,
                                                       .cwd = service.cwd,
                                                       .environment = environment.variables,
                                                       .timeout_ms = kNoTimeout,
                                                       .mem_mib = environment.mem_mib,
                                                       .log_bytes = ServiceLogFiles::kMostBytes},
                                        work);
    if (begun.pid) {
      change(service, [&begun](ServiceRecord& now) { now.pid = begun.pid; });
    }
  } catch (const Error& error) {
    const auto& redactor = environment.redactor;
    log::warn("service {} of workspace {}: {}", service.service_name, service.workspace_id,
              redactor ? redactor->redact(error.message()) : error.message());
    agent.reset();
    if (stop.stop_requested()) {
      // Its fate is found out and recorded all the same.
      running->unwanted = call.cancelled_by_caller();
      launch(std::move(running));
      throw;
    }
    const bool unanswered = error.code() == ErrorCode::kDeadlineExceeded;
    if (!unanswered && !may_run(*running, call.work().stopped_by(stop).within(kAgentGrace))) {
      table_.retract(service);
      throw;
    }
  }
  fault::point("workspace.service_start.started");
  launch(std::move(running));
}

/// For one whose start was not answered with a yes. Only its guest can deny it.
bool RunningServices::may_run(const Running& running, const Work& work) const {
  try {
    dial_agent(paths_, running.vm_id, work)
        .call(wire::JobStatus{.job_id = running.begun.job_id}, work);
    return true;
  } catch (const Error& error) {
    return error.code() != ErrorCode::kNotFound;
  }
}

void RunningServices::adopt(const ServiceRecord& service, const Environment& environment) {
  launch(std::make_unique<Running>(Running{.begun = service,
                                           .vm_id = environment.vm_id,
                                           .variables = environment.variables,
                                           .redactor = environment.redactor}));
}

void RunningServices::launch(std::unique_ptr<Running> running) {
  try {
    const std::lock_guard lock(mutex_);
    Running& one = *running;
    one.thread = std::jthread([this, &one](const std::stop_token& stop) { run(one, stop); });
    running_.push_back(std::move(running));
  } catch (const std::system_error& error) {
    // No thread would see its end.
    signal(running->begun, running->vm_id, SIGKILL);
    table_.retract(running->begun);
    throw resource_exhausted("the service was ended, since no thread can watch it: {}",
                             error.what());
  }
}

void RunningServices::run(Running& running, const std::stop_token& stop) {
  const log::Context context(running.begun.workspace_id, "service");
  std::optional<std::string> failure;
  if (running.begun.is_starting()) failure = wait_until_ready(running, stop);
  if (stop.stop_requested()) return settle(running);
  const auto ended = wait_for_end(running, failure ? Until::kKilled : Until::kItEnds, stop);
  if (stop.stop_requested()) return settle(running);
  record_end(running, ended, failure, stop);
  {
    const std::lock_guard lock(mutex_);
    running.settled = true;
    running.done = true;
  }
  changed_.notify_all();
  hooks_.done();
}

void RunningServices::settle(Running& running) {
  {
    const std::lock_guard lock(mutex_);
    running.settled = true;
  }
  changed_.notify_all();
}

/// Why it failed to become ready; nullopt: it is ready, or nobody waits any more.
std::optional<std::string> RunningServices::wait_until_ready(Running& running,
                                                             const std::stop_token& stop) {
  if (running.unwanted) return "its start was cancelled";
  const ServiceRecord& service = running.begun;
  const Work work{.deadline = Clock::now() + time_left(service) + kAgentGrace, .stop = stop};
  try {
    auto agent = dial_agent(paths_, running.vm_id, work);
    if (service.readiness) {
      const Target target = target_of(*service.readiness);
      const wire::ProbeResult found = agent.call(
          wire::ProbeJob{.job_id = service.job_id,
                         .kind = target.kind,
                         .target = target.text,
                         .cwd = service.cwd,
                         .environment = running.variables,
                         .timeout_ms = static_cast<std::uint64_t>(time_left(service).count()),
                         .interval_ms = service.ready_interval_ms},
          work);
      if (!found.ready && !found.ended) {
        return fmt::format("it was not ready within {} s: {}", service.ready_timeout_seconds,
                           one_line(printable(found.why), 300));
      }
      if (found.ended) {
        return how_it_ended(agent.call(wire::JobStatus{.job_id = service.job_id}, work));
      }
    } else {
      sleep_unless_stopped(kFirstSteps, stop);
      const wire::Job now = agent.call(wire::JobStatus{.job_id = service.job_id}, work);
      if (now.state != api::JobState::kRunning && now.exit_code != 0) return how_it_ended(now);
    }
  } catch (const Error& error) {
    if (stop.stop_requested()) return std::nullopt;
    if (error.reason() == reason::kJobMissing) return "its start broke off, and it never ran";
    return fmt::format("it cannot be told whether it is ready: {}", error.message());
  }
  write_down(
      [&] { change(service, [](ServiceRecord& now) { now.ready_at = now_epoch_seconds(); }); },
      [&service](const std::exception& error) { log_unrecorded(service, error); }, stop);
  fault::point("workspace.service_start.ready");
  settle(running);
  return std::nullopt;
}

/// nullopt: its guest is gone, or this service ends. A KILL that a silent guest did not take is
/// repeated.
std::optional<wire::Job> RunningServices::wait_for_end(Running& running, Until until,
                                                       const std::stop_token& stop) {
  const std::string& job_id = running.begun.job_id;
  for (int attempt = 1; !stop.stop_requested(); ++attempt) {
    const auto begun = Clock::now();
    try {
      auto agent =
          dial_agent(paths_, running.vm_id, {.deadline = begun + kAgentGrace, .stop = stop});
      if (until == Until::kKilled) {
        agent.call(wire::SignalJob{.job_id = job_id, .signal = SIGKILL},
                   {.deadline = begun + kAgentGrace, .stop = stop});
      }
      return agent.call(wire::WaitJob{.job_id = job_id},
                        {.deadline = begun + kLongest, .stop = stop});
    } catch (const Error& error) {
      if (stop.stop_requested()) break;
      log::warn("service {} of workspace {}: {}", running.begun.service_name,
                running.begun.workspace_id, error.message());
      if (error.code() == ErrorCode::kNotFound) break;
      // One that lasted is no failed try.
      if (Clock::now() - begun > kAgentGrace) attempt = 0;
      if (attempt >= kTries && hooks_.machine_is_gone(running.vm_id)) break;
    }
    sleep_unless_stopped(kDialAgain, stop);
  }
  return std::nullopt;
}

std::string RunningServices::last_words(const Running& running, const std::stop_token& stop) const {
  const Work work{.deadline = Clock::now() + kAgentGrace, .stop = stop};
  std::string words;
  for (const std::uint32_t stream : {1U, 2U}) {
    try {
      words += logs_.tail_in_guest(running.begun, running.vm_id, stream, kLastLines, work).text;
    } catch (const Error& error) {
      log::info("service {}: {}", running.begun.service_name, error.message());
    }
    if (!words.empty() && !words.ends_with('\n')) words += '\n';
  }
  return to_valid_utf8(last_lines(words, kLastLines));
}

void RunningServices::record_end(Running& running, const std::optional<wire::Job>& ended,
                                 const std::optional<std::string>& failure,
                                 const std::stop_token& stop) {
  const ServiceRecord& service = running.begun;
  bool kept = false;
  std::string words;
  if (ended) {
    try {
      if (failure) words = last_words(running, stop);
      logs_.keep(service, running.vm_id, {.deadline = Clock::now() + kAgentGrace, .stop = stop});
      kept = true;
    } catch (const Error& error) {
      log::warn("what service {} of workspace {} printed is not kept: {}", service.service_name,
                service.workspace_id, error.message());
    }
  }
  fault::point("workspace.service.ended");
  write_down(
      [&] {
        change(service, [&](ServiceRecord& now) {
          now.ended_at = now_epoch_seconds();
          now.pid.reset();
          now.log_kept = kept;
          if (ended) now.exit_code = ended->exit_code;
          if (now.stop_reason) {
            now.state = api::WorkspaceServiceState::kStopped;
          } else if (failure) {
            now.state = api::WorkspaceServiceState::kFailed;
            now.failure = words.empty() ? *failure : *failure + "; it printed last:\n" + words;
            if (running.redactor) now.failure = running.redactor->redact(*now.failure);
          } else if (ended) {
            now.state = api::WorkspaceServiceState::kExited;
          } else {
            now.state = api::WorkspaceServiceState::kStopped;
            now.stop_reason = api::StopReason::kGuestGone;
          }
        });
      },
      [&service](const std::exception& error) { log_unrecorded(service, error); }, stop);
  fault::point("workspace.service.end_recorded");
}

void RunningServices::change(const ServiceRecord& service,
                             const std::function<void(ServiceRecord&)>& change) {
  const auto now = table_.change(service, change);
  if (now) hooks_.recorded(*now);
}

void RunningServices::signal(const ServiceRecord& service, const std::string& vm_id,
                             int number) const {
  try {
    const Work work{.deadline = Clock::now() + kAgentGrace};
    dial_agent(paths_, vm_id, work)
        .call(
            wire::SignalJob{.job_id = service.job_id, .signal = static_cast<std::uint32_t>(number)},
            work);
  } catch (const Error& error) {
    // Ended and forgotten just now, or with its guest.
    log::info("service {}: {}", service.service_name, error.message());
  }
}

bool RunningServices::wait_until_settled(const std::string& job_id, const Work& work) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, work.stop, work.deadline, [&] {
    return std::none_of(running_.begin(), running_.end(), [&](const auto& running) {
      return running->begun.job_id == job_id && !running->settled;
    });
  });
}

bool RunningServices::wait_until_gone(const std::string& job_id, Deadline limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, limit, [&] {
    return std::none_of(running_.begin(), running_.end(), [&](const auto& running) {
      return running->begun.job_id == job_id && !running->done;
    });
  });
}

void RunningServices::stop(const ServiceRecord& service, std::chrono::seconds patience,
                           std::optional<api::StopReason> reason) {
  std::string vm_id;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& running : running_) {
      if (running->begun.job_id == service.job_id && !running->done) vm_id = running->vm_id;
    }
  }
  if (vm_id.empty()) return;
  const auto tell = [&](api::StopReason how) {
    change(service, [&](ServiceRecord& now) { now.stop_reason = reason.value_or(how); });
  };
  tell(api::StopReason::kSigterm);
  fault::point("workspace.service_stop.recorded");
  signal(service, vm_id, SIGTERM);
  if (wait_until_gone(service.job_id, Clock::now() + patience)) return;
  tell(api::StopReason::kSigkill);
  signal(service, vm_id, SIGKILL);
  if (wait_until_gone(service.job_id, Clock::now() + kAgentGrace)) return;
  throw deadline_exceeded(reason::kStillRunning,
                          "the guest has not ended service '{}' yet: stop it again, or stop the "
                          "workspace",
                          service.service_name);
}

void RunningServices::stop_all(const WorkspaceRecord& workspace, std::chrono::seconds patience) {
  std::vector<ServiceRecord> ending;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& running : running_) {
      if (running->begun.workspace_id == workspace.id() && !running->done) {
        ending.push_back(running->begun);
      }
    }
  }
  for (const auto& service : ending) {
    change(service,
           [](ServiceRecord& now) { now.stop_reason = api::StopReason::kWorkspaceStopped; });
    signal(service, workspace.vm_id, SIGTERM);
  }
  const Deadline limit = Clock::now() + patience;
  for (const auto& service : ending) {
    if (!wait_until_gone(service.job_id, limit)) signal(service, workspace.vm_id, SIGKILL);
  }
  const Deadline last = Clock::now() + kAgentGrace;
  for (const auto& service : ending) wait_until_gone(service.job_id, last);
}

void RunningServices::collect_finished() {
  std::list<std::unique_ptr<Running>> finished;
  const std::lock_guard lock(mutex_);
  for (auto it = running_.begin(); it != running_.end();) {
    const auto next = std::next(it);
    // It has let go of the lock: its thread is about to end.
    if ((*it)->done) finished.splice(finished.end(), running_, it);
    it = next;
  }
}

bool RunningServices::any(const std::string& workspace_id) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(running_.begin(), running_.end(), [&](const auto& running) {
    return running->begun.workspace_id == workspace_id && !running->done;
  });
}

}  // namespace pyro::workspace
