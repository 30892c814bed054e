#include "services/workspace/commands/jobs.h"

#include <signal.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/workspace.h"
#include "common/fault/fault.h"
#include "common/guest/silent_guest.h"
#include "common/link/agent_client.h"
#include "common/log/log.h"
#include "common/secrets/redacted_message.h"
#include "services/workspace/write_down.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;

constexpr std::chrono::seconds kGrace = kAgentGrace;
/// A command's own time may be less than a guest that is well takes to start one.
constexpr std::chrono::seconds kLeastStart{5};
constexpr int kFollowTries = 3;

void log_unrecorded(const CommandRecord& command, const std::exception& error) {
  log::error("command {} of workspace {} is not recorded yet: {}", command.sequence,
             command.workspace_id, error.what());
}

}  // namespace

Jobs::Jobs(Paths paths, Journal& journal, Connections& connections, Hooks hooks)
    : paths_(std::move(paths)),
      journal_(journal),
      connections_(connections),
      hooks_(std::move(hooks)) {}

Jobs::~Jobs() {
  std::list<std::unique_ptr<Running>> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(running_);
  }
  for (auto& running : left) running->thread.request_stop();
}

void Jobs::require_room(const std::string& workspace_id) const {
  const std::lock_guard lock(mutex_);
  const auto there = std::count_if(running_.begin(), running_.end(), [&](const auto& running) {
    return running->begun.workspace_id == workspace_id && !running->done;
  });
  if (std::cmp_less(there, kMostAtOnce)) return;
  throw resource_exhausted(
      reason::kTooManyCommands,
      "workspace {} runs {} commands, which is the most at once: wait until one has ended, or end "
      "one (workspace_exec_cancel, or Ctrl-C in `pyro workspace exec --attach JOB`)",
      workspace_id, there);
}

std::shared_ptr<Job> Jobs::start(const Start& what, const bus::Call& call,
                                 const std::stop_token& stop) {
  collect_finished();
  require_room(what.workspace.id());
  CommandRecord begun{.command = what.command,
                      .cwd = what.cwd,
                      .job_id = what.job_id,
                      .timeout_seconds = static_cast<std::uint32_t>(what.timeout.count()),
                      .execution_mode = what.machine.execution_mode};
  if (what.redactor) redact_message(*what.redactor, begun);
  auto running = std::make_unique<Running>(journal_.begin(what.workspace, std::move(begun)),
                                           what.machine.vm_id, what.redactor);
  fault::point("workspace.exec.recorded");
  const auto called = Clock::now();
  const Work work =
      call.work().stopped_by(stop).within(std::clamp(what.timeout, kLeastStart, kGrace));
  try {
    running->agent = dial_agent(paths_, running->vm_id, work);
  } catch (const Error& error) {
    take_back(std::move(running));
    throw with_way_out(error);
  }
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - called);
  try {
    running->agent->call(wire::StartJob{.job_id = running->begun.job_id,
                                        .command = what.command,
                                        .cwd = what.cwd,
                                        .environment = what.environment,
                                        .timeout_ms = static_cast<std::uint64_t>(
                                            std::chrono::milliseconds(what.timeout).count()),
                                        .spent_ms = static_cast<std::uint64_t>(spent.count()),
                                        .mem_mib = what.machine.mem_mib},
                         work);
    running->began = true;
  } catch (const Error& error) {
    log::warn("command {} of workspace {}: {}", running->begun.sequence,
              running->begun.workspace_id, error.message());
    running->agent.reset();
    if (stop.stop_requested()) {
      // Its fate is found out and recorded all the same.
      if (call.cancelled_by_caller()) kill(running->begun, running->vm_id);
      launch(std::move(running));
      throw;
    }
    if (error.code() == ErrorCode::kDeadlineExceeded) {
      running->job->start_was_unanswered();
      return launch(std::move(running));
    }
    if (!may_run(*running, call.work().stopped_by(stop).within(kGrace))) {
      take_back(std::move(running));
      throw;
    }
  }
  fault::point("workspace.exec.started");
  return launch(std::move(running));
}

/// For a command whose start was not answered, or not with a yes. Only its guest can deny it.
bool Jobs::may_run(const Running& running, const Work& work) {
  try {
    dial_agent(paths_, running.vm_id, work)
        .call(wire::JobStatus{.job_id = running.begun.job_id}, work);
    return true;
  } catch (const Error& error) {
    return error.code() != ErrorCode::kNotFound;
  }
}

void Jobs::adopt(const CommandRecord& command, const std::string& vm_id,
                 const std::shared_ptr<const Redactor>& redactor) {
  try {
    launch(std::make_unique<Running>(command, vm_id, redactor));
  } catch (const std::exception& error) {
    log::error("command {} of workspace {}: {}", command.sequence, command.workspace_id,
               error.what());
  }
}

std::shared_ptr<Job> Jobs::find(const WorkspaceRecord& workspace, const std::string& job_id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& running : running_) {
    const CommandRecord& begun = running->begun;
    if (!running->done && begun.workspace_id == workspace.id() &&
        begun.session == workspace.session && begun.job_id == job_id) {
      return running->job;
    }
  }
  return nullptr;
}

std::shared_ptr<Job> Jobs::launch(std::unique_ptr<Running> running) {
  auto job = running->job;
  try {
    const std::lock_guard lock(mutex_);
    Running& one = *running;
    one.thread = std::jthread([this, &one](const std::stop_token& stop) { run(one, stop); });
    running_.push_back(std::move(running));
    return job;
  } catch (const std::system_error& error) {
    // No thread would see its end.
    CommandRecord& command = running->begun;
    kill(command, running->vm_id);
    command.duration_ms = command.elapsed_ms();
    command.state = api::JobState::kCancelled;
    journal_.finish(command, {});
    throw resource_exhausted("the command was ended, since no thread can follow it: {}",
                             error.what());
  }
}

/// Follows the job to its end, from where we are. Throws when the guest is lost on the way.
wire::Job Jobs::follow(Running& running, const std::stop_token& stop) {
  const CommandRecord& command = running.begun;
  // The agent ends it in time; one that does not is not waited for.
  const auto own_time = std::chrono::seconds(command.timeout_seconds) + kGrace;
  Deadline limit = std::max(Clock::now(), running.job->due()) + kGrace;
  const auto take = [&](const link::OutputPiece& piece) {
    const bool has_readers = running.job->append(static_cast<std::uint32_t>(piece.stream),
                                                 piece.dropped, piece.data, stop);
    // As long as its readers like: the command waits with them. Otherwise output moves a
    // follower's deadline, and without end it would for good.
    if (has_readers) limit = Clock::now() + own_time;
    if (Clock::now() > limit) throw deadline_exceeded("the guest does not end the command");
  };
  const Work work{.deadline = limit, .stop = stop};
  if (!running.agent) running.agent = dial_agent(paths_, running.vm_id, work);
  const OutputPlace from = running.job->taken();
  wire::Job ended = running.agent->follow(wire::FollowJob{.job_id = command.job_id,
                                                          .stdout_offset = from.stdout_offset,
                                                          .stderr_offset = from.stderr_offset},
                                          take, work);
  if (ended.state == wire::JobState::kRunning) {
    throw internal_error("the guest's agent ends a command that it says is running");
  }
  return ended;
}

/// A link that was slow on a busy host is tried again; one that is gone is so at once.
Jobs::Followed Jobs::follow_to_end(Running& running, wire::Job& ended,
                                   const std::stop_token& stop) {
  bool silent = false;
  for (int attempt = 1;; ++attempt) {
    try {
      ended = follow(running, stop);
      return Followed::kToItsEnd;
    } catch (const std::exception& error) {
      if (stop.stop_requested()) return Followed::kLetGo;
      log::warn("command {} of workspace {}, try {}: {}", running.begun.sequence,
                running.begun.workspace_id, attempt, error.what());
      const auto* said = dynamic_cast<const Error*>(&error);
      const bool unknown = said != nullptr && said->code() == ErrorCode::kNotFound;
      if (unknown && !running.began && running.job->taken() == OutputPlace{}) {
        return Followed::kNeverBegan;
      }
      silent = said != nullptr && said->code() == ErrorCode::kDeadlineExceeded;
      if (attempt == kFollowTries) break;
    }
    running.agent.reset();
  }
  kill(running.begun, running.vm_id);
  // Its guest ended, or is still there and says nothing of it.
  ended = {.state = silent ? wire::JobState::kTimedOut : wire::JobState::kCancelled,
           .duration_ms = running.begun.elapsed_ms()};
  return Followed::kToItsEnd;
}

void Jobs::run(Running& running, const std::stop_token& stop) {
  const log::Context context(running.begun.workspace_id, "job");
  wire::Job ended;
  const Followed followed = follow_to_end(running, ended, stop);
  running.job->finish_output();
  if (followed == Followed::kToItsEnd) record_end(running, ended, stop);
  if (followed == Followed::kNeverBegan) take_back(running, stop);
  if (followed == Followed::kLetGo) running.job->end(running.begun);
  // Its thread and what else is left are collected by the next command.
  running.agent.reset();
  {
    const std::lock_guard lock(mutex_);
    running.done = true;
    running.job.reset();
  }
  if (followed != Followed::kLetGo) hooks_.done();
}

/// A waiting caller has the answer also when it cannot be recorded yet, and polls find it here
/// until then.
void Jobs::record_end(Running& running, const wire::Job& ended, const std::stop_token& stop) {
  CommandRecord command = running.begun;
  command.state = ended.state;
  command.exit_code = ended.exit_code;
  command.killed_by = ended.killed_by;
  command.likely_cause = ended.likely_cause;
  command.duration_ms = ended.duration_ms;
  command.egress_denied = connections_.denied_to(
      command, running.vm_id, {.deadline = Clock::now() + kAgentGrace, .stop = stop});
  fault::point("workspace.exec.ended");
  const bool recorded = write_down(
      [&] {
        journal_.finish(command, running.job->printed());
        hooks_.recorded(command.workspace_id);
      },
      [&](const std::exception& error) {
        log_unrecorded(command, error);
        running.job->end(command);
      },
      stop);
  if (recorded) fault::point("workspace.exec.end_recorded");
  running.job->end(command);
  if (recorded) forget(running, stop);
}

void Jobs::take_back(Running& running, const std::stop_token& stop) {
  write_down([&] { journal_.retract(running.begun); },
             [&](const std::exception& error) { log_unrecorded(running.begun, error); }, stop);
  running.job->end(running.begun);
}

/// Where that cannot be recorded, its follower finds out again.
void Jobs::take_back(std::unique_ptr<Running> running) {
  try {
    journal_.retract(running->begun);
  } catch (const std::exception& error) {
    log_unrecorded(running->begun, error);
    launch(std::move(running));
  }
}

/// Only now: had we been killed before the end was recorded, the next one would still find it.
void Jobs::forget(Running& running, const std::stop_token& stop) {
  try {
    if (!running.agent) return;
    running.agent->call(wire::ForgetJob{.job_id = running.begun.job_id},
                        {.deadline = Clock::now() + kGrace, .stop = stop});
  } catch (const Error& error) {
    // The guest keeps only so many that have ended.
    log::info("command {} remains known to its guest: {}", running.begun.sequence, error.message());
  }
}

void Jobs::collect_finished() {
  std::list<std::unique_ptr<Running>> finished;
  const std::lock_guard lock(mutex_);
  for (auto it = running_.begin(); it != running_.end();) {
    const auto next = std::next(it);
    // It has let go of the lock: its thread is about to end.
    if ((*it)->done) finished.splice(finished.end(), running_, it);
    it = next;
  }
}

bool Jobs::left_running(const std::string& vm_id) const {
  try {
    const Work work{.deadline = Clock::now() + kGrace};
    return dial_agent(paths_, vm_id, work).call(wire::AskLeftRunning{}, work).any;
  } catch (const Error& error) {
    log::info("vm {} does not say what runs in it: {}", vm_id, error.message());
    return false;
  }
}

wire::EndedLeft Jobs::end_left(const CommandRecord& command, const std::string& vm_id) const {
  try {
    const Work work{.deadline = Clock::now() + kGrace};
    return dial_agent(paths_, vm_id, work).call(wire::EndLeft{.job_id = command.job_id}, work);
  } catch (const Error& error) {
    if (error.reason() == reason::kGuestSilent) throw with_way_out(error);
    // Its guest is gone, or knows no such call: it is of an earlier version.
    log::info("command {}: what it left running is not known: {}", command.sequence,
              error.message());
    return {};
  }
}

void Jobs::kill(const CommandRecord& command, const std::string& vm_id) {
  try {
    const Work work{.deadline = Clock::now() + kGrace};
    dial_agent(paths_, vm_id, work)
        .call(wire::SignalJob{.job_id = command.job_id, .signal = SIGKILL}, work);
  } catch (const Error& error) {
    // Ended and forgotten just now, or with its guest.
    log::info("command {}: {}", command.sequence, error.message());
  }
}

void Jobs::cancel(const WorkspaceRecord& workspace, const std::shared_ptr<Job>& job) {
  job->ask_to_cancel();
  end_and_wait(workspace, [&job](const Running& running) { return running.job == job; });
}

void Jobs::cancel_all(const WorkspaceRecord& workspace) {
  end_and_wait(workspace, [](const Running&) { return true; });
}

template <class Matches>
void Jobs::end_and_wait(const WorkspaceRecord& workspace, const Matches& matches) {
  std::vector<std::pair<CommandRecord, std::shared_ptr<Job>>> ending;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& running : running_) {
      if (!running->done && running->begun.workspace_id == workspace.id() && matches(*running)) {
        ending.emplace_back(running->begun, running->job);
      }
    }
  }
  const Deadline limit = Clock::now() + kGrace;
  for (const auto& [command, job] : ending) {
    job->let_go();
    if (Clock::now() < limit && !job->ended()) kill(command, workspace.vm_id);
  }
  for (const auto& [command, job] : ending) job->wait(limit, {});
}

bool Jobs::any(const std::string& workspace_id) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(running_.begin(), running_.end(), [&](const auto& running) {
    return running->begun.workspace_id == workspace_id && !running->done;
  });
}

}  // namespace pyro::workspace
