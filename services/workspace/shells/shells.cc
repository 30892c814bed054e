#include "services/workspace/shells/shells.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/reasons/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/workspace.h"
#include "common/base/text.h"
#include "common/fault/fault.h"
#include "common/log/log.h"
#include "common/secrets/redacted_message.h"
#include "common/secrets/redacting_stream.h"
#include "common/stream/output_sender.h"
#include "services/workspace/shells/screen.h"
#include "services/workspace/shells/shell_text.h"
#include "services/workspace/work_directory.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;

constexpr std::string_view kShellOperations = "shell operations";
/// Beyond what a read waits, or a close grants.
constexpr std::chrono::seconds kShellGrace{15};
constexpr std::chrono::seconds kBeyondIdle{10};
constexpr std::uint64_t kCharacterBytes = 4;
/// What tells whether the last of those belong to a secret.
constexpr std::uint64_t kDecidedWith = 2 * kLongestSecretForm;
/// In one look for a place that is further on.
constexpr std::uint64_t kMostLooked = 8U << 20U;
/// Of the output before a plain read, what the screen is drawn from.
constexpr std::uint64_t kDrawnBytes = 256U << 10U;
/// What a person who attaches sees of the output before.
constexpr std::uint64_t kShownBytes = 32U << 10U;

constexpr std::array<std::pair<std::string_view, int>, 4> kSignals{
    {{"HUP", SIGHUP}, {"INT", SIGINT}, {"TERM", SIGTERM}, {"KILL", SIGKILL}}};

/// In any case, with SIG in front or without.
std::pair<std::string_view, int> signal_of(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
  const std::string_view wanted =
      name.starts_with("SIG") ? std::string_view(name).substr(3) : std::string_view(name);
  for (const auto& known : kSignals) {
    if (known.first == wanted) return known;
  }
  throw invalid_argument("signal_name must be one of: HUP, INT, TERM, KILL");
}

/// Where a shell is to start, in the guest.
std::string start_of(const std::string& cwd) {
  if (cwd.empty()) throw invalid_argument("workspace path must not be empty");
  const auto place = place_inside(cwd, kWorkspaceDirectory);
  if (place) return *place;
  throw invalid_argument(reason::kOutsideWorkspace, "workspace path must stay inside /workspace");
}

void check_call_id(const std::optional<std::string>& id) {
  if (id && (id->size() != 12 || id->find_first_not_of("0123456789abcdef") != std::string::npos)) {
    throw invalid_argument("call_id must be 12 hex digits, not '{}'", *id);
  }
}

Error not_running(const std::string& shell_id) {
  return failed_precondition(reason::kShellStopped, "shell {} is not running", shell_id);
}

/// Where the kept output begins that a reader of `asked` gets, as the guest says and the known
/// places allow.
ShellPlace begin_of(const ShellRecord& shell, const ShellPlace& asked,
                    const wire::ShellPart& part) {
  if (part.offset == asked.offset) return asked;
  const ShellPlace before = shell.place_before_offset(part.offset);
  const std::uint64_t most = part.offset - before.offset;
  const std::uint64_t characters = part.oldest_characters > before.characters
                                       ? std::min(part.oldest_characters - before.characters, most)
                                       : 0;
  ShellPlace begin{.cursor = before.cursor + characters,
                   .offset = part.offset,
                   .characters = before.characters + characters};
  return begin;
}

/// The rest of a character whose beginning is gone.
std::uint64_t rest_of_character(std::string_view bytes) {
  const auto first = std::find_if(bytes.begin(), bytes.end(), begins_character);
  return std::min<std::uint64_t>(static_cast<std::uint64_t>(first - bytes.begin()),
                                 kCharacterBytes - 1);
}

}  // namespace

Shells::Shells(Registry& registry, const Paths& paths, Workspaces& workspaces, Machines& machines,
               Secrets& secrets)
    : workspaces_(workspaces),
      machines_(machines),
      secrets_(secrets),
      store_(registry),
      live_(paths, {.stopped = [this](const ShellRecord& shell,
                                      const wire::Shell& ended) { stopped(shell, ended); },
                    .lost = [this](const ShellRecord& shell,
                                   const std::stop_token& stop) { return lost(shell, stop); },
                    .done = [this] { workspaces_.expiry_changed(); }}) {
  workspaces_.add(*this);
  for (const auto& shell : store_.running()) {
    const auto record = workspaces_.table().get(shell.workspace_id);
    if (record && record->session == shell.session) live_.watch(shell, record->vm_id);
  }
}

void Shells::describe(const WorkspaceRecord& record, api::Workspace& workspace) const {
  workspace.shell_count = static_cast<std::uint32_t>(store_.count(record));
  workspace.running_shell_count = live_.count(record.id());
}

std::vector<api::Shell> Shells::all(const WorkspaceRecord& record) const {
  std::vector<api::Shell> shells;
  for (const auto& shell : store_.all(record)) shells.push_back(shell.shell);
  return shells;
}

std::optional<api::ConnectionMaker> Shells::maker(const WorkspaceRecord& record,
                                                  const std::string& job_id) const {
  for (const auto& shell : store_.all(record)) {
    if (api::agent::job_of_shell(shell.id()) == job_id) {
      return api::ConnectionMaker{.shell_id = shell.id()};
    }
  }
  return std::nullopt;
}

/// The guest goes; a stop or reset that fails afterwards has ended them nevertheless.
void Shells::end_all(const WorkspaceRecord& record) {
  const Deadline limit = Clock::now() + kShellGrace;
  for (const auto& shell : store_.all(record)) {
    try {
      const Work work{.deadline = limit};
      live_.dial(record.vm_id, work)
          .call(wire::CloseShell{.shell_id = shell.id(), .hangup_ms = 0}, work);
    } catch (const Error& error) {
      log::info("shell {} ends with its guest: {}", shell.id(), error.message());
      break;
    }
  }
  live_.let_go(record.id());
  store_.erase_all(record);
}

void Shells::forget(const std::string& workspace_id) {
  live_.let_go(workspace_id);
  store_.forget(workspace_id);
}

void Shells::stopped(const ShellRecord& shell, const wire::Shell& ended) {
  store_.end(shell, ended.exit_code);
}

/// Whether it is gone is decided in a turn, since an open may be under way, and by its guest, or by
/// the vm service for a guest that went.
LiveShells::Then Shells::lost(const ShellRecord& shell, const std::stop_token& stop) {
  const auto state = workspaces_.live(shell.workspace_id);
  const auto turn = state->turns.begin(stop);
  const auto record = workspaces_.table().get(shell.workspace_id);
  const Work work{.deadline = Clock::now() + kShellGrace, .stop = stop};
  if (record && record->session == shell.session) {
    try {
      live_.dial(record->vm_id, work)
          .call(wire::ReadShell{.shell_id = shell.id(), .max_bytes = 1}, work);
      return LiveShells::Then::kWatchOn;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNotFound &&
          machines_.status(record->vm_id, work).state == api::MachineState::kStarted) {
        return LiveShells::Then::kWatchOn;
      }
    }
  }
  store_.erase(shell);
  return LiveShells::Then::kLetGo;
}

Shells::Found Shells::find(const std::string& workspace_id, const std::string& shell_id,
                           const bus::Call& call) const {
  auto started = workspaces_.require_started(workspace_id, kShellOperations, call.work());
  ShellRecord shell = store_.find(started.record, shell_id);
  auto redactor = secrets_.redactor(started.record);
  return {std::move(started.record), std::move(shell), std::move(redactor)};
}

Shells::Found Shells::find_running(const std::string& workspace_id, const std::string& shell_id,
                                   const bus::Call& call) const {
  Found found = find(workspace_id, shell_id, call);
  if (!found.shell.running()) throw not_running(shell_id);
  return found;
}

template <class Action>
auto Shells::ask(const Found& found, const Action& action) {
  try {
    return action();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    throw no_such_shell(found.workspace.id(), found.shell.id());
  }
}

template <class Reply>
Reply Shells::about(const Found& found, Reply reply) const {
  const auto now = store_.get(found.workspace, found.shell.id());
  api::assign_fields(reply, now ? now->shell : found.shell.shell);
  return workspaces_.about(found.workspace.id(), std::move(reply));
}

api::ShellReply Shells::handle(const api::OpenShell& request, bus::Call& call) {
  check_call_id(request.call_id);
  const std::string cwd = start_of(request.cwd);
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const auto turn = use.turns().begin(call.stop());
  auto started = workspaces_.require_started(request.workspace_id, kShellOperations, call.work());
  if (started.machine.execution_mode == api::ExecutionMode::kHostCompat) {
    throw failed_precondition(reason::kNoGuest,
                              "workspace '{}' runs on the host itself (host_compat), where there "
                              "are no shells: use workspace_exec",
                              request.workspace_id);
  }
  const auto redactor = secrets_.redactor(started.record);
  const Work work = call.work().stopped_by(turn->stop());
  const auto environment =
      secrets_.environment(started.record, started.machine, request.secret_env, work);
  const std::string id = request.call_id.value_or(new_id());
  auto shell = store_.get(started.record, id);
  if (!shell) {
    if (store_.count(started.record) >= kMostOpen) {
      throw resource_exhausted(reason::kTooManyShells,
                               "workspace {} has {} shells, which is the most: close one first",
                               request.workspace_id, kMostOpen);
    }
    shell = ShellRecord{.workspace_id = request.workspace_id,
                        .session = started.record.session,
                        .shell = {.shell_id = id,
                                  .cwd = cwd,
                                  .cols = request.cols,
                                  .rows = request.rows,
                                  .started_at = now_epoch_seconds(),
                                  .execution_mode = started.machine.execution_mode}};
    if (redactor) redact_message(*redactor, *shell);
    store_.add(*shell);
  }
  fault::point("workspace.shell_open.recorded");
  turn->run([&] {
    try {
      live_.dial(started.record.vm_id, work)
          .call(wire::OpenShell{.shell_id = id,
                                .cwd = cwd,
                                .environment = environment,
                                .cols = shell->shell.cols,
                                .rows = shell->shell.rows},
                work.within(kShellGrace));
    } catch (const Error& error) {
      const bool refused = error.code() != ErrorCode::kUnavailable &&
                           error.code() != ErrorCode::kDeadlineExceeded &&
                           error.code() != ErrorCode::kCancelled;
      if (refused) {
        store_.erase(*shell);
      } else {
        // It may have opened: its thread finds out.
        live_.watch(*shell, started.record.vm_id);
      }
      throw;
    }
  });
  fault::point("workspace.shell_open.opened");
  live_.watch(*shell, started.record.vm_id);
  workspaces_.table().touch(request.workspace_id);
  return about({started.record, *shell, redactor}, api::ShellReply{});
}

wire::ShellPart Shells::read(const Found& found, const wire::ReadShell& request, const Work& work) {
  const auto wait = std::chrono::milliseconds(request.wait_for_idle_ms.value_or(0));
  const Work longer = work.within(wait + kBeyondIdle + kShellGrace);
  const wire::ShellPart part =
      ask(found, [&] { return live_.dial(found.workspace.vm_id, longer).call(request, longer); });
  const std::uint64_t size = part.data.data.size();
  const bool odd = part.offset < request.offset || size > request.max_bytes ||
                   part.offset > part.shell.printed_bytes ||
                   size > part.shell.printed_bytes - part.offset ||
                   part.oldest_offset > part.offset || part.oldest_characters > part.oldest_offset;
  if (odd) {
    throw internal_error("the guest's agent answers a read of shell {} with other than was asked",
                         found.shell.id());
  }
  return part;
}

std::string Shells::bytes_before(const Found& found, std::uint64_t offset, const Work& work) {
  const std::uint64_t from = offset - std::min(offset, kDrawnBytes);
  if (from == offset) return "";
  auto part =
      read(found, {.shell_id = found.shell.id(), .offset = from, .max_bytes = offset - from}, work);
  // More may be gone by now than there was.
  if (part.offset >= offset) return "";
  const std::string bytes = part.data.data.substr(0, offset - part.offset);
  return found.redactor ? found.redactor->redact(bytes) : bytes;
}

api::ShellRead Shells::handle(const api::ReadShell& request, bus::Call& call) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  Found found = find(request.workspace_id, request.shell_id, call);
  ShellPlace place = found.shell.place_before_cursor(request.cursor);
  wire::ReadShell ask{.shell_id = request.shell_id,
                      .offset = place.offset,
                      .wait_for_idle_ms = request.wait_for_idle_ms};
  api::ShellRead reply{.cursor = request.cursor};
  for (;;) {
    const std::uint64_t ahead = request.cursor - std::min(request.cursor, place.cursor);
    ask.max_bytes =
        std::min(kCharacterBytes * (ahead + request.max_chars) + kDecidedWith, kMostLooked);
    const wire::ShellPart part = read(found, ask, call.work());
    ask.wait_for_idle_ms.reset();
    if (part.shell.state == wire::ShellState::kStopped) stopped(found.shell, part.shell);
    const bool gap = part.offset > place.offset;
    place = begin_of(found.shell, place, part);
    std::string_view bytes = part.data.data;
    if (gap) {
      const std::uint64_t rest = rest_of_character(bytes);
      place.offset += rest;
      bytes.remove_prefix(rest);
    }
    const bool to_the_end = part.offset + part.data.data.size() == part.shell.printed_bytes;
    const bool is_end = to_the_end && part.shell.state == wire::ShellState::kStopped;
    ShellText text(place, {.bytes = bytes, .after_gap = gap, .is_end = is_end},
                   found.redactor.get());
    if (place.cursor > request.cursor) reply.dropped_chars = place.cursor - request.cursor;
    const std::uint64_t missing = request.cursor - std::min(request.cursor, place.cursor);
    if (text.skip(missing) < missing) {
      if (to_the_end) {
        throw invalid_argument("cursor {} is beyond the {} characters that shell {} has printed",
                               request.cursor, text.place().cursor, request.shell_id);
      }
      if (text.place().offset <= ask.offset) {
        throw internal_error("the guest's agent has more of shell {} and does not give it",
                             request.shell_id);
      }
      place = text.place();
      ask.offset = place.offset;
      continue;
    }
    const ShellPlace from = text.place();
    reply.output = text.take(request.max_chars);
    const ShellPlace next = text.place();
    if (reply.output.empty() && !to_the_end && next.offset > place.offset) {
      // All of it belongs to one redacted run.
      place = next;
      ask.offset = place.offset;
      continue;
    }
    reply.next_cursor = next.cursor;
    reply.truncated = !to_the_end || text.more();
    if (request.plain) {
      const std::string before = bytes_before(found, from.offset, call.work());
      reply.output =
          screen_text(before, reply.output, {part.shell.cols, part.shell.rows}, call.work());
    }
    if (next.cursor > request.cursor) store_.remember(found.shell, next);
    return about(found, std::move(reply));
  }
}

api::ShellWritten Shells::handle(const api::WriteShell& request, bus::Call& call) {
  check_call_id(request.call_id);
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const Found found = find_running(request.workspace_id, request.shell_id, call);
  // What Enter sends: a program that reads lines gets a newline, since its terminal sees to that.
  const wire::WriteShell typed{
      .shell_id = request.shell_id,
      .write_id = request.call_id.value_or(new_id()),
      .data = {request.append_newline ? request.input + "\r" : request.input}};
  ask(found, [&] {
    return live_.write(found.shell, found.workspace.vm_id, typed, call.work().within(kShellGrace));
  });
  fault::point("workspace.shell_write.written");
  workspaces_.table().touch(request.workspace_id);
  return about(found, api::ShellWritten{.input_length = width_of(request.input),
                                        .append_newline = request.append_newline});
}

api::ShellSignalled Shells::handle(const api::SignalShell& request, bus::Call& call) {
  const auto [name, number] = signal_of(request.signal_name);
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const Found found = find_running(request.workspace_id, request.shell_id, call);
  const Work work = call.work().within(kShellGrace);
  ask(found, [&] {
    return live_.dial(found.workspace.vm_id, work)
        .call(wire::SignalShell{.shell_id = request.shell_id,
                                .signal = static_cast<std::uint32_t>(number)},
              work);
  });
  workspaces_.table().touch(request.workspace_id);
  return about(found, api::ShellSignalled{.signal = std::string(name)});
}

api::ShellReply Shells::handle(const api::ResizeShell& request, bus::Call& call) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const Found found = find_running(request.workspace_id, request.shell_id, call);
  const Work work = call.work().within(kShellGrace);
  ask(found, [&] {
    return live_.dial(found.workspace.vm_id, work)
        .call(
            wire::ResizeShell{
                .shell_id = request.shell_id, .cols = request.cols, .rows = request.rows},
            work);
  });
  store_.resize(found.shell, request.cols, request.rows);
  return about(found, api::ShellReply{});
}

api::ShellClosed Shells::handle(const api::CloseShell& request, bus::Call& call) {
  const Registry::Urgent urgent;
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const Found found = find(request.workspace_id, request.shell_id, call);
  // Over a connection of its own: it takes its time.
  live_.dial(found.workspace.vm_id, call.work())
      .call(wire::CloseShell{.shell_id = request.shell_id}, call.work().within(kShellGrace * 2));
  fault::point("workspace.shell_close.closed");
  api::ShellClosed reply = about(found, api::ShellClosed{.closed = true});
  if (reply.state == api::ShellState::kRunning) {
    reply.state = api::ShellState::kStopped;
    reply.ended_at = now_epoch_seconds();
  }
  store_.erase(found.shell);
  workspaces_.table().touch(request.workspace_id);
  return reply;
}

api::ShellList Shells::handle(const api::ListShells& request, bus::Call&) {
  api::ShellList list{.shells = all(workspaces_.find(request.workspace_id))};
  list.count = static_cast<std::uint32_t>(list.shells.size());
  list.running_count = static_cast<std::uint32_t>(std::count_if(
      list.shells.begin(), list.shells.end(),
      [](const api::Shell& shell) { return shell.state == api::ShellState::kRunning; }));
  return workspaces_.about(request.workspace_id, std::move(list));
}

api::ShellReply Shells::handle(const api::AttachShell& request, bus::Call& call) {
  const Workspaces::Use use(workspaces_, request.workspace_id);
  const Found found = find(request.workspace_id, request.shell_id, call);
  if (!request.output_socket) throw invalid_argument("output_socket is required");
  OutputSender live(*request.output_socket, call.work());
  const wire::ShellPart end =
      read(found, {.shell_id = request.shell_id, .max_bytes = 1}, call.work());
  const std::uint64_t printed = end.shell.printed_bytes;
  auto agent = live_.dial(found.workspace.vm_id, call.work());
  // Of the first piece only whole lines, so that no escape sequence begins in its middle.
  bool first = printed > kShownBytes;
  RedactingStream redacting(found.redactor);
  redacting.show_at_once();
  if (first) redacting.gap();
  const wire::Shell ended = agent.follow(
      wire::FollowShell{.shell_id = request.shell_id,
                        .offset = printed - std::min(printed, kShownBytes)},
      [&](const link::OutputPiece& piece) {
        std::string_view data = piece.data;
        if (std::exchange(first, false)) data.remove_prefix(data.find('\n') + 1);
        if (piece.dropped > 0) live.send(1, redacting.gap());
        live.send(1, redacting.feed(data));
      },
      call.work());
  if (ended.state != wire::ShellState::kStopped) {
    throw internal_error("the guest's agent ends a shell that it says is running");
  }
  live.send(1, redacting.finish());
  stopped(found.shell, ended);
  return about(found, api::ShellReply{});
}

}  // namespace pyro::workspace
