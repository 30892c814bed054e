#include "services/workspace/commands/job.h"

#include <algorithm>

namespace pyro::workspace {
namespace {

/// How far a reader may be behind before the command waits for it.
constexpr std::size_t kMostBehind = 1U << 20U;

/// Counted from its start, also by a former process.
Deadline due_of(const CommandRecord& command) {
  const auto whole = std::chrono::milliseconds(std::chrono::seconds(command.timeout_seconds));
  const auto over = std::chrono::milliseconds(command.elapsed_ms());
  return Clock::now() + std::max(whole - over, std::chrono::milliseconds(0));
}

}  // namespace

Job::Job(CommandRecord begun, const std::shared_ptr<const Redactor>& redactor)
    : command_(std::move(begun)),
      stdout_redacting_(redactor),
      stderr_redacting_(redactor),
      due_(due_of(command_)) {}

Job::Stream Job::stream(std::uint32_t number) {
  if (number == 1) return {output_.stdout_text, stdout_redacting_, taken_.stdout_offset};
  return {output_.stderr_text, stderr_redacting_, taken_.stderr_offset};
}

void Job::show(std::uint32_t number, std::string text) {
  if (text.empty()) return;
  stream(number).captured.append(text);
  for (Reader* reader : readers_) reader->push(number, text);
}

Deadline Job::latest_end() const {
  const std::lock_guard lock(mutex_);
  if (!readers_.empty()) return Deadline::max();
  return start_unanswered_ ? due_ : due_ + kAgentGrace;
}

void Job::start_was_unanswered() {
  const std::lock_guard lock(mutex_);
  start_unanswered_ = true;
}

bool Job::wait(Deadline deadline, const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, stop, deadline, [this] { return ended_; });
}

bool Job::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

CommandRecord Job::command() const {
  const std::lock_guard lock(mutex_);
  return command_;
}

CommandOutput Job::output() const {
  const std::lock_guard lock(mutex_);
  return output_;
}

CommandPart Job::read(const OutputPlace& from, std::uint64_t max_bytes) const {
  const std::lock_guard lock(mutex_);
  return {.command = command_,
          .stdout_text = output_.stdout_text.read(from.stdout_offset, max_bytes),
          .stderr_text = output_.stderr_text.read(from.stderr_offset, max_bytes)};
}

std::string Job::last_line() const {
  const std::lock_guard lock(mutex_);
  const bool errors_last = last_stream_ == 2;
  const auto& last = errors_last ? output_.stderr_text : output_.stdout_text;
  const auto& other = errors_last ? output_.stdout_text : output_.stderr_text;
  const std::string line = last.last_line();
  return line.empty() ? other.last_line() : line;
}

void Job::ask_to_cancel() {
  const std::lock_guard lock(mutex_);
  cancel_asked_ = true;
}

bool Job::cancel_asked() const {
  const std::lock_guard lock(mutex_);
  return cancel_asked_;
}

bool Job::append(std::uint32_t stream, std::uint64_t dropped, std::string_view data,
                 const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] {
    return let_go_ || std::all_of(readers_.begin(), readers_.end(), [](const Reader* reader) {
             return reader->bytes_ < kMostBehind;
           });
  });
  const Stream to = this->stream(stream);
  if (dropped > 0) {
    show(stream, to.redacting.gap());
    to.captured.skip(dropped);
    for (Reader* reader : readers_) reader->push(stream, gap_text(dropped));
  }
  show(stream, to.redacting.feed(data));
  to.taken += dropped + data.size();
  last_stream_ = stream;
  changed_.notify_all();
  return !readers_.empty() && !let_go_;
}

OutputPlace Job::place() const {
  const std::lock_guard lock(mutex_);
  return {output_.stdout_text.shape().total, output_.stderr_text.shape().total};
}

OutputPlace Job::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

void Job::finish_output() {
  {
    const std::lock_guard lock(mutex_);
    for (const std::uint32_t number : {1U, 2U}) show(number, stream(number).redacting.finish());
  }
  changed_.notify_all();
}

void Job::end(CommandRecord command) {
  {
    const std::lock_guard lock(mutex_);
    command_ = std::move(command);
    ended_ = true;
  }
  changed_.notify_all();
}

void Job::let_go() {
  {
    const std::lock_guard lock(mutex_);
    let_go_ = true;
  }
  changed_.notify_all();
}

Job::Reader::Reader(std::shared_ptr<Job> job) : job_(std::move(job)) {
  const std::lock_guard lock(job_->mutex_);
  push(1, job_->output_.stdout_text.text());
  push(2, job_->output_.stderr_text.text());
  job_->readers_.push_back(this);
}

Job::Reader::~Reader() {
  {
    const std::lock_guard lock(job_->mutex_);
    job_->readers_.remove(this);
  }
  job_->changed_.notify_all();
}

void Job::Reader::push(std::uint32_t stream, std::string data) {
  if (data.empty()) return;
  bytes_ += data.size();
  pieces_.push_back({stream, std::move(data)});
}

std::optional<Job::Reader::Piece> Job::Reader::next(Deadline deadline,
                                                    const std::stop_token& stop) {
  std::unique_lock lock(job_->mutex_);
  job_->changed_.wait_until(lock, stop, deadline,
                            [this] { return !pieces_.empty() || job_->ended_; });
  if (pieces_.empty()) return std::nullopt;
  Piece piece = std::move(pieces_.front());
  pieces_.pop_front();
  bytes_ -= piece.data.size();
  job_->changed_.notify_all();
  return piece;
}

}  // namespace pyro::workspace
