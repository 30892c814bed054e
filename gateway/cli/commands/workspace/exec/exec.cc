#include "gateway/cli/commands/workspace/exec/exec.h"

#include <memory>
#include <string>

#include "common/base/random.h"
#include "gateway/cli/commands/workspace/secret_options.h"
#include "gateway/cli/guest/guest_command.h"
#include "gateway/cli/request_options.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

constexpr std::chrono::seconds kLookLimit{15};

/// The state of a command whose call was lost, and how to return to it; "" without a way back.
std::string way_back(Session& session, const std::string& workspace_id, const std::string& job_id) {
  const std::string attach = "pyro workspace exec --attach " + job_id;
  try {
    const auto now = session.client().poll_workspace_exec(
        {.workspace_id = workspace_id, .job_id = job_id, .wait_seconds = 0},
        {.limit = kLookLimit, .stop = session.signals().token()});
    if (now.state == api::JobState::kRunning) return "; the command still runs: " + attach;
    if (now.state == api::JobState::kCancelled) return "";
    return "; the command has ended, and its result is kept: " + attach;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNotFound) return "";
    return "; the command may still run: " + attach;
  }
}

/// Ctrl-C ends the command, even if the service was away when it came.
void end_command(Session& session, const std::string& workspace_id, const std::string& job_id) {
  try {
    session.client().cancel_workspace_exec({.workspace_id = workspace_id, .job_id = job_id},
                                           {.limit = kLookLimit});
  } catch (const Error&) {
    // It never began, or it continues, as after a kill of this process.
  }
}

/// Shows the command to its end. It outlives the call, which a killed service loses.
template <api::Operation Op>
int show_command(Session& session, const Op& request, const std::string& job_id) {
  try {
    return run_guest_command(session, request);
  } catch (const Error& error) {
    if (session.signals().token().stop_requested()) {
      end_command(session, request.workspace_id, job_id);
    }
    const bool lost =
        error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kDeadlineExceeded;
    if (!lost) throw;
    session.progress().finish();
    throw Error(error.code(), error.reason(),
                error.message() + way_back(session, request.workspace_id, job_id));
  }
}

}  // namespace

void add_workspace_exec(CliCommand& workspace, Session& session) {
  auto& command = workspace.add_command("exec", "Run a command in a workspace");
  command.footer =
      "Examples:\n"
      "  pyro workspace exec 0123456789ab -- git status\n"
      "  pyro workspace exec 0123456789ab --timeout-seconds 600 -- sh -c 'make && ./test'\n"
      "  pyro workspace exec 0123456789ab --secret-env TOKEN=github_token -- ./release.sh\n"
      "  pyro workspace exec 0123456789ab --json -- uname -a\n"
      "  pyro workspace exec --attach ba9876543210\n\n"
      "The command starts in /workspace. The exit status is the command's own; 124 when it ran\n"
      "out of time. Ctrl-C ends the command, an attached one too, but not the workspace. If this\n"
      "process is killed, the command continues: `pyro workspace logs` names its job, and "
      "--attach\n"
      "shows it from its beginning.";
  auto request = std::make_shared<api::ExecWorkspace>();
  auto job = std::make_shared<std::string>();
  add_request_options(command, *request, {"command"});
  add_secret_env_option(command, request->secret_env);
  const Option& attach =
      command.add({.name = "--attach",
                   .help = "Show this job until it ends; takes no command and needs no workspace",
                   .value_name = "JOB"},
                  *job);
  const Option& timeout = *command.find_option("--timeout-seconds");
  Option& id = *command.find_option("WORKSPACE_ID");
  id.replaced_by = &attach;
  add_json_flag(command, session);
  command.words_example = "pyro workspace exec 0123456789ab -- git status";
  command.action = [&session, &command, &attach, &timeout, &id, request, job] {
    if (attach.count == 0) {
      request->command = guest_command(command);
      request->job_id = new_id();
      return show_command(session, *request, *request->job_id);
    }
    if (command.words) {
      throw UsageError("--attach shows an existing job: give no command after --");
    }
    if (timeout.count > 0) throw UsageError("--attach and --timeout-seconds exclude each other");
    if (id.count == 0) {
      request->workspace_id = session.call(api::FindExec{.job_id = *job}).workspace_id;
    }
    return show_command(
        session, api::AttachExec{.workspace_id = request->workspace_id, .job_id = *job}, *job);
  };
}

}  // namespace pyro::cli
