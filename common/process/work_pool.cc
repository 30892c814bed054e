#include "common/process/work_pool.h"

#include <algorithm>
#include <system_error>

namespace pyro {
namespace {

/// An idle thread ends after this time, so that an idle service keeps none.
constexpr std::chrono::seconds kIdleThreadLife{5};
/// Calls that wait for a thread; beyond, the caller hears resource_exhausted.
constexpr std::size_t kQueueLimit = 1024;

}  // namespace

WorkPool::~WorkPool() {
  close();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return threads_ == 0; });
}

void WorkPool::close() {
  std::deque<Job> ready;  // freed without the lock: they may hold much
  const std::lock_guard lock(mutex_);
  closed_ = true;
  ready.swap(ready_);
  changed_.notify_all();
}

std::optional<WorkPool::Ticket> WorkPool::submit(Task task) {
  std::unique_lock lock(mutex_);
  if (closed_ || ready_.size() >= kQueueLimit) return std::nullopt;
  ready_.push_back({++last_ticket_, std::move(task)});
  if (idle_ >= ready_.size()) {
    const Ticket ticket = last_ticket_;
    // Woken under the lock the thread would have to wait for it first.
    lock.unlock();
    changed_.notify_one();
    return ticket;
  }
  if (threads_ < max_threads_) {
    try {
      std::thread([this] { work(); }).detach();
      ++threads_;
    } catch (const std::system_error&) {
      // The limit of processes is reached: those that run will come to it.
    }
  }
  if (threads_ > 0) return last_ticket_;
  // Not even one thread could be started.
  ready_.pop_back();
  return std::nullopt;
}

void WorkPool::drop(Ticket ticket) {
  Job dropped;  // freed without the lock: it may hold much
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(ready_.begin(), ready_.end(),
                                  [ticket](const Job& job) { return job.ticket == ticket; });
  if (found == ready_.end()) return;
  dropped = std::move(*found);
  ready_.erase(found);
}

void WorkPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    const bool woken =
        changed_.wait_for(lock, kIdleThreadLife, [this] { return closed_ || !ready_.empty(); });
    --idle_;
    if (closed_ || !woken) break;
    Job job = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    job.task();
    job.task = nullptr;
    lock.lock();
  }
  --threads_;
  // Under the lock: the destructor may free this object as soon as it sees the last thread gone.
  changed_.notify_all();
}

}  // namespace pyro
