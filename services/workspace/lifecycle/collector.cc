#include "services/workspace/lifecycle/collector.h"

#include <chrono>

#include "common/log/log.h"

namespace pyro::workspace {
namespace {

/// Between two tries, beside what a call waits for a service that is away.
constexpr std::chrono::seconds kRetry{2};
/// A call of a killed predecessor may still be at work in another service, which makes something
/// after the first collection: a second one finds it.
constexpr std::chrono::seconds kSecondLook{10};

}  // namespace

Collector::Collector(Collect collect) : collect_(std::move(collect)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Collector::wake() {
  {
    const std::lock_guard lock(mutex_);
    due_ = true;
  }
  changed_.notify_one();
}

void Collector::run(const std::stop_token& stop) {
  const log::Context context("", "collector");
  std::unique_lock lock(mutex_);
  bool first = true;
  // The wait also returns when something is due at the stop.
  while (changed_.wait(lock, stop, [this] { return due_; }) && !stop.stop_requested()) {
    due_ = false;
    lock.unlock();
    bool failed = false;
    try {
      collect_(stop);
    } catch (const std::exception& error) {
      log::warn("cleanup incomplete, will retry: {}", error.what());
      failed = true;
    }
    lock.lock();
    if (failed || first) {
      changed_.wait_for(lock, stop, failed ? kRetry : kSecondLook, [this] { return due_; });
      due_ = true;
    }
    if (!failed) first = false;
  }
}

}  // namespace pyro::workspace
