#pragma once

#include <memory>
#include <vector>

#include "common/base/files.h"

namespace zmq {
class context_t;
}

namespace pyro::bus {

/// A process's part in the bus: ZeroMQ's own thread. One per process, made before its clients
/// and servers and destroyed after them. Only common/bus sees ZeroMQ.
class Context {
 public:
  Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  zmq::context_t& zmq() { return *zmq_; }

  /// Keeps a server's lock until ZeroMQ is done with its sockets: it removes a socket's file some
  /// time after the socket was closed, and must not remove that of the next process.
  void keep(FileLock lock) { locks_.push_back(std::move(lock)); }

 private:
  std::vector<FileLock> locks_;
  std::unique_ptr<zmq::context_t> zmq_;
};

}  // namespace pyro::bus
