#include "common/link/mux.h"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/post.hpp>

#include "common/base/error.h"
#include "common/base/random.h"

namespace pyro::link {
namespace {

constexpr std::size_t kInputBytes = 128U << 10U;
/// One write's worth: large enough to keep system calls rare, small enough that a short message
/// behind it does not wait long.
constexpr std::size_t kOutputBytes = 128U << 10U;
/// Answers that a peer provoked and does not read. Above this nothing more is read from it.
constexpr std::size_t kMaxControlBytes = 256U << 10U;
constexpr std::uint32_t kGrantAt = kWindowBytes / 4;

/// A peer that is gone shows in three ways, by what was under way between us.
std::string describe(const asio::error_code& failed) {
  const bool closed = failed == asio::error::eof || failed == asio::error::connection_reset ||
                      failed == asio::error::broken_pipe;
  return closed ? "it was closed" : failed.message();
}

}  // namespace

void MuxStream::accept(std::shared_ptr<StreamHandler> handler) {
  if (!open() || accepted_) return;
  accepted_ = true;
  handler_ = std::move(handler);
  append_frame(mux_->control_, id_, MuxType::kAccept);
  mux_->wake_writer();
}

void MuxStream::write(std::string_view data) {
  if (!open() || finishing_) return;
  queue_.append(data);
  mux_->schedule(*this);
}

void MuxStream::take(std::string data) {
  if (queue_.empty() && open() && !finishing_) {
    queue_ = std::move(data);
    return mux_->schedule(*this);
  }
  write(data);
}

ssize_t MuxStream::take_from(std::size_t most,
                             const std::function<ssize_t(char*, std::size_t)>& read) {
  const std::size_t before = queue_.size();
  queue_.resize(before + most);
  const ssize_t n = read(queue_.data() + before, most);
  queue_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  if (n > 0 && open()) mux_->schedule(*this);
  return n;
}

bool MuxStream::has_room() {
  if (queued() < kQueueBytes) return true;
  waiting_for_room_ = true;
  return false;
}

void MuxStream::finish() {
  if (!open() || finishing_) return;
  finishing_ = true;
  mux_->schedule(*this);
}

void MuxStream::reset() {
  if (!open()) return;
  Mux& mux = *mux_;
  append_frame(mux.control_, id_, MuxType::kReset);
  mux.tombstones_.insert(id_);
  mux.remove(id_);
  mux.wake_writer();
}

void MuxStream::consume(std::size_t bytes) {
  if (!open() || peer_finished_) return;
  consumed_ += static_cast<std::uint32_t>(bytes);
  if (consumed_ < kGrantAt) return;
  append_number_frame(mux_->control_, id_, MuxType::kWindow, consumed_);
  received_ -= consumed_;
  consumed_ = 0;
  mux_->wake_writer();
}

void MuxStream::drop_sent() {
  if (sent_ == queue_.size()) {
    queue_.clear();
    sent_ = 0;
  } else if (sent_ >= kQueueBytes / 2) {
    queue_.erase(0, sent_);
    sent_ = 0;
  }
}

Mux::Mux(asio::io_context& io, UniqueFd link, MuxEnd end, MuxEvents events)
    : link_(io, link.release()), end_(end), events_(std::move(events)), input_(kInputBytes) {
  link_.non_blocking(true);
}

Mux::~Mux() {
  *alive_ = false;
  events_ = {};
  reset_all();
}

void Mux::start() {
  broken_ = false;
  ++session_;
  ready_ = false;
  scanner_ = {};
  decoder_.reset();
  if (end_ == MuxEnd::kHost) {
    nonce_ = random_bytes(kNonceBytes);
    append_hello(control_, nonce_);
    wake_writer();
  }
  if (!reading_) read_some();
}

std::shared_ptr<MuxStream> Mux::open(std::uint32_t port, std::shared_ptr<StreamHandler> handler) {
  if (!ready_ || streams_.size() + tombstones_.size() >= kMaxStreams) return nullptr;
  auto stream = std::make_shared<MuxStream>(*this, ++last_id_);
  stream->handler_ = std::move(handler);
  streams_.emplace(stream->id(), stream);
  append_number_frame(control_, stream->id(), MuxType::kOpen, port);
  wake_writer();
  return stream;
}

void Mux::read_some() {
  if (broken_) return;
  reading_ = control_.size() < kMaxControlBytes;
  if (!reading_) return;  // write_output() reads again once the answers are away
  link_.async_read_some(asio::buffer(input_), [this, alive = alive_](auto failed, std::size_t n) {
    if (!*alive) return;
    reading_ = false;
    if (failed) {
      return fail(describe(failed));
    }
    on_read({input_.data(), n});
    if (*alive && !reading_) read_some();
  });
}

void Mux::on_read(std::string_view chunk) {
  while (!chunk.empty() && !broken_) {
    // The host end looks for a HELLO only until it is there; DATA never holds a whole one.
    const bool scanning = end_ == MuxEnd::kAgent || !ready_;
    const auto hello = scanning ? scanner_.scan(chunk) : std::nullopt;
    const std::string_view part = hello ? chunk.substr(0, hello->end) : chunk;
    chunk.remove_prefix(part.size());
    const std::shared_ptr<bool> alive = alive_;
    if (ready_) take_frames(part);
    if (!*alive) return;
    if (hello) on_hello(hello->nonce);
  }
}

void Mux::take_frames(std::string_view part) {
  const std::uint64_t session = session_;
  const std::shared_ptr<bool> alive = alive_;
  try {
    decoder_.feed(part);
    while (auto frame = decoder_.next()) {
      on_frame(*frame);
      if (!*alive || session != session_ || !ready_) return;
    }
  } catch (const Error& error) {
    violated(error.message());
  }
}

void Mux::on_hello(const std::string& nonce) {
  if (end_ == MuxEnd::kHost && nonce != nonce_) return;  // an answer to an earlier host
  ++session_;
  reset_all();
  decoder_.reset();
  last_id_ = 0;
  ready_ = true;
  if (end_ == MuxEnd::kAgent) {
    append_hello(control_, nonce);
    wake_writer();
  }
  if (events_.on_ready) events_.on_ready();
}

void Mux::on_frame(const MuxFrame& frame) {
  switch (frame.type) {
    case MuxType::kHello:
      // The agent's scanner sees to it; to the host only one is ever sent.
      if (end_ == MuxEnd::kHost) throw invalid_argument("a second HELLO");
      return;
    case MuxType::kOpen:
      return on_open(frame);
    case MuxType::kReset:
      return on_reset(frame);
    case MuxType::kResetAck:
      tombstones_.erase(frame.stream);
      return;
    default:
      break;
  }
  const auto found = streams_.find(frame.stream);
  if (found == streams_.end()) return answer_unknown(frame);
  const std::shared_ptr<MuxStream> stream = found->second;
  switch (frame.type) {
    case MuxType::kAccept:
      if (end_ == MuxEnd::kAgent || stream->accepted_) throw invalid_argument("a wrong ACCEPT");
      stream->accepted_ = true;
      stream->handler_->on_accepted();
      return schedule(*stream);
    case MuxType::kWindow:
      return on_window(*stream, frame.number());
    case MuxType::kData:
      return on_data(*stream, frame.payload);
    default:
      return on_fin(*stream);
  }
}

void Mux::answer_unknown(const MuxFrame& frame) {
  // Frames that crossed a reset on their way, and credit for a stream that ended both ways.
  if (tombstones_.contains(frame.stream)) return;
  if (frame.type == MuxType::kWindow && frame.stream <= last_id_) return;
  throw invalid_argument("a frame for stream {}, which does not exist", frame.stream);
}

void Mux::on_open(const MuxFrame& frame) {
  const std::uint32_t port = frame.number();
  if (end_ == MuxEnd::kHost || frame.stream <= last_id_) throw invalid_argument("a wrong OPEN");
  last_id_ = frame.stream;
  if (streams_.size() + tombstones_.size() >= kMaxStreams || !events_.on_open) {
    append_frame(control_, frame.stream, MuxType::kReset);
    return wake_writer();
  }
  auto stream = std::make_shared<MuxStream>(*this, frame.stream);
  streams_.emplace(frame.stream, stream);
  events_.on_open(stream, port);
}

void Mux::on_window(MuxStream& stream, std::uint32_t credit) {
  if (credit > kWindowBytes - stream.credit_) throw invalid_argument("more credit than was used");
  stream.credit_ += credit;
  schedule(stream);
}

void Mux::on_data(MuxStream& stream, std::string_view data) {
  if (!stream.accepted_ || stream.peer_finished_) throw invalid_argument("data out of turn");
  if (data.size() > kWindowBytes - stream.received_) throw invalid_argument("data beyond credit");
  stream.received_ += static_cast<std::uint32_t>(data.size());
  if (stream.handler_) stream.handler_->on_data(data);
}

void Mux::on_fin(MuxStream& stream) {
  if (!stream.accepted_ || stream.peer_finished_) throw invalid_argument("a wrong FIN");
  stream.peer_finished_ = true;
  const std::shared_ptr<StreamHandler> handler = stream.handler_;
  if (handler) handler->on_finish();
  if (stream.open()) remove_if_finished(stream);
}

void Mux::on_reset(const MuxFrame& frame) {
  if (frame.stream > last_id_) throw invalid_argument("a RESET of no stream");
  append_frame(control_, frame.stream, MuxType::kResetAck);
  wake_writer();
  const auto found = streams_.find(frame.stream);
  if (found == streams_.end()) return;
  const std::shared_ptr<StreamHandler> handler = found->second->handler_;
  remove(frame.stream);
  if (handler) handler->on_reset();
}

void Mux::remove(std::uint32_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const std::shared_ptr<MuxStream> stream = found->second;
  streams_.erase(found);
  stream->mux_ = nullptr;
  stream->handler_.reset();
  std::string().swap(stream->queue_);
  stream->sent_ = 0;
}

void Mux::remove_if_finished(const MuxStream& stream) {
  if (stream.finished_ && stream.peer_finished_) remove(stream.id_);
}

void Mux::reset_all() {
  tombstones_.clear();
  control_.clear();
  turns_.clear();
  when_flushed_.clear();
  Streams gone;
  gone.swap(streams_);
  for (auto& [id, stream] : gone) {
    stream->mux_ = nullptr;
    std::string().swap(stream->queue_);
    stream->sent_ = 0;
  }
  for (auto& [id, stream] : gone) {
    const std::shared_ptr<StreamHandler> handler = std::move(stream->handler_);
    if (handler) handler->on_reset();
  }
}

void Mux::violated(const std::string& what) {
  if (end_ == MuxEnd::kHost) return fail("it carried " + what);
  ++session_;
  ready_ = false;
  decoder_.reset();
  reset_all();
}

void Mux::fail(const std::string& reason) {
  if (broken_) return;
  broken_ = true;
  ready_ = false;
  ++session_;
  decoder_.reset();
  reset_all();
  if (events_.on_broken) events_.on_broken(reason);
}

void Mux::schedule(MuxStream& stream) {
  if (!stream.open()) return;
  const bool may_send = stream.queued() > 0 && stream.credit_ > 0;
  const bool may_finish = stream.queued() == 0 && stream.finishing_ && !stream.finished_;
  if (!stream.accepted_ || stream.scheduled_ || !(may_send || may_finish)) return;
  stream.scheduled_ = true;
  turns_.push_back(streams_.at(stream.id_));
  wake_writer();
}

void Mux::when_flushed(std::function<void()> action) {
  when_flushed_.push_back(std::move(action));
  wake_writer();
}

/// The write comes after the handler that runs now: what it sends in pieces goes out as one.
void Mux::wake_writer() {
  if (writing_ || wake_posted_) return;
  wake_posted_ = true;
  asio::post(link_.get_executor(), [this, alive = alive_] {
    if (!*alive) return;
    wake_posted_ = false;
    if (!writing_) write_output();
    if (*alive) report_room();
  });
}

void Mux::fill_output() {
  output_.clear();
  written_ = 0;
  output_.swap(control_);
  while (!turns_.empty() && output_.size() < kOutputBytes) {
    const std::shared_ptr<MuxStream> stream = turns_.front().lock();
    turns_.pop_front();
    if (stream && stream->open()) send_from(*stream);
  }
}

/// One turn is one frame, so that every stream with something to say gets its share.
void Mux::send_from(MuxStream& stream) {
  stream.scheduled_ = false;
  if (stream.queued() > 0) {
    const std::string_view waiting = std::string_view(stream.queue_).substr(stream.sent_);
    const std::size_t bytes = frame_cut(waiting.substr(0, stream.credit_));
    append_frame(output_, stream.id_, MuxType::kData, waiting.substr(0, bytes));
    stream.sent_ += bytes;
    stream.credit_ -= static_cast<std::uint32_t>(bytes);
    stream.drop_sent();
    if (stream.waiting_for_room_ && stream.queued() <= MuxStream::kQueueBytes / 2) {
      stream.waiting_for_room_ = false;
      gained_room_.push_back(streams_.at(stream.id_));
    }
  }
  if (stream.queued() == 0 && stream.finishing_ && !stream.finished_) {
    append_frame(output_, stream.id_, MuxType::kFin);
    stream.finished_ = true;
    return remove_if_finished(stream);
  }
  schedule(stream);
}

void Mux::write_output() {
  if (broken_) output_.clear();
  if (written_ >= output_.size()) fill_output();
  if (output_.empty()) {
    std::vector<std::function<void()>> flushed;
    flushed.swap(when_flushed_);
    for (auto& action : flushed) action();
    return;
  }
  writing_ = true;
  link_.async_write_some(asio::buffer(output_.data() + written_, output_.size() - written_),
                         [this, alive = alive_](auto failed, std::size_t n) {
                           if (*alive) on_written(failed, n);
                         });
}

void Mux::on_written(const asio::error_code& failed, std::size_t bytes) {
  const std::shared_ptr<bool> alive = alive_;
  writing_ = false;
  written_ += bytes;
  if (failed) return fail(describe(failed));
  write_output();
  if (*alive) report_room();
  if (*alive && !reading_) read_some();
}

void Mux::report_room() {
  const std::shared_ptr<bool> alive = alive_;
  std::vector<std::weak_ptr<MuxStream>> gained;
  gained.swap(gained_room_);
  for (const auto& weak : gained) {
    if (!*alive) return;
    const std::shared_ptr<MuxStream> stream = weak.lock();
    if (!stream || !stream->open()) continue;
    const std::shared_ptr<StreamHandler> handler = stream->handler_;
    if (handler) handler->on_writable();
  }
}

}  // namespace pyro::link
