#include "services/workspace/commands/commands.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/stack.h"
#include "common/base/reasons/workspace.h"
#include "common/base/text.h"
#include "common/guest/silent_guest.h"
#include "common/log/log.h"
#include "services/workspace/work_directory.h"

namespace pyro::workspace {
namespace {

void check_job_id(const std::string& job_id) {
  const bool fine = job_id.size() == new_id().size() &&
                    job_id.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!fine) throw invalid_argument("job_id must be 12 hex digits, not '{}'", job_id);
}

/// A character that is cut through comes whole with the next part, unless there is none.
void end_with_whole_character(OutputPart& part, bool running) {
  using Then = OutputPart::Then;
  if (part.then == Then::kMore || (part.then == Then::kEnd && running)) {
    part.data.resize(whole_characters(part.data));
  }
}

CommandPart with_whole_characters(CommandPart part) {
  end_with_whole_character(part.stdout_text, part.command.running());
  end_with_whole_character(part.stderr_text, part.command.running());
  return part;
}

/// There is more to read at once.
bool goes_on(const CommandPart& part) {
  return part.stdout_text.then != OutputPart::Then::kEnd ||
         part.stderr_text.then != OutputPart::Then::kEnd;
}

OutputPlace behind(const OutputPlace& from, const CommandPart& part) {
  return {from.stdout_offset + part.stdout_text.dropped + part.stdout_text.data.size(),
          from.stderr_offset + part.stderr_text.dropped + part.stderr_text.data.size()};
}

OutputPlace end_of(const CommandRecord& ended) { return {ended.stdout_bytes, ended.stderr_bytes}; }

/// Behind `read` bytes of a stream, as near to its end as leaves the newest of its `total`.
std::uint64_t near_end(std::uint64_t read, std::uint64_t total) {
  return std::max(read, total - std::min(total, api::kNewestBytes));
}

/// A character of UTF-8 is as long at most.
constexpr std::uint64_t kCharacterBytes = 4;

/// How much of what begins in the middle of a character belongs to that.
std::uint64_t rest_of_character(std::string_view text) {
  const auto begin = std::find_if(text.begin(), text.end(), begins_character);
  return begin == text.end() ? 0 : static_cast<std::uint64_t>(begin - text.begin());
}

/// Takes the beginning of a character off the end of what is printed so far; how many bytes.
std::uint64_t without_part(std::string& text) {
  const std::size_t whole = whole_characters(text);
  const std::size_t rest = text.size() - whole;
  text.resize(whole);
  return rest;
}

std::optional<std::uint64_t> if_any(std::uint64_t bytes) {
  return bytes > 0 ? std::optional(bytes) : std::nullopt;
}

/// Waits for a command's end, and tells the caller meanwhile where it stands. False when the
/// call's end or `limit` came first, or its guest is late with the end.
bool wait_for_end(const Job& job, Deadline limit, const bus::Call& call) {
  limit = std::min(limit, call.deadline());
  while (true) {
    const Deadline end = std::min(limit, job.latest_end());
    if (job.wait(std::min(end, Clock::now() + kLastLineInterval), call.stop())) return true;
    if (call.stop().stop_requested() || Clock::now() >= end) return false;
    call.progress({.phase = "exec", .message = job.last_line()});
  }
  return true;
}

/// Until its end or `limit`, or until the caller takes no more.
void pass_on(const std::shared_ptr<Job>& job, OutputSender& live, Deadline limit,
             const bus::Call& call) {
  Job::Reader reader(job);
  try {
    while (const auto piece = reader.next(limit, call.stop())) {
      live.send(piece->stream, piece->data);
    }
  } catch (const Error&) {
    // Its caller went, or the call is over. The command continues.
  }
}

Error silent_guest(const CommandRecord& command) {
  return with_way_out(
      deadline_exceeded(reason::kGuestSilent,
                        "the command was to end within {} s, and its guest does not say that it "
                        "has",
                        command.timeout_seconds));
}

api::WorkspaceExecResult result_of(const WorkspaceRecord& record, const CommandRecord& command) {
  api::WorkspaceExecResult result;
  api::assign_fields(result, record.workspace);
  api::assign_fields(result, command);
  result.duration_ms = command.elapsed_ms();
  return result;
}

}  // namespace

Commands::Commands(Registry& registry, const Paths& paths, Workspaces& workspaces,
                   Connections& connections, Secrets& secrets)
    : workspaces_(workspaces),
      secrets_(secrets),
      journal_(registry, paths),
      jobs_(paths, journal_, connections,
            {.recorded = [this](const std::string& id) { workspaces_.table().touch(id); },
             .done = [this] { workspaces_.expiry_changed(); }}) {
  workspaces_.add(*this);
  adopt();
}

std::optional<api::ConnectionMaker> Commands::maker(const WorkspaceRecord& record,
                                                    const std::string& job_id) const {
  const auto command = journal_.find(record, job_id);
  if (!command) return std::nullopt;
  return api::ConnectionMaker{.sequence = command->sequence};
}

void Commands::adopt() {
  for (const auto& command : journal_.running()) {
    const auto record = workspaces_.table().get(command.workspace_id);
    if (!record || record->session != command.session) continue;
    try {
      jobs_.adopt(command, record->vm_id, secrets_.redactor(*record));
    } catch (const Error& error) {
      log::error("command {} of workspace {}: {}", command.sequence, record->id(), error.message());
    }
  }
}

void Commands::describe(const WorkspaceRecord& record, api::Workspace& workspace) const {
  workspace.command_count = journal_.count(record);
  if (const auto last = journal_.recent(record, 1); !last.empty()) {
    workspace.last_command = last.front().summary();
  }
}

/// A command that was told to end has an exit status; one whose guest went has none. Not
/// unavailable, which says that an answer was lost and makes callers repeat what they asked.
Error Commands::why_ended(const WorkspaceRecord& record, const CommandRecord& command) const {
  const auto now = workspaces_.table().get(record.id());
  const bool by_us = command.exit_code || !now || now->session != record.session;
  if (by_us) {
    return failed_precondition(
        reason::kCommandEnded,
        "the command was ended: it was cancelled, or its workspace was stopped, reset or deleted");
  }
  return failed_precondition(reason::kGuestGone,
                             "the command was ended: backing guest process is no longer running");
}

Commands::Command Commands::known(const WorkspaceRecord& record, const std::string& job_id) const {
  if (auto job = jobs_.find(record, job_id)) return {job->command(), job};
  const auto command = journal_.find(record, job_id);
  return command ? Command{*command, nullptr} : Command{};
}

Commands::Command Commands::find(const Workspaces::Use& use, const WorkspaceRecord& record,
                                 const std::string& job_id, const bus::Call& call) const {
  Command command = known(record, job_id);
  if (!command.job && !command.record.job_id.empty() && command.record.running()) {
    // It is being started just now, or ended between the two looks: its starter has the turn.
    const auto turn = use.turns().begin(call.stop());
    command = known(record, job_id);
  }
  if (command.record.job_id.empty()) throw no_such_job(record.id(), job_id);
  return command;
}

Commands::Command Commands::start(const Workspaces::Use& use, const api::ExecWorkspace& request,
                                  const bus::Call& call) {
  // The turn is for the start alone: a running command holds up no other.
  const auto turn = use.turns().begin(call.stop());
  if (request.job_id) {
    const WorkspaceRecord record = workspaces_.table().find(request.workspace_id);
    const Command before = known(record, *request.job_id);
    const auto redactor = secrets_.redactor(record);
    const std::string shown = redactor ? redactor->redact(request.command) : request.command;
    if (!before.record.job_id.empty() && before.record.command != shown) {
      throw invalid_argument("job_id '{}' is another command's", *request.job_id);
    }
    if (!before.record.job_id.empty()) return before;
    if (request.first_called_at && record.session_started_at > *request.first_called_at) {
      throw failed_precondition(
          reason::kOvertaken,
          "workspace '{}' was reset while the answer of this command was lost: it may have run "
          "before the reset; call it again to run it in the fresh sandbox",
          request.workspace_id);
    }
  }
  const auto started = workspaces_.require_started(request.workspace_id,
                                                   api::ExecWorkspace::kMethod.name, call.work());
  if (request.guests_only && started.machine.execution_mode == api::ExecutionMode::kHostCompat) {
    throw failed_precondition(
        reason::kHostNotAllowed,
        "workspace '{}' runs on the host itself (host_compat), where this caller may run nothing",
        request.workspace_id);
  }
  // Before it runs: from then on it is the job that holds off the expiry.
  workspaces_.table().touch(request.workspace_id);
  const auto job = turn->run([&] {
    auto environment = secrets_.environment(started.record, started.machine, request.secret_env,
                                            call.work().stopped_by(turn->stop()));
    environment.merge(work_environment(started.machine));
    return jobs_.start({.workspace = started.record,
                        .machine = started.machine,
                        .command = request.command,
                        .cwd = work_directory(started.machine),
                        .environment = std::move(environment),
                        .redactor = secrets_.redactor(started.record),
                        .timeout = std::chrono::seconds(request.timeout_seconds),
                        .job_id = request.job_id.value_or(new_id())},
                       call, turn->stop());
  });
  return {job->command(), job};
}

api::WorkspaceExecResult Commands::handle(const api::ExecWorkspace& request, bus::Call& call) {
  if (request.job_id) check_job_id(*request.job_id);
  const Workspaces::Use use(workspaces_, request.workspace_id);
  // Before it runs: a caller that does not listen gets no command.
  std::optional<OutputSender> live;
  if (request.output_socket) live.emplace(*request.output_socket, call.work());
  const Command command = start(use, request, call);
  Deadline limit = call.deadline();
  if (request.answer_within_seconds) {
    limit = Clock::now() + std::chrono::seconds(*request.answer_within_seconds);
  }
  return workspaces_.about(request.workspace_id, answer(command, limit, live, call));
}

api::FoundExec Commands::handle(const api::FindExec& request, bus::Call&) {
  for (const auto& command : journal_.find_all(request.job_id)) {
    const auto record = workspaces_.table().get(command.workspace_id);
    if (record && record->session == command.session) {
      return {.workspace_id = record->id(), .job_id = command.job_id};
    }
  }
  throw not_found(
      reason::kJobMissing,
      "job '{}' does not exist: the logs of a workspace name those since its last reset",
      request.job_id);
}

api::WorkspaceExecResult Commands::handle(const api::AttachExec& request, bus::Call& call) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  std::optional<OutputSender> live;
  try {
    if (request.output_socket) live.emplace(*request.output_socket, call.work());
  } catch (const Error&) {
    // The bus has repeated the call, whose first output went with the service that sent it.
    throw unavailable(reason::kAnswerLost, "the output broke off, since the service was restarted");
  }
  const WorkspaceRecord record = workspaces_.table().find(request.workspace_id);
  return workspaces_.about(request.workspace_id, answer(find(use, record, request.job_id, call),
                                                        call.deadline(), live, call));
}

/// The reply to a command's caller: its end, or by `limit` its state so far.
api::WorkspaceExecResult Commands::answer(const Command& command, Deadline limit,
                                          std::optional<OutputSender>& live,
                                          const bus::Call& call) {
  const WorkspaceRecord record = workspaces_.table().find(command.record.workspace_id);
  if (!command.job) return ended_before(record, command.record, live);
  // The passed output is its own progress.
  if (live) pass_on(command.job, *live, limit, call);
  if (!wait_for_end(*command.job, limit, call)) {
    if (call.cancelled_by_caller()) {
      jobs_.cancel(record, command.job);
      throw cancelled("the command was cancelled");
    }
    if (Clock::now() >= call.deadline()) {
      throw deadline_exceeded(reason::kStillRunning,
                              "the call's time is over; the command continues: see the logs");
    }
    // A caller that vanished, or a service that ends, has not asked for the command's end.
    if (call.stop().stop_requested()) {
      throw cancelled(reason::kStillRunning,
                      "no caller waits for the command any more; it continues");
    }
    if (Clock::now() >= command.job->latest_end()) throw silent_guest(command.record);
    return so_far(record, command);
  }
  const CommandRecord ended = command.job->command();
  if (ended.running() && !journal_.find(record, ended.job_id)) {
    throw unavailable(reason::kNotBegun,
                      "the command had not begun when its start broke off: call again");
  }
  if (ended.running()) throw cancelled("the service ends");
  if (ended.state == api::JobState::kCancelled && !command.job->cancel_asked()) {
    throw why_ended(record, ended);
  }
  if (ended.state == api::JobState::kTimedOut && !ended.exit_code) throw silent_guest(ended);
  api::WorkspaceExecResult result = result_of(record, ended);
  if (live) return result;
  const CommandOutput output = command.job->output();
  result.stdout_text = output.stdout_text.text();
  result.stderr_text = output.stderr_text.text();
  return result;
}

api::WorkspaceExecResult Commands::ended_before(const WorkspaceRecord& record,
                                                const CommandRecord& command,
                                                std::optional<OutputSender>& live) const {
  api::WorkspaceExecResult result = result_of(record, command);
  CommandText text = journal_.text(command);
  if (live) {
    live->send(1, text.stdout_text);
    live->send(2, text.stderr_text);
    return result;
  }
  result.stdout_text = std::move(text.stdout_text);
  result.stderr_text = std::move(text.stderr_text);
  return result;
}

api::WorkspaceExecResult Commands::so_far(const WorkspaceRecord& record, const Command& command) {
  const CommandOutput output = command.job->output();
  api::WorkspaceExecResult result = result_of(record, command.record);
  CommandText text{output.stdout_text.text(), output.stderr_text.text()};
  const OutputPlace end{output.stdout_text.shape().total - without_part(text.stdout_text),
                        output.stderr_text.shape().total - without_part(text.stderr_text)};
  try {
    result.cursor = journal_.cursor_of(command.record, end);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNotFound) throw;
    // This answer is the way back to the command: all of its output is read from there.
    log::warn("command {} of workspace {}: {}", command.record.sequence, record.id(),
              error.message());
    result.cursor = 0;
    return result;
  }
  result.stdout_text = std::move(text.stdout_text);
  result.stderr_text = std::move(text.stderr_text);
  result.stdout_truncated = output.stdout_text.truncated();
  result.stderr_truncated = output.stderr_text.truncated();
  return result;
}

api::ExecPoll Commands::handle(const api::PollExec& request, bus::Call& call) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const WorkspaceRecord record = workspaces_.table().find(request.workspace_id);
  const Command command = find(use, record, request.job_id, call);
  const OutputPlace from = journal_.place_of(command.record, request.cursor);
  const auto read = [&](const OutputPlace& place, std::uint64_t bytes) {
    return command.job ? command.job->read(place, bytes)
                       : journal_.read(command.record, place, bytes);
  };
  CommandPart part = with_whole_characters(read(from, request.page_bytes));
  if (command.job && !goes_on(part)) {
    wait_for_end(*command.job, Clock::now() + std::chrono::seconds(request.wait_seconds), call);
    part = with_whole_characters(read(from, request.page_bytes));
  }
  const OutputPlace next = behind(from, part);
  std::optional<std::uint64_t> newest;
  if (goes_on(part)) {
    const OutputPlace end = command.job ? command.job->place() : end_of(command.record);
    OutputPlace place{near_end(next.stdout_offset, end.stdout_offset),
                      near_end(next.stderr_offset, end.stderr_offset)};
    const CommandPart first = read(place, kCharacterBytes);
    place.stdout_offset += rest_of_character(first.stdout_text.data);
    place.stderr_offset += rest_of_character(first.stderr_text.data);
    newest = journal_.cursor_of(command.record, place);
  }
  api::ExecPoll poll{.job_id = request.job_id,
                     .state = part.command.state,
                     .cursor = request.cursor,
                     .next_cursor = journal_.cursor_of(command.record, next),
                     .stdout_text = std::move(part.stdout_text.data),
                     .stderr_text = std::move(part.stderr_text.data),
                     .stdout_dropped = if_any(part.stdout_text.dropped),
                     .stderr_dropped = if_any(part.stderr_text.dropped),
                     .more = goes_on(part),
                     .newest_cursor = newest,
                     .exit_code = part.command.exit_code,
                     .killed_by = part.command.killed_by,
                     .likely_cause = part.command.likely_cause,
                     .egress_denied = part.command.egress_denied,
                     .duration_ms = part.command.elapsed_ms(),
                     .sequence = part.command.sequence,
                     .command = part.command.command};
  return workspaces_.about(request.workspace_id, std::move(poll));
}

api::CancelledExec Commands::handle(const api::CancelExec& request, bus::Call& call) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const WorkspaceRecord record = workspaces_.table().find(request.workspace_id);
  const Command command = find(use, record, request.job_id, call);
  CommandRecord now = command.record;
  api::agent::EndedLeft left;
  if (command.job) {
    jobs_.cancel(record, command.job);
    now = command.job->command();
  } else {
    left = jobs_.end_left(now, record.vm_id);
  }
  if (now.running() || !left.gone) {
    throw deadline_exceeded(reason::kStillRunning,
                            "the guest has not ended all of the command yet: cancel it again, or "
                            "stop the workspace; a start "
                            "brings it back with its files");
  }
  return workspaces_.about(
      request.workspace_id,
      api::CancelledExec{.job_id = request.job_id, .state = now.state, .left_ended = left.any});
}

api::WorkspaceLog Commands::handle(const api::WorkspaceLogs& request, bus::Call&) {
  const WorkspaceRecord record = workspaces_.find(request.workspace_id);
  const auto printed = [&](const CommandRecord& command) -> std::optional<CommandOutput> {
    const auto job = jobs_.find(record, command.job_id);
    return job ? std::optional(job->output()) : std::nullopt;
  };
  return workspaces_.about(request.workspace_id, journal_.log(record, printed, request.offset));
}

}  // namespace pyro::workspace
