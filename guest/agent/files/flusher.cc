#include "guest/agent/files/flusher.h"

#include <asio/post.hpp>
#include <utility>

#include "guest/agent/files/no_signals.h"

namespace pyro::agent::files {

Flusher::Flusher(asio::io_context& io, std::function<void()> flush)
    : io_(io), flush_(std::move(flush)) {}

Flusher::~Flusher() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Flusher::flush(std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(done));
  }
  changed_.notify_all();
  if (thread_.joinable()) return;
  const NoSignals none;
  thread_ = std::thread([this] { run(); });
}

void Flusher::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    const auto served = std::exchange(waiting_, {});
    lock.unlock();
    flush_();
    for (const auto& done : served) asio::post(io_, done);
    lock.lock();
  }
}

}  // namespace pyro::agent::files
