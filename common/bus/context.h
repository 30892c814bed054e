#pragma once

#include <memory>
#include <vector>

#include "common/base/files.h"

namespace zmq {
class context_t;
}

namespace pyro::bus {

/// A process's ZeroMQ context and thread. One per process; outlives its clients and servers. Only
/// common/bus sees ZeroMQ.
class Context {
 public:
  Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  zmq::context_t& zmq() { return *zmq_; }

  /// Keeps a server's lock until ZeroMQ is done with its sockets: it removes a socket's file some
  /// time after closing the socket, and must not remove the next process's file.
  void keep(FileLock lock) { locks_.push_back(std::move(lock)); }

 private:
  std::vector<FileLock> locks_;
  std::unique_ptr<zmq::context_t> zmq_;
};

}  // namespace pyro::bus
