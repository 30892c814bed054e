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
  // Freed without the lock: they may hold much.
  std::deque<Job> ready;
  std::map<std::string, std::deque<Job>> waiting;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  ready.swap(ready_);
  waiting.swap(waiting_);
  changed_.notify_all();
}

std::optional<WorkPool::Ticket> WorkPool::submit(const std::string& key, Task task) {
  const std::lock_guard lock(mutex_);
  if (closed_ || ready_.size() >= kQueueLimit) return std::nullopt;
  Job job{++last_ticket_, key, std::move(task)};
  if (!key.empty()) {
    const auto [busy, first] = waiting_.try_emplace(key);
    if (!first) {
      if (busy->second.size() >= kQueueLimit) return std::nullopt;
      busy->second.push_back(std::move(job));
      return last_ticket_;
    }
  }
  enqueue(std::move(job));
  if (threads_ > 0) return last_ticket_;
  // Not even one thread could be started.
  ready_.pop_back();
  waiting_.erase(key);
  return std::nullopt;
}

void WorkPool::drop(Ticket ticket) {
  Job dropped;  // freed without the lock: it may hold much
  const std::lock_guard lock(mutex_);
  const auto taken_from = [&](std::deque<Job>& jobs) {
    const auto found = std::find_if(jobs.begin(), jobs.end(),
                                    [ticket](const Job& job) { return job.ticket == ticket; });
    if (found == jobs.end()) return false;
    dropped = std::move(*found);
    jobs.erase(found);
    return true;
  };
  if (taken_from(ready_)) {
    if (!dropped.key.empty()) finish(dropped.key);
    return;
  }
  for (auto& [key, jobs] : waiting_) {
    if (taken_from(jobs)) return;
  }
}

void WorkPool::enqueue(Job job) {
  ready_.push_back(std::move(job));
  if (idle_ >= ready_.size()) {
    changed_.notify_one();
  } else if (threads_ < max_threads_) {
    try {
      std::thread([this] { work(); }).detach();
      ++threads_;
    } catch (const std::system_error&) {
      // The limit of processes is reached: those that run will come to it.
    }
  }
}

void WorkPool::finish(const std::string& key) {
  const auto busy = waiting_.find(key);
  if (busy == waiting_.end()) return;
  if (busy->second.empty()) {
    waiting_.erase(busy);
    return;
  }
  Job next = std::move(busy->second.front());
  busy->second.pop_front();
  enqueue(std::move(next));
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
    if (!job.key.empty()) finish(job.key);
  }
  --threads_;
  // Under the lock: the destructor may free this object as soon as it sees the last thread gone.
  changed_.notify_all();
}

}  // namespace pyro
