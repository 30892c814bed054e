#include "common/base/random.h"
#include "gateway/cli/commands/workspace/workspace_commands.h"
#include "gateway/cli/guest_command.h"

namespace pyro::cli {
namespace {

constexpr std::chrono::seconds kLookLimit{15};

/// What became of a command whose call was lost, and the way back to it, or "" when there is none.
std::string way_back(Session& session, const std::string& workspace_id, const std::string& job_id) {
  const std::string attach = "pyro workspace exec --attach " + job_id;
  try {
    const auto now = session.client().poll_workspace_exec(
        {.workspace_id = workspace_id, .job_id = job_id, .wait_seconds = 0},
        {.limit = kLookLimit, .stop = session.signals().token()});
    if (now.state == api::JobState::kRunning) return "; the command goes on: " + attach;
    if (now.state == api::JobState::kCancelled) return "";
    return "; the command has ended meanwhile, and its result is kept: " + attach;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNotFound) return "";
    return "; the command may go on: " + attach;
  }
}

/// Ctrl-C ends the command, also where the service that was to hear of it was away.
void end_command(Session& session, const std::string& workspace_id, const std::string& job_id) {
  try {
    session.client().cancel_workspace_exec({.workspace_id = workspace_id, .job_id = job_id},
                                           {.limit = kLookLimit});
  } catch (const Error&) {
    // It never began, or goes on as it does where this process is killed.
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

void add_workspace_exec(CLI::App& workspace, Session& session) {
  auto* command = workspace.add_subcommand("exec", "Run a command in a workspace");
  command->footer(
      "Examples:\n"
      "  pyro workspace exec 0123456789ab -- git status\n"
      "  pyro workspace exec 0123456789ab --timeout-seconds 600 -- sh -c 'make && ./test'\n"
      "  pyro workspace exec 0123456789ab --json -- uname -a\n"
      "  pyro workspace exec --attach ba9876543210\n\n"
      "It begins in /workspace. The exit status is the command's own; 124 when it ran out of "
      "time.\n"
      "Ctrl-C ends the command, also an attached one; the workspace stays. The command goes on "
      "when this\nprocess is killed: `pyro workspace logs` names its job, and --attach shows it "
      "from its beginning.");
  auto request = std::make_shared<api::ExecWorkspace>();
  auto attach = std::make_shared<std::string>();
  api::add_options(*command, *request, {"command"});
  auto* const id = command->get_option("WORKSPACE_ID");
  command
      ->add_option_function<std::string>(
          "--attach",
          [attach, id](const std::string& job) {
            *attach = job;
            id->required(false);
          },
          "Show this job to its end instead of a new command; its workspace need not be named.")
      ->type_name("JOB");
  add_json_flag(*command, session);
  add_guest_command(*command, session, "pyro workspace exec 0123456789ab -- git status");
  command->callback([&session, command, request, attach, id] {
    session.action = [&session, command, request, attach, id] {
      if (command->count("--attach") > 0) {
        if (session.words) {
          throw UsageError("--attach shows a job that there is: give no command after --");
        }
        if (command->count("--timeout-seconds") > 0) {
          throw UsageError("--attach and --timeout-seconds exclude each other");
        }
        if (id->count() == 0) {
          request->workspace_id = session.call(api::FindExec{.job_id = *attach}).workspace_id;
        }
        return show_command(
            session, api::AttachExec{.workspace_id = request->workspace_id, .job_id = *attach},
            *attach);
      }
      request->command = guest_command(*command, session);
      request->job_id = new_id();
      return show_command(session, *request, *request->job_id);
    };
  });
}

}  // namespace pyro::cli
