#include "services/workspace/jobs.h"

#include <signal.h>

#include <algorithm>

#include "common/base/clock.h"
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
/// For how long a reader may leave a command's output where it is.
constexpr std::chrono::hours kLongestPause{24};
constexpr int kFollowTries = 3;

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
  const StopFd stop_fd(stop);
  const Deadline limit = std::min(deadline, Clock::now() + kGrace);
  try {
    running->agent = dial_agent(paths_, running->vm_id, limit, stop_fd);
    running->agent->call(wire::StartJob{.job_id = running->begun.job_id,
                                        .command = what.command,
                                        .cwd = what.cwd,
                                        .environment = what.environment,
                                        .timeout_ms = static_cast<std::uint64_t>(
                                            std::chrono::milliseconds(what.timeout).count())},
                         limit, stop_fd);
  } catch (const Error&) {
    // It may have begun although nobody said so.
    kill(running->begun, running->vm_id);
    journal_.retract(running->begun);
    throw;
  }
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

/// Follows the job to its end, from its beginning. Throws when the guest is lost on the way.
wire::Job Jobs::follow(Running& running, CommandOutput& output, const StopFd& stop) {
  const CommandRecord& command = running.begun;
  // The agent ends it in time; one that does not is not waited for.
  const auto own_time = std::chrono::seconds(command.timeout_seconds) + kGrace;
  Deadline limit = Clock::now() + own_time;
  const auto take = [&](const link::OutputPiece& piece) {
    CapturedOutput& stream = piece.stream == 1 ? output.stdout_text : output.stderr_text;
    stream.skip(piece.dropped);
    stream.append(piece.data);
    if (!running.live) {
      // Output moves a follower's deadline; without end, it would for good.
      if (Clock::now() > limit) throw deadline_exceeded("the guest does not end the command");
      return;
    }
    try {
      // As long as its reader likes: the command waits with it.
      running.live->send(static_cast<std::uint32_t>(piece.stream), piece.data,
                         Clock::now() + kLongestPause, stop);
    } catch (const Error&) {
      // Its caller went, or we do. The command goes on.
      running.live.reset();
    }
    limit = Clock::now() + own_time;
  };
  if (!running.agent) running.agent = dial_agent(paths_, running.vm_id, limit, stop);
  const wire::Job ended =
      running.agent->follow(wire::FollowJob{.job_id = command.job_id}, take, limit, stop);
  running.agent->call(wire::ForgetJob{.job_id = command.job_id}, Clock::now() + kGrace, stop);
  return ended;
}

/// A link that was slow on a busy host is tried again; one that is gone is so at once.
std::optional<wire::Job> Jobs::follow_to_end(Running& running, CommandOutput& output,
                                             const std::stop_token& stop) {
  const StopFd stop_fd(stop);
  for (int attempt = 1;; ++attempt) {
    try {
      return follow(running, output, stop_fd);
    } catch (const std::exception& error) {
      if (stop.stop_requested()) return std::nullopt;
      log::warn("command {} of workspace {}, try {}: {}", running.begun.sequence,
                running.begun.workspace_id, attempt, error.what());
      if (attempt == kFollowTries) break;
    }
    // From the beginning again: who has seen a part of it cannot have it twice.
    running.agent.reset();
    running.live.reset();
    output = {};
  }
  kill(running.begun, running.vm_id);
  return wire::Job{.state = wire::JobState::kCancelled,
                   .duration_ms = static_cast<std::uint64_t>(
                       (now_epoch_seconds() - running.begun.recorded_at) * 1000)};
}

void Jobs::record(Running& running, const std::stop_token& stop) {
  CommandRecord command = running.begun;
  const log::Context context(command.workspace_id, "job");
  CommandOutput output;
  const auto ended = follow_to_end(running, output, stop);
  running.live.reset();
  if (ended) {
    command.state = ended->state;
    command.exit_code = ended->exit_code;
    command.duration_ms = ended->duration_ms;
    fault::point("workspace.exec.ended");
    try {
      journal_.finish(command, output);
    } catch (const std::exception& error) {
      log::error("command {} of workspace {} is not recorded: {}", command.sequence,
                 command.workspace_id, error.what());
    }
  }
  running.job->end({command, std::move(output)});
  {
    const std::lock_guard lock(mutex_);
    running.done = true;
    running.job.reset();
  }
  if (!ended) return;
  try {
    hooks_.ended(command.workspace_id);
  } catch (const std::exception& error) {
    log::error("workspace {}: {}", command.workspace_id, error.what());
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
    if (Clock::now() < limit) kill(command, workspace.vm_id);
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
