#include "common/base/error.h"
#include "services/workspace/workspaces.h"

/// What workspaces do with commands. Those that run are in jobs.h, their history in journal.h.
namespace pyro::workspace {
namespace {

/// Where commands start, and their HOME. On the host without a sandbox neither is at its place.
std::string directory_of(const api::Machine& machine) {
  const auto elsewhere = machine.metadata.find("workspace_dir");
  return elsewhere == machine.metadata.end() ? "/workspace" : elsewhere->second;
}
std::map<std::string, std::string> environment_of(const api::Machine& machine) {
  const auto home = machine.metadata.find("home_dir");
  if (home == machine.metadata.end()) return {};
  return {{"HOME", home->second}};
}

}  // namespace

/// A command that was told to end has an exit status; one whose guest went has none.
Error Workspaces::why_ended(const Started& started, const CommandRecord& command) const {
  const auto now = table_.get(started.record.id());
  const bool by_us = command.exit_code || !now || now->session != started.record.session;
  return unavailable("the command was ended: {}",
                     by_us ? "its workspace was stopped, reset or deleted"
                           : "backing guest process is no longer running");
}

api::WorkspaceExecResult Workspaces::exec(const api::ExecWorkspace& request,
                                          const bus::Call& call) {
  const Use use(*this, request.workspace_id);
  std::unique_ptr<OutputSender> live;
  if (request.output_socket) live = std::make_unique<OutputSender>(*request.output_socket);
  Started started;
  std::shared_ptr<Job> job;
  {
    // The turn is for the start alone: what runs holds up nobody.
    const auto turn = use.live().turns.begin(call.stop());
    started = require_started(request.workspace_id, api::ExecWorkspace::kMethod.name,
                              bus::CallOptions::within(call));
    // Before it runs: from then on it is the job that holds off the expiry.
    table_.touch(request.workspace_id);
    job = turn->run([&] {
      return jobs_->start({.workspace = started.record,
                           .machine = started.machine,
                           .command = request.command,
                           .cwd = directory_of(started.machine),
                           .environment = environment_of(started.machine),
                           .timeout = std::chrono::seconds(request.timeout_seconds),
                           .live = std::move(live)},
                          call.deadline(), turn->stop());
    });
  }
  const auto outcome = job->wait(call.deadline(), call.stop());
  if (!outcome && call.cancelled_by_caller()) {
    jobs_->cancel(started.record, job);
    throw cancelled("the command was cancelled");
  }
  if (!outcome && Clock::now() >= call.deadline()) {
    throw deadline_exceeded("the call's time is over; the command goes on: see the logs");
  }
  // A caller that vanished, or a service that ends, has not asked for the command's end.
  if (!outcome) throw cancelled("nobody waits for the command any more; it goes on");
  const CommandRecord& command = outcome->command;
  if (command.state == api::agent::JobState::kRunning) throw cancelled("the service ends");
  if (command.state == api::agent::JobState::kCancelled) throw why_ended(started, command);
  const api::Workspace& workspace = started.record.workspace;
  api::WorkspaceExecResult result{.workspace_id = started.record.id(),
                                  .environment = workspace.environment,
                                  .environment_version = workspace.environment_version,
                                  .command = command.command,
                                  .stdout_truncated = command.stdout_truncated,
                                  .stderr_truncated = command.stderr_truncated,
                                  .exit_code = command.exit_code.value_or(-1),
                                  .duration_ms = command.duration_ms,
                                  .execution_mode = command.execution_mode,
                                  .sequence = command.sequence,
                                  .cwd = command.cwd};
  if (!request.output_socket) {
    result.stdout_text = outcome->output.stdout_text.text();
    result.stderr_text = outcome->output.stderr_text.text();
  }
  return result;
}

api::WorkspaceLog Workspaces::log(const std::string& workspace_id) {
  return journal_.log(find(workspace_id));
}

}  // namespace pyro::workspace
