#pragma once

#include <asio/generic/stream_protocol.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "common/link/mux.h"

namespace pyro::link {

/// Carries bytes between a socket and a stream of the mux, both ways, with half close and back
/// pressure: it reads no more from one side than the other takes.
class Bridge : public StreamHandler, public std::enable_shared_from_this<Bridge> {
 public:
  using Socket = asio::generic::stream_protocol::socket;

  explicit Bridge(Socket socket);

  /// Begins at once. The stream is open or (host end) being opened; then the bridge writes `OK
  /// <id>\n` to the socket once the agent accepts, and reads it only afterwards.
  void start(std::shared_ptr<MuxStream> stream, const std::string& first_bytes = {});

  void on_accepted() override;
  void on_data(std::string_view data) override;
  void on_finish() override;
  void on_reset() override;
  void on_writable() override;

 private:
  void read_socket();
  void write_socket(std::string_view data);
  void count_written(std::size_t bytes);
  void write_pending();
  void give_up();
  void close_if_done();

  Socket socket_;
  std::shared_ptr<MuxStream> stream_;
  std::string pending_;        ///< being written to the socket
  std::string behind_;         ///< received meanwhile; bounded by the stream's window
  std::size_t uncounted_ = 0;  ///< bytes to be written that are ours, not the stream's
  bool reading_ = false;
  bool writing_ = false;
  bool socket_ended_ = false;
  bool stream_ended_ = false;
};

}  // namespace pyro::link
