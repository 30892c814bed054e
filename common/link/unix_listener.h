#pragma once

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <filesystem>
#include <functional>

#include "common/base/unique_fd.h"

namespace pyro::link {

/// A unix socket that accepts connections, in a directory that only we can enter. Its destructor
/// removes it.
class UnixListener {
 public:
  /// Replaces a stale socket at `path`. `on_connection` gets each connection, non-blocking.
  UnixListener(asio::io_context& io, const std::filesystem::path& path,
               std::function<void(UniqueFd connection)> on_connection);
  ~UnixListener();
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  /// Listens at that path from here on, and no longer at the former one. Its directory is made if
  /// need be.
  void listen_again(const std::filesystem::path& path);

  /// Accepts no more.
  void close();

 private:
  void listen(const std::filesystem::path& path);
  void accept();

  asio::local::stream_protocol::acceptor acceptor_;
  std::filesystem::path path_;
  std::function<void(UniqueFd)> on_connection_;
};

}  // namespace pyro::link
