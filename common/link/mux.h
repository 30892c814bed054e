#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/link/mux_frame.h"

namespace pyro::link {

class Mux;

/// Receives the events of a stream; none after on_reset().
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  virtual void on_accepted() {}
  /// MuxStream::consume() returns the credit for it to the peer.
  virtual void on_data(std::string_view data) = 0;
  /// The peer sends no more.
  virtual void on_finish() = 0;
  virtual void on_reset() = 0;
  /// has_room() is true again.
  virtual void on_writable() = 0;
};

/// One stream of a Mux: ordered bytes both ways, each way with its own credit and its own end.
/// After a reset, or without its mux, calls do nothing.
class MuxStream {
 public:
  /// The queued bytes at which has_room() turns false.
  static constexpr std::size_t kQueueBytes = 512U << 10U;

  MuxStream(Mux& mux, std::uint32_t id) : mux_(&mux), id_(id) {}

  std::uint32_t id() const { return id_; }
  bool open() const { return mux_ != nullptr; }
  bool accepted() const { return accepted_; }

  /// The agent accepts an open stream; reset() refuses it.
  void accept(std::shared_ptr<StreamHandler> handler);
  /// Queues bytes; check has_room() to keep the queue bounded.
  void write(std::string_view data);
  /// The same, without a copy where nothing is queued.
  void take(std::string data);
  /// Queues what `read` puts into room for `most` bytes; returns its result, their number or less
  /// than 1.
  ssize_t take_from(std::size_t most, const std::function<ssize_t(char*, std::size_t)>& read);
  bool has_room();
  /// Sends the queue, then ends this side.
  void finish();
  void reset();
  /// `bytes` of the input no longer take memory here: the peer may send as many more.
  void consume(std::size_t bytes);

 private:
  friend class Mux;
  std::size_t queued() const { return queue_.size() - sent_; }
  void drop_sent();

  Mux* mux_;
  std::uint32_t id_;
  std::shared_ptr<StreamHandler> handler_;
  std::string queue_;
  std::size_t sent_ = 0;
  std::uint32_t credit_ = kWindowBytes;
  std::uint32_t received_ = 0;  ///< received, and not yet granted again
  std::uint32_t consumed_ = 0;  ///< of these, consumed
  bool accepted_ = false;
  bool waiting_for_room_ = false;
  bool scheduled_ = false;
  bool finishing_ = false;
  bool finished_ = false;
  bool peer_finished_ = false;
};

/// Which end of the link this is.
enum class MuxEnd {
  kHost,   ///< says HELLO, opens streams, gives the link up at the first wrong frame
  kAgent,  ///< accepts streams, waits for the next HELLO after wrong frames
};

/// The reports of a Mux.
struct MuxEvents {
  std::function<void()> on_ready;  ///< host: the agent answered; agent: a host said HELLO
  /// Agent: the host opens `port`; answer with accept() or reset(), now or later.
  std::function<void(const std::shared_ptr<MuxStream>&, std::uint32_t port)> on_open;
  /// The byte stream ended, or (host) carried an invalid frame. All streams are reset.
  std::function<void(const std::string& reason)> on_broken;
};

/// Many streams over one byte stream. One thread, no locks. Memory is bounded by kMaxStreams times
/// a queue and a window, even for a hostile peer.
class Mux {
 public:
  Mux(asio::io_context& io, UniqueFd link, MuxEnd end, MuxEvents events);
  ~Mux();
  Mux(const Mux&) = delete;
  Mux& operator=(const Mux&) = delete;

  /// Starts reading, and saying HELLO on the host end; call it again after on_broken when the byte
  /// stream is back.
  void start();
  bool ready() const { return ready_; }

  /// Host end. nullptr: kMaxStreams are open.
  std::shared_ptr<MuxStream> open(std::uint32_t port, std::shared_ptr<StreamHandler> handler);

  /// Calls `action` once the current queue is written.
  void when_flushed(std::function<void()> action);

 private:
  friend class MuxStream;
  using Streams = std::map<std::uint32_t, std::shared_ptr<MuxStream>>;

  void read_some();
  void on_read(std::string_view chunk);
  void take_frames(std::string_view part);
  void on_frame(const MuxFrame& frame);
  void on_hello(const std::string& nonce);
  void on_open(const MuxFrame& frame);
  void on_window(MuxStream& stream, std::uint32_t credit);
  void on_data(MuxStream& stream, std::string_view data);
  void on_fin(MuxStream& stream);
  void on_reset(const MuxFrame& frame);
  void answer_unknown(const MuxFrame& frame);
  void remove(std::uint32_t id);
  void remove_if_finished(const MuxStream& stream);
  void reset_all();
  void violated(const std::string& what);
  void fail(const std::string& reason);

  void schedule(MuxStream& stream);
  void wake_writer();
  void fill_output();
  void send_from(MuxStream& stream);
  void write_output();
  void on_written(const asio::error_code& failed, std::size_t bytes);
  void report_room();

  asio::posix::stream_descriptor link_;
  MuxEnd end_;
  MuxEvents events_;
  bool ready_ = false;
  bool reading_ = false;
  bool broken_ = false;
  std::uint64_t session_ = 0;  ///< counts HELLOs and breaks; frames of older ones are void

  std::string nonce_;
  HelloScanner scanner_;
  MuxDecoder decoder_;
  std::vector<char> input_;

  Streams streams_;
  std::uint32_t last_id_ = 0;
  std::set<std::uint32_t> tombstones_;  ///< reset here, not yet acknowledged

  std::string control_;
  std::string output_;
  std::size_t written_ = 0;
  bool writing_ = false;
  bool wake_posted_ = false;
  std::deque<std::weak_ptr<MuxStream>> turns_;
  std::vector<std::weak_ptr<MuxStream>> gained_room_;
  std::vector<std::function<void()>> when_flushed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pyro::link
