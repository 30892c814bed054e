#include "services/workspace/jobs.h"

#include <signal.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/fault/fault.h"
#include "common/guest/machine_paths.h"
#include "common/link/agent_client.h"
#include "common/log/log.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;

/// What the agent may take to start a command, or to end one and say so.
constexpr std::chrono::seconds kGrace{15};

link::AgentConnection dial_agent(const Paths& paths, const std::string& vm_id, Deadline deadline,
                                 const StopFd& stop) {
  return link::AgentConnection::dial(MachinePaths(paths, vm_id).link_socket, wire::kPort,
                                     std::min(deadline, Clock::now() + kGrace), stop);
}

}  // namespace

std::shared_ptr<const Job::Outcome> Job::wait(Deadline deadline, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  ended_.wait_until(lock, stop, deadline, [this] { return outcome_ != nullptr; });
  return outcome_;
}

void Job::end(Outcome outcome) {
  {
    const std::lock_guard lock(mutex_);
    outcome_ = std::make_shared<const Outcome>(std::move(outcome));
  }
  ended_.notify_all();
}

Jobs::Jobs(Paths paths, Journal& journal, Hooks hooks)
    : paths_(std::move(paths)), journal_(journal), hooks_(std::move(hooks)) {}

Jobs::~Jobs() {
  std::list<std::unique_ptr<Running>> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(running_);
  }
  for (auto& running : left) running->thread.request_stop();
}

std::shared_ptr<Job> Jobs::start(Start what, Deadline deadline, const std::stop_token& stop) {
  collect_finished();
  auto running = std::make_unique<Running>();
  running->vm_id = what.machine.vm_id;
  running->live = std::move(what.live);
  running->begun = journal_.begin(
      what.workspace, {.command = what.command,
                       .cwd = what.cwd,
                       .job_id = new_id(),
                       .timeout_seconds = static_cast<std::uint32_t>(what.timeout.count()),
                       .execution_mode = what.machine.execution_mode});
  fault::point("workspace.exec.recorded");
  Cleanup retract([this, &running] {
    // It may have begun although nobody said so.
    kill(running->begun, running->vm_id);
    journal_.retract(running->begun);
  });
  const StopFd stop_fd(stop);
  const Deadline limit = std::min(deadline, Clock::now() + kGrace);
  auto agent = dial_agent(paths_, running->vm_id, limit, stop_fd);
  agent.call(wire::StartJob{.job_id = running->begun.job_id,
                            .command = what.command,
                            .cwd = what.cwd,
                            .environment = what.environment,
                            .timeout_ms = static_cast<std::uint64_t>(
                                std::chrono::milliseconds(what.timeout).count())},
             limit, stop_fd);
  retract.dismiss();
  const auto job = running->job;
  launch(std::move(running));
  return job;
}

void Jobs::adopt(const CommandRecord& command, const std::string& vm_id) {
  auto running = std::make_unique<Running>();
  running->begun = command;
  running->vm_id = vm_id;
  launch(std::move(running));
}

void Jobs::launch(std::unique_ptr<Running> running) {
  Running& one = *running;
  const std::lock_guard lock(mutex_);
  running_.push_back(std::move(running));
  one.thread = std::jthread([this, &one](const std::stop_token& stop) { record(one, stop); });
}

void Jobs::record(Running& running, const std::stop_token& stop) {
  CommandRecord command = running.begun;
  const log::Context context(command.workspace_id, "job");
  CommandOutput output;
  const StopFd stop_fd(stop);
  // The agent ends it in time; one that does not is not waited for.
  const Deadline limit = Clock::now() + std::chrono::seconds(command.timeout_seconds) + kGrace;
  const auto take = [&](const link::OutputPiece& piece) {
    (piece.stream == 1 ? output.stdout_text : output.stderr_text).append(piece.data);
    if (!running.live) {
      // Output moves a follower's deadline; without end, it would for good.
      if (Clock::now() > limit) throw deadline_exceeded("the guest does not end the command");
      return;
    }
    try {
      running.live->send(static_cast<std::uint32_t>(piece.stream), piece.data, limit, stop_fd);
    } catch (const Error&) {
      // Its caller went, or we do. The command goes on.
      running.live.reset();
    }
  };
  try {
    auto agent = dial_agent(paths_, running.vm_id, limit, stop_fd);
    const wire::Job ended =
        agent.follow(wire::FollowJob{.job_id = command.job_id}, take, limit, stop_fd);
    command.state =
        ended.state == wire::JobState::kRunning ? wire::JobState::kCancelled : ended.state;
    command.exit_code = ended.exit_code;
    command.duration_ms = ended.duration_ms;
    agent.call(wire::ForgetJob{.job_id = command.job_id}, Clock::now() + kGrace, stop_fd);
  } catch (const Error& error) {
    if (!stop.stop_requested() && command.state == wire::JobState::kRunning) {
      log::warn("command {} of workspace {} ended with its guest: {}", command.sequence,
                command.workspace_id, error.message());
      command.state = wire::JobState::kCancelled;
      command.duration_ms =
          static_cast<std::uint64_t>((now_epoch_seconds() - command.recorded_at) * 1000);
    }
  }
  running.live.reset();
  if (command.state != wire::JobState::kRunning) {
    fault::point("workspace.exec.ended");
    try {
      journal_.finish(command, output);
    } catch (const std::exception& error) {
      log::error("command {} of workspace {} is not recorded: {}", command.sequence,
                 command.workspace_id, error.what());
    }
    hooks_.ended(command.workspace_id);
  }
  running.job->end({command, std::move(output)});
  const std::lock_guard lock(mutex_);
  running.done = true;
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

void Jobs::kill(const CommandRecord& command, const std::string& vm_id) {
  try {
    const StopFd never({});
    const Deadline limit = Clock::now() + kGrace;
    dial_agent(paths_, vm_id, limit, never)
        .call(wire::SignalJob{.job_id = command.job_id, .signal = SIGKILL}, limit, never);
  } catch (const Error& error) {
    // Ended and forgotten just now, or with its guest.
    log::info("command {}: {}", command.sequence, error.message());
  }
}

void Jobs::cancel(const WorkspaceRecord& workspace, const std::shared_ptr<Job>& job) {
  std::optional<CommandRecord> command;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& running : running_) {
      if (running->job == job && !running->done) command = running->begun;
    }
  }
  if (command) kill(*command, workspace.vm_id);
  job->wait(Clock::now() + kGrace, {});
}

void Jobs::cancel_all(const WorkspaceRecord& workspace) {
  std::vector<std::shared_ptr<Job>> jobs;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& running : running_) {
      if (running->begun.workspace_id == workspace.id() && !running->done) {
        jobs.push_back(running->job);
      }
    }
  }
  for (const auto& job : jobs) cancel(workspace, job);
}

bool Jobs::any(const std::string& workspace_id) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(running_.begin(), running_.end(), [&](const auto& running) {
    return running->begun.workspace_id == workspace_id && !running->done;
  });
}

}  // namespace pyro::workspace
