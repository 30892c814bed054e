#pragma once

#include <asio/io_context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>

#include "common/link/mux.h"
#include "guest/agent/files/workspace.h"

namespace pyro::agent::files {

/// Gives every connection to the files port its own thread, so that blocking work on files stays
/// out of the agent's loop. To the loop a connection is an ordinary socket.
class FilesPort {
 public:
  static constexpr std::size_t kMaxConnections = 32;

  FilesPort(asio::io_context& io, Workspace& workspace) : io_(io), workspace_(workspace) {}
  /// Ends the connections and waits for their threads.
  ~FilesPort();
  FilesPort(const FilesPort&) = delete;
  FilesPort& operator=(const FilesPort&) = delete;

  /// Accepts the stream, or resets it if there are too many.
  void take(const std::shared_ptr<link::MuxStream>& stream);

 private:
  void start_thread(UniqueFd socket);
  void serve(UniqueFd socket);

  asio::io_context& io_;
  Workspace& workspace_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<int> sockets_;  ///< of the threads
};

}  // namespace pyro::agent::files
