#pragma once

#include <asio/io_context.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pyro::agent::files {

/// Writes what is cached of the disks to them, in a thread of its own, so that the loop never waits
/// for a disk.
class Flusher {
 public:
  /// `flush` runs in the thread and throws nothing.
  Flusher(asio::io_context& io, std::function<void()> flush);
  /// Waits for the flush under way.
  ~Flusher();
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;

  /// Calls `done` on the loop once a flush has ended that began after this call. Calls that come
  /// during a flush share the next one.
  void flush(std::function<void()> done);

 private:
  void run();

  asio::io_context& io_;
  std::function<void()> flush_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace pyro::agent::files
