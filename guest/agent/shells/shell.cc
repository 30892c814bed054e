#include "guest/agent/shells/shell.h"

#include <signal.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/reasons/workspace.h"

namespace pyro::agent {
namespace {

/// A terminal that is never idle is answered nevertheless.
constexpr std::chrono::seconds kBeyondIdle{10};
/// What the program printed last reaches the master behind its end.
constexpr std::chrono::seconds kLastOutputPatience{1};
/// A process stuck in the kernel must not keep the answer of a close back for ever.
constexpr std::chrono::seconds kCloseKillPatience{5};
constexpr std::size_t kKnownWrites = 64;
/// What a program has not read yet.
constexpr std::size_t kMostTypedAhead = 1U << 20U;
constexpr std::uint64_t kShellPieceBytes = 64U << 10U;

}  // namespace

Shell::Shell(asio::io_context& io, const api::agent::OpenShell& request)
    : io_(io),
      id_(request.shell_id),
      size_{request.cols, request.rows},
      last_output_timer_(io),
      close_timer_(io) {}

void Shell::start(Launcher& launcher, const api::agent::OpenShell& request) {
  UniqueFd slave;
  terminal_ = Terminal::make(io_, size_, slave);
  ShellCommand command = ShellCommand::on_terminal(slave.get(), request.cwd, request.environment);
  processes_ = launcher.launch(api::agent::job_of_shell(id_), command, slave.get(), slave.get(),
                               {.on_shell_exit =
                                    [weak = weak_from_this()](int code) {
                                      const auto self = weak.lock();
                                      if (!self) return;
                                      self->exit_code_ = code;
                                      self->on_program_end();
                                    },
                                .on_empty =
                                    [weak = weak_from_this()] {
                                      const auto self = weak.lock();
                                      if (!self) return;
                                      self->processes_gone_ = true;
                                      if (self->closing_) self->finish_close();
                                    }});
  const std::weak_ptr<Shell> weak = weak_from_this();
  terminal_->start({.on_output =
                        [weak](std::string_view data) {
                          if (const auto self = weak.lock()) self->on_output(data);
                        },
                    .on_end =
                        [weak] {
                          const auto self = weak.lock();
                          if (self && self->program_gone_) self->stop();
                        }});
}

api::agent::Shell Shell::describe() const {
  api::agent::Shell out{.shell_id = id_,
                        .state = state_,
                        .exit_code = {},
                        .cols = size_.cols,
                        .rows = size_.rows,
                        .printed_bytes = output_.total()};
  if (stopped()) out.exit_code = exit_code_;
  return out;
}

void Shell::require_running() const {
  if (!stopped() && !closing_) return;
  throw failed_precondition(reason::kShellStopped, "shell {} is not running", id_);
}

void Shell::require_printed(std::uint64_t offset) const {
  if (offset <= output_.total()) return;
  throw invalid_argument("offset {} is beyond the {} bytes that shell '{}' has printed", offset,
                         output_.total(), id_);
}

void Shell::answer(const api::agent::ReadShell& request, Session& session) const {
  Scrollback::Piece piece = output_.read(request.offset, request.max_bytes);
  const Scrollback::Place oldest = output_.oldest();
  session.answer(api::agent::ShellPart{.shell = describe(),
                                       .offset = piece.offset,
                                       .data = {std::move(piece.data)},
                                       .oldest_offset = oldest.offset,
                                       .oldest_characters = oldest.characters});
}

void Shell::read(const api::agent::ReadShell& request, const std::shared_ptr<Session>& session) {
  require_printed(request.offset);
  if (!request.wait_for_idle_ms || stopped()) return answer(request, *session);
  const auto reader = std::make_shared<Reader>(io_, request, session);
  readers_.push_back(reader);
  session->on_gone([weak = weak_from_this(), raw = session.get()] {
    if (const auto self = weak.lock()) self->drop(raw);
  });
  wait_for_idle(reader);
}

void Shell::wait_for_idle(const std::shared_ptr<Reader>& reader) {
  const std::chrono::milliseconds idle(*reader->request.wait_for_idle_ms);
  const auto limit = reader->begun + idle + kBeyondIdle;
  const auto quiet = std::max(reader->begun, last_output_) + idle;
  const bool is_full = output_.total() - reader->request.offset >= reader->request.max_bytes;
  const auto due = is_full || stopped() ? Clock::now() : std::min(limit, quiet);
  if (due <= Clock::now()) {
    readers_.remove(reader);
    reader->timer.cancel();
    return answer(reader->request, *reader->session);
  }
  reader->timer.expires_at(due);
  // Weak: a shell that is closed meanwhile has answered it.
  reader->timer.async_wait(
      [weak = weak_from_this(), later = std::weak_ptr<Reader>(reader)](auto failed) {
        const auto self = weak.lock();
        const auto there = later.lock();
        if (!failed && self && there) self->wait_for_idle(there);
      });
}

/// A session makes one call at a time.
void Shell::drop(const Session* session) {
  readers_.remove_if([&](const auto& reader) { return reader->session.get() == session; });
  followers_.remove_if([&](const auto& follower) { return follower.session.get() == session; });
  waiters_.remove_if([&](const auto& waiter) { return waiter.get() == session; });
}

void Shell::on_output(std::string_view data) {
  output_.append(data);
  last_output_ = Clock::now();
  // A timer that is due too early looks again; only a full answer need not wait for it.
  std::vector<std::shared_ptr<Reader>> full;
  for (const auto& reader : readers_) {
    if (output_.total() - reader->request.offset >= reader->request.max_bytes) {
      full.push_back(reader);
    }
  }
  for (const auto& reader : full) wait_for_idle(reader);
  std::vector<std::shared_ptr<Session>> sessions;
  for (const auto& follower : followers_) sessions.push_back(follower.session);
  for (const auto& session : sessions) feed(session);
}

void Shell::follow(std::uint64_t offset, const std::shared_ptr<Session>& session) {
  require_printed(offset);
  followers_.push_back({session, offset});
  Session* const raw = session.get();
  // Keeps a shell that was closed meanwhile until this follower has it all.
  session->on_room([self = shared_from_this(), raw] { self->feed(raw->shared_from_this()); });
  session->on_gone([weak = weak_from_this(), raw] {
    if (const auto self = weak.lock()) self->drop(raw);
  });
  feed(session);
}

/// Sends as far as the session takes it now; behind the end of all output, the answer.
void Shell::feed(const std::shared_ptr<Session>& session) {
  const auto it = std::find_if(followers_.begin(), followers_.end(),
                               [&session](const Follower& f) { return f.session == session; });
  if (it == followers_.end()) return;
  while (it->position < output_.total() && session->has_room()) {
    const Scrollback::Piece piece = output_.read(it->position, kShellPieceBytes);
    session->output(1, piece.offset - it->position, piece.data);
    it->position = piece.offset + piece.data.size();
  }
  if (!stopped() || it->position < output_.total()) return;
  followers_.erase(it);
  session->answer(describe());
}

void Shell::await(const std::shared_ptr<Session>& session) {
  if (stopped()) return session->answer(describe());
  waiters_.push_back(session);
  session->on_gone([weak = weak_from_this(), raw = session.get()] {
    if (const auto self = weak.lock()) self->drop(raw);
  });
}

void Shell::write(const std::string& write_id, std::string_view data) {
  if (std::find(writes_.begin(), writes_.end(), write_id) != writes_.end()) return;
  require_running();
  if (terminal_->typed_ahead() > 0 && terminal_->typed_ahead() + data.size() > kMostTypedAhead) {
    throw resource_exhausted(
        reason::kInputNotRead,
        "the program in shell {} has not read the {} bytes that were typed before: this was not "
        "typed",
        id_, terminal_->typed_ahead());
  }
  writes_.push_back(write_id);
  if (writes_.size() > kKnownWrites) writes_.pop_front();
  terminal_->type(data);
}

void Shell::signal(int number) {
  require_running();
  terminal_->signal(number);
}

void Shell::resize(WindowSize size) {
  require_running();
  size_ = size;
  terminal_->resize(size);
}

void Shell::on_program_end() {
  program_gone_ = true;
  if (terminal_->ended()) return stop();
  last_output_timer_.expires_after(kLastOutputPatience);
  last_output_timer_.async_wait([weak = weak_from_this()](auto failed) {
    const auto self = weak.lock();
    if (!failed && self) self->stop();
  });
}

void Shell::stop() {
  if (stopped()) return;
  const auto self = shared_from_this();
  last_output_timer_.cancel();
  state_ = api::agent::ShellState::kStopped;
  for (const auto& reader : std::exchange(readers_, {})) answer(reader->request, *reader->session);
  for (const auto& waiter : std::exchange(waiters_, {})) waiter->answer(describe());
  std::vector<std::shared_ptr<Session>> sessions;
  for (const auto& follower : followers_) sessions.push_back(follower.session);
  for (const auto& session : sessions) feed(session);
}

void Shell::close(std::chrono::milliseconds hangup, std::function<void()> closed) {
  closers_.push_back(std::move(closed));
  if (processes_gone_) return finish_close();
  if (std::exchange(closing_, true)) return;
  // A stopped job hears the first only once it continues.
  processes_->signal(SIGHUP);
  processes_->signal(SIGCONT);
  close_timer_.expires_after(hangup);
  close_timer_.async_wait([weak = weak_from_this()](auto failed) {
    const auto self = weak.lock();
    if (!failed && self) self->kill();
  });
}

void Shell::kill() {
  close_timer_.expires_after(kCloseKillPatience);
  close_timer_.async_wait([weak = weak_from_this()](auto failed) {
    const auto self = weak.lock();
    if (!failed && self) self->finish_close();
  });
  processes_->kill();
}

void Shell::finish_close() {
  const auto self = shared_from_this();
  closing_ = true;
  close_timer_.cancel();
  // One that is stuck in the kernel has ended for all that wait.
  stop();
  terminal_->close();
  for (const auto& closed : std::exchange(closers_, {})) closed();
}

}  // namespace pyro::agent
