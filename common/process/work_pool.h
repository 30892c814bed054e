#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace pyro {

/// A bounded pool of threads that grows on demand and shrinks when idle.
class WorkPool {
 public:
  using Task = std::function<void()>;
  /// Identifies one task; never reused.
  using Ticket = std::uint64_t;

  explicit WorkPool(std::size_t max_threads) : max_threads_(max_threads) {}
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;
  /// Waits for running tasks, after close().
  ~WorkPool();

  /// nullopt: all threads are busy and the queue is full, no thread can be started, or the pool is
  /// closed.
  std::optional<Ticket> submit(Task task);
  /// Starts no more tasks and frees the queued ones, without waiting.
  void close();
  /// Frees a queued task and its place in the queue.
  void drop(Ticket ticket);

 private:
  struct Job {
    Ticket ticket;
    Task task;
  };
  void work();

  const std::size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> ready_;
  Ticket last_ticket_ = 0;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
  bool closed_ = false;
};

}  // namespace pyro
