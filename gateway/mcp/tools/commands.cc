#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/reasons/stack.h"
#include "common/network/denied_text.h"
#include "common/process/wait.h"
#include "gateway/mcp/tools/nouns.h"
#include "gateway/mcp/tools/pages.h"
#include "gateway/mcp/tools/results.h"
#include "gateway/mcp/tools/tool_row.h"

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
          fmt::format("{}; the command may still run: call workspace_exec_poll with job_id {}",
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
api::WorkspaceExecResult exec(const Caller& caller, const api::ExecWorkspace& asked) {
  api::ExecWorkspace request = asked;
  std::optional<Deadline> give_up;
  const double called_at = now_epoch_seconds();
  const Deadline answer = Clock::now() + kAnswerWithin;
  request.job_id = new_id();
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(answer - Clock::now()).count();
    request.answer_within_seconds = static_cast<std::uint32_t>(std::max<std::int64_t>(left, 0));
    try {
      return caller.client.call(request, caller.options);
    } catch (const Error& error) {
      const bool is_lost = error.code() == ErrorCode::kUnavailable;
      const bool stopped = caller.options.stop.stop_requested();
      if (is_lost && !give_up) {
        give_up = std::min(Clock::now() + kRepeatFor, answer + kMostOver);
        request.first_called_at = called_at;
      }
      if (give_up && stopped) cancel(caller.client, request, *give_up);
      if (!is_lost || stopped) throw;
      if (Clock::now() >= *give_up) throw lost(error, *request.job_id);
    }
    sleep_unless_stopped(kPause, caller.options.stop);
  }
}

/// Of each stream of a command in a history.
constexpr std::size_t kMostLogged = 1000;
/// Of an answer's characters those that both streams of a page take.
constexpr std::uint64_t kMostPolled = 20'000;

/// A page that takes many more characters than bytes is asked for again, shorter: reading consumes
/// nothing.
api::ExecPoll poll(const Caller& caller, const api::PollExec& asked) {
  api::PollExec request = asked;
  for (;;) {
    auto page = caller.client.call(request, caller.options);
    const std::uint64_t size = shown_size(page.stdout_text) + shown_size(page.stderr_text);
    if (size <= kMostPolled || request.page_bytes == 1) return page;
    request.page_bytes /= 2;
    request.wait_seconds = 0;
  }
}

/// Else models try to get round it.
void tell_of_denials(const std::string& workspace_id, Json& reply) {
  std::vector<api::EgressDenied> denied;
  for (const Json& one : reply["egress_denied"]) {
    denied.push_back({.name = one["name"].get<std::string>(),
                      .address = one["address"].get<std::string>(),
                      .port = one["port"].get<std::uint32_t>(),
                      .reason = one["reason"].get<std::string>()});
  }
  if (!denied.empty()) add_hint(reply, network::denied_text(workspace_id, denied));
}

void tell_how_to_go_on(const Toolbox&, const api::ExecWorkspace& request, Json& reply, bool cut) {
  tell_of_denials(request.workspace_id, reply);
  const std::string id = reply["job_id"].get<std::string>();
  if (reply["state"] == api::name_of(api::JobState::kRunning)) {
    add_hint(reply,
             fmt::format("It is still running: call workspace_exec_poll with job_id {} and "
                         "cursor {}.{}",
                         id, reply["cursor"].dump(),
                         cut ? " Its output so far was cut in the middle: cursor 0 returns all "
                               "of it, one page per call."
                             : ""));
  } else if (cut) {
    add_hint(reply, fmt::format("Output was cut in the middle: workspace_exec_poll with job_id "
                                "{} and cursor 0 returns all of it, one page per call.",
                                id));
  }
}

void tell_next_cursor(const Toolbox&, const api::PollExec& request, Json& reply, bool) {
  tell_of_denials(request.workspace_id, reply);
  const bool running = reply["state"] == api::name_of(api::JobState::kRunning);
  if (!running && !reply["more"].get<bool>()) return;
  const std::string next = reply["next_cursor"].dump();
  if (!reply["more"].get<bool>()) {
    return add_hint(
        reply, fmt::format("It is still running: call workspace_exec_poll with cursor {}.", next));
  }
  add_hint(reply, fmt::format("{}There is more output: call workspace_exec_poll with cursor {} to "
                              "continue, or with cursor {} to skip to the newest.",
                              running ? "It is still running. " : "", next,
                              reply["newest_cursor"].dump()));
}

/// The user's own workspace may be one that runs on the host.
void guests_only(const Toolbox& box, api::ExecWorkspace& request) {
  request.guests_only = !box.options.allow_host_compat;
}

}  // namespace

std::vector<ToolRow> command_tools() {
  return {
      {.operation = operation<api::ExecWorkspace>(
           {.check = guests_only, .call = exec, .finish = tell_how_to_go_on}),
       .name = "workspace_exec",
       .effect = Effect::kChanges,
       .title = "Run a command in a workspace",
       .text = "Runs a shell command as root in /workspace. Returns exit_code, stdout and stderr "
               "(long output cut in the middle). After timeout_seconds it is killed (exit_code "
               "124): raise it for builds and tests. A command that still runs after 45 s "
               "returns state running and a job_id and continues: follow it with "
               "workspace_exec_poll. Background processes survive; other calls can run at the "
               "same time.",
       // Its message names the call that finds the command again.
       .steps = {{.reason = reason::kAnswerLost}},
       .full_schemas_only = {"secret_env"}},
      {.operation = operation<api::PollExec>(
           {.call = poll, .most_text = kMostPolled, .finish = tell_next_cursor}),
       .name = "workspace_exec_poll",
       .effect = Effect::kReads,
       .title = "Follow a running command",
       .text = "Waits up to wait_seconds for a command to end and returns its output since "
               "cursor. While state is running, call again with cursor = next_cursor. While more "
               "is true there is more to read at once; cursor = newest_cursor skips to its end. "
               "Reading consumes nothing: cursor 0 reads from the beginning, also after its end."},
      {.operation = operation<api::CancelExec>(),
       .name = "workspace_exec_cancel",
       .effect = Effect::kChanges,
       .title = "End a running command",
       .text = "Ends a running command with all its processes and keeps its output. Returns its "
               "state. A command that has ended does not change."},
  };
}

std::vector<ToolRow> history_tools() {
  return {
      {.operation = operation<api::WorkspaceLogs>(
           {.most_text = kMostLogged,
            .finish = [](const Toolbox&, const api::WorkspaceLogs& request, Json& reply,
                         bool cut) { page_logs(request, reply, cut); }}),
       .name = "workspace_logs",
       .effect = Effect::kReads,
       .title = "Read the command history",
       .text = "Returns the commands since the last reset with exit_code, stdout and stderr "
               "(long output cut in the middle; workspace_exec_poll with the entry's job_id "
               "gives all of it): the latest, or those from offset on. Running commands are "
               "included."},
  };
}

}  // namespace pyro::mcp
