#include "guest/agent/files/files_port.h"

#include <sys/socket.h>

#include <array>
#include <thread>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/link/bridge.h"
#include "guest/agent/files/files_connection.h"
#include "guest/agent/files/no_signals.h"

namespace pyro::agent::files {
FilesPort::~FilesPort() {
  std::unique_lock lock(mutex_);
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  ended_.wait(lock, [this] { return sockets_.empty(); });
}

void FilesPort::take(const std::shared_ptr<link::MuxStream>& stream) {
  {
    const std::lock_guard lock(mutex_);
    if (sockets_.size() >= kMaxConnections) return stream->reset();
  }
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return stream->reset();
  }
  UniqueFd ours(ends[0]);
  UniqueFd threads(ends[1]);
  try {
    const asio::generic::stream_protocol protocol(AF_UNIX, 0);
    const auto bridge =
        std::make_shared<link::Bridge>(link::Bridge::Socket(io_, protocol, ours.release()));
    start_thread(std::move(threads));
    stream->accept(bridge);
    bridge->start(stream);
  } catch (const std::exception&) {  // no more threads, no more descriptors
    stream->reset();
  }
}

void FilesPort::start_thread(UniqueFd socket) {
  const int fd = socket.get();
  const auto forget = [this, fd] {
    const std::lock_guard lock(mutex_);
    sockets_.erase(fd);
    ended_.notify_all();
  };
  {
    const std::lock_guard lock(mutex_);
    sockets_.insert(fd);
  }
  Cleanup undo(forget);
  const NoSignals none;
  std::thread([this, owned = std::move(socket)]() mutable { serve(std::move(owned)); }).detach();
  undo.dismiss();
}

void FilesPort::serve(UniqueFd socket) {
  {
    FilesConnection connection(socket.get(), workspace_);
    connection.serve();
    // Before what is still to be tidied up, which may have to wait.
    ::shutdown(socket.get(), SHUT_RDWR);
  }
  const std::lock_guard lock(mutex_);
  sockets_.erase(socket.get());
  ended_.notify_all();
}

}  // namespace pyro::agent::files
