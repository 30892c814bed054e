#include "guest/agent/job.h"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>

#include "common/base/error.h"
#include "guest/agent/diagnosis.h"

namespace pyro::agent {
namespace {

using api::agent::JobState;

constexpr std::uint64_t kPieceBytes = 64U << 10U;
/// A process stuck in the kernel must not keep the answer of a kill back for ever.
constexpr std::chrono::seconds kKillPatience{5};
/// What a command printed last is looked through for the reason of its failure.
constexpr std::uint64_t kLastWordsBytes = 4U << 10U;
/// How long an answer waits for the disks. What the guest may have cached of them takes a second or
/// two; only a host whose disk is far slower makes it later, and the flush then still goes on.
constexpr std::chrono::seconds kFlushPatience{10};
/// Time-outs beyond this are none; a timer's arithmetic would overflow.
constexpr std::uint64_t kMaxTimeoutMs = 365ULL * 86'400'000;

OutputStore::Shape shape_of(const api::agent::StartJob& request) {
  if (request.log_bytes == 0) return {};
  return {.head = 0, .tail = request.log_bytes};
}

}  // namespace

Job::Job(asio::io_context& io, const api::agent::StartJob& request, int output_directory,
         files::Flusher* flusher)
    : io_(io),
      output_directory_(output_directory),
      flusher_(flusher),
      id_(request.job_id),
      timeout_(static_cast<std::int64_t>(std::min(request.timeout_ms, kMaxTimeoutMs))),
      mem_mib_(request.mem_mib),
      timer_(io),
      stores_{OutputStore(output_directory, shape_of(request)),
              OutputStore(output_directory, shape_of(request))} {}

void Job::start(Launcher& launcher, const api::agent::StartJob& request) {
  ShellCommand command(request.command, request.cwd, request.environment);
  std::array<UniqueFd, 2> write_ends;
  for (const std::size_t i : {0U, 1U}) pipes_.at(i) = OutputPipe::make(io_, write_ends.at(i));
  processes_ = launcher.launch(id_, command, write_ends[0].get(), write_ends[1].get(),
                               {.on_shell_exit =
                                    [weak = weak_from_this()](int code) {
                                      if (const auto self = weak.lock()) self->on_shell_exit(code);
                                    },
                                .on_empty =
                                    [weak = weak_from_this()] {
                                      const auto self = weak.lock();
                                      if (!self) return;
                                      self->processes_gone_ = true;
                                      if (self->shell_gone_) self->finish();
                                    }});
  for (const std::size_t i : {0U, 1U}) {
    pipes_.at(i)->start([this] { return may_read(); },
                        [this, i](std::string_view data) { on_output(i, data); });
  }
  const auto spent = std::chrono::milliseconds(
      std::min<std::uint64_t>(request.spent_ms, static_cast<std::uint64_t>(timeout_.count())));
  timer_.expires_after(timeout_ - spent);
  timer_.async_wait([weak = weak_from_this()](auto failed) {
    const auto self = weak.lock();
    if (self && !failed) self->kill(JobState::kTimedOut);
  });
}

api::agent::Job Job::describe() const {
  api::agent::Job out;
  out.job_id = id_;
  out.state = state_;
  if (processes_) out.pid = processes_->pid();
  if (ended()) out.exit_code = exit_code_;
  if (ended()) out.killed_by = killed_by_;
  if (ended()) out.likely_cause = likely_cause_;
  const auto until = ended_at_.value_or(Clock::now());
  out.duration_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(until - started_).count());
  out.stdout_bytes = stores_[0].total();
  out.stderr_bytes = stores_[1].total();
  return out;
}

void Job::require_printed(const Positions& from) const {
  const Positions there = printed();
  for (const std::size_t i : {0U, 1U}) {
    if (from.at(i) <= there.at(i)) continue;
    throw invalid_argument("offset {} is beyond the {} bytes that job '{}' has printed", from.at(i),
                           there.at(i), id_);
  }
}

void Job::follow(const Positions& from, const std::shared_ptr<Session>& session) {
  require_printed(from);
  followers_.push_back({session, from});
  const std::weak_ptr<Job> weak = weak_from_this();
  Session* const raw = session.get();
  // Keeps a job that the table has forgotten meanwhile until this follower has it all.
  session->on_room([self = shared_from_this(), raw] { self->feed(raw->shared_from_this()); });
  session->on_gone([weak, raw] {
    const auto self = weak.lock();
    if (!self) return;
    self->followers_.remove_if([raw](const Follower& f) { return f.session.get() == raw; });
    self->resume();
  });
  feed(session);
}

bool Job::caught_up(const Follower& follower) const { return follower.positions == printed(); }

/// Sends the output from before the follower came, as far as the session takes it now; at the end
/// of an ended job's output, the answer.
void Job::feed(const std::shared_ptr<Session>& session) {
  const auto it = std::find_if(followers_.begin(), followers_.end(),
                               [&session](const Follower& f) { return f.session == session; });
  if (it == followers_.end()) return;
  while (!caught_up(*it) && session->has_room()) {
    for (const std::size_t i : {0U, 1U}) {
      OutputStore::Piece piece = stores_.at(i).read(it->positions.at(i), kPieceBytes);
      if (piece.dropped + piece.data.size() == 0) continue;
      it->positions.at(i) += piece.dropped + piece.data.size();
      session->output(static_cast<int>(i) + 1, piece.dropped, std::move(piece.data));
    }
  }
  if (ended() && caught_up(*it)) {
    followers_.erase(it);
    session->answer(describe());
    return;
  }
  resume();
}

bool Job::may_read() {
  return std::all_of(followers_.begin(), followers_.end(), [this](const Follower& follower) {
    return caught_up(follower) && follower.session->has_room();
  });
}

void Job::resume() {
  for (const auto& pipe : pipes_) {
    if (pipe && !over()) pipe->resume();
  }
}

void Job::on_output(std::size_t stream, std::string_view data) {
  OutputStore& store = stores_.at(stream);
  for (auto& follower : followers_) {
    // One that lags reads it from the store.
    if (follower.positions.at(stream) != store.total()) continue;
    follower.session->output(static_cast<int>(stream) + 1, 0, std::string(data));
    follower.positions.at(stream) += data.size();
  }
  store.append(data);
}

void Job::when_ended(const void* waiter, std::function<void()> action) {
  waiters_.push_back({waiter, std::move(action)});
}

void Job::forget_waiter(const void* waiter) {
  waiters_.remove_if([waiter](const Waiter& w) { return w.who == waiter; });
}

void Job::wait(const std::shared_ptr<Session>& session, std::function<void()> action) {
  Session* const raw = session.get();
  when_ended(raw, std::move(action));
  session->on_gone([weak = weak_from_this(), raw] {
    if (const auto self = weak.lock()) self->forget_waiter(raw);
  });
}

void Job::signal(int number) {
  if (over()) return;
  if (number == SIGKILL) return kill(JobState::kCancelled);
  processes_->signal(number);
}

void Job::kill(JobState reason) {
  if (over() || outcome_ != JobState::kExited) return;
  outcome_ = reason;
  timer_.expires_after(kKillPatience);
  timer_.async_wait([weak = weak_from_this()](auto failed) {
    const auto self = weak.lock();
    if (self && !failed) self->finish();
  });
  processes_->kill();
}

void Job::on_shell_exit(int exit_code) {
  shell_gone_ = true;
  exit_code_ = exit_code;
  if (outcome_ == JobState::kExited || processes_gone_) finish();
}

/// As the last line of standard error.
void Job::say_at_the_end(std::string_view line) {
  on_output(1, fmt::format("{}{}\n", stores_[1].ends_line() ? "" : "\n", line));
}

/// Of a job in a guest: a host's disks and network are not its machine's.
void Job::say_why_it_failed() {
  const UniqueFd workspace(::open("/workspace", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::string printed = stores_[0].tail(kLastWordsBytes) + stores_[1].tail(kLastWordsBytes);
  const auto found = diagnose({.printed = printed,
                               .system_disk = room_of(output_directory_),
                               .workspace = workspace ? room_of(workspace.get()) : DiskRoom{},
                               .has_network = has_network(),
                               .process_limit = processes_->reached_process_limit()});
  if (!found) return;
  likely_cause_ = found->cause;
  say_at_the_end(found->advice);
}

/// Its processes are gone, or past waiting for.
void Job::finish() {
  if (over()) return;
  timer_.cancel();
  for (const auto& pipe : pipes_) pipe->drain();
  if (outcome_ == JobState::kTimedOut) {
    exit_code_ = 124;
    const double seconds = static_cast<double>(timeout_.count()) / 1000;
    say_at_the_end(fmt::format("command timed out after {}s", seconds));
  } else if (outcome_ == JobState::kExited && exit_code_ != 0 && processes_->ran_out_of_memory()) {
    killed_by_ = api::KilledBy::kOutOfMemory;
    say_at_the_end(
        fmt::format("out of memory: the kernel killed the command or a part of it, since the "
                    "machine's {} MiB were used up; mem_mib at creation gives more",
                    mem_mib_));
  } else if (outcome_ == JobState::kExited && exit_code_ != 0 && flusher_ != nullptr) {
    say_why_it_failed();
  }
  ended_at_ = Clock::now();
  processes_.reset();
  if (flusher_ == nullptr) return conclude();
  const auto flushed = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->conclude();
  };
  flusher_->flush(flushed);
  timer_.expires_after(kFlushPatience);
  timer_.async_wait([flushed](auto failed) {
    if (!failed) flushed();
  });
}

void Job::conclude() {
  if (ended()) return;
  const auto self = shared_from_this();
  timer_.cancel();
  state_ = outcome_;
  std::vector<std::shared_ptr<Session>> sessions;
  for (const auto& follower : followers_) sessions.push_back(follower.session);
  for (const auto& session : sessions) feed(session);
  for (const auto& waiter : std::exchange(waiters_, {})) waiter.action();
  if (const auto action = std::exchange(on_end_, nullptr)) action();
}

}  // namespace pyro::agent
