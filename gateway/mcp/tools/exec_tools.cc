#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/process/wait.h"
#include "gateway/mcp/tools/operation_tool.h"
#include "gateway/mcp/tools/workspace_tools.h"

namespace pyro::mcp {
namespace {

/// Hosts give a call up after 60 s (OpenCode) and more.
constexpr std::chrono::seconds kAnswerWithin{45};
/// For how long a call whose answer was lost is repeated, from the first loss on, and at most
/// beyond the time of its answer.
constexpr std::chrono::seconds kRepeatFor{20};
constexpr std::chrono::seconds kMostOver{10};
/// Between two of them: a stack that cannot be reached says so at once.
constexpr std::chrono::milliseconds kPause{200};

Error lost(const Error& error, const std::string& job_id) {
  return {error.code(), reason::kAnswerLost,
          fmt::format("{}; the command may go on: call workspace_exec_poll with job_id {}",
                      error.message(), job_id)};
}

/// For a caller that cancelled while nobody may have heard it. A command that is unknown did not
/// begin, or is gone with its sandbox.
void cancel(Client& client, const api::ExecWorkspace& request, Deadline give_up) {
  do {
    try {
      client.call(api::CancelExec{.workspace_id = request.workspace_id, .job_id = *request.job_id});
      return;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kNotFound) return;
    }
    sleep_unless_stopped(kPause, {});
  } while (Clock::now() < give_up);
}

/// The same id finds the command again, so that a service which was killed meanwhile costs nothing.
api::WorkspaceExecResult exec(Client& client, api::ExecWorkspace request,
                              const CallOptions& options) {
  std::optional<Deadline> give_up;
  const double called_at = now_epoch_seconds();
  const Deadline answer = Clock::now() + kAnswerWithin;
  request.job_id = new_id();
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(answer - Clock::now()).count();
    request.answer_within_seconds = static_cast<std::uint32_t>(std::max<std::int64_t>(left, 0));
    try {
      return client.call(request, options);
    } catch (const Error& error) {
      const bool is_lost = error.code() == ErrorCode::kUnavailable;
      const bool stopped = options.stop.stop_requested();
      if (is_lost && !give_up) {
        give_up = std::min(Clock::now() + kRepeatFor, answer + kMostOver);
        request.first_called_at = called_at;
      }
      if (give_up && stopped) cancel(client, request, *give_up);
      if (!is_lost || stopped) throw;
      if (Clock::now() >= *give_up) throw lost(error, *request.job_id);
    }
    sleep_unless_stopped(kPause, options.stop);
  }
}

void tell_how_to_go_on(const api::ExecWorkspace&, Json& reply, bool cut) {
  const std::string id = reply["job_id"].get<std::string>();
  if (reply["state"] == api::name_of(api::JobState::kRunning)) {
    add_hint(reply,
             fmt::format("It goes on: call workspace_exec_poll with job_id {} and cursor {}.{}", id,
                         reply["cursor"].dump(),
                         cut ? " What it has printed so far was cut in the middle: cursor 0 gives "
                               "all of it, a page a call."
                             : ""));
  } else if (cut) {
    add_hint(reply, fmt::format("Output was cut in the middle: workspace_exec_poll with job_id {} "
                                "and cursor 0 gives all of it, a page a call.",
                                id));
  }
}

void tell_next_cursor(const api::PollExec&, Json& reply, bool) {
  const bool running = reply["state"] == api::name_of(api::JobState::kRunning);
  if (!running && !reply["more"].get<bool>()) return;
  const std::string next = reply["next_cursor"].dump();
  if (!reply["more"].get<bool>()) {
    return add_hint(reply,
                    fmt::format("It still runs: call workspace_exec_poll with cursor {}.", next));
  }
  add_hint(reply,
           fmt::format("{}There is more output: call workspace_exec_poll with cursor {} to "
                       "read on, or with cursor {} to skip to the newest.",
                       running ? "It still runs. " : "", next, reply["newest_cursor"].dump()));
}

}  // namespace

void add_exec_tools(const std::shared_ptr<const Toolbox>& box, std::vector<Tool>& tools) {
  Steps<api::ExecWorkspace> steps;
  steps.call = [box](const api::ExecWorkspace& request, const CallOptions& options) {
    return exec(box->backend.client(), request, options);
  };
  // A person's own workspace may be one that runs on the host.
  steps.check = [box](api::ExecWorkspace& request) {
    request.guests_only = !box->options.allow_host_compat;
  };
  steps.finish = tell_how_to_go_on;
  add_tool(box, tools, "workspace_exec", Effect::kChanges, std::move(steps));
  add_tool<api::PollExec>(box, tools, "workspace_exec_poll", Effect::kReads,
                          {.finish = tell_next_cursor});
  add_tool<api::CancelExec>(box, tools, "workspace_exec_cancel", Effect::kChanges);
}

}  // namespace pyro::mcp
