#include "common/reaper/reaper.h"

#include <algorithm>
#include <chrono>

#include "common/base/clock.h"
#include "common/log/log.h"

namespace pyro {
namespace {

/// The wall clock may jump (a suspended laptop): it is looked at again at least this often.
constexpr double kLongestNapSeconds = 60;
/// After a machine that could not be deleted.
constexpr double kRetrySeconds = 5;

}  // namespace

Reaper::Reaper(Hooks hooks) : hooks_(std::move(hooks)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Reaper::~Reaper() = default;

void Reaper::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void Reaper::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::optional<double> next;
    bool failed = false;
    try {
      hooks_.reap();
      next = hooks_.next_expiry();
    } catch (const std::exception& error) {
      log::error("reaper: {}", error.what());
      failed = true;
    }
    std::unique_lock lock(mutex_);
    const auto woken = [this] { return woken_; };
    if (failed) {
      changed_.wait_for(lock, stop, std::chrono::duration<double>(kRetrySeconds), woken);
    } else if (next) {
      const double nap = std::clamp(*next - now_epoch_seconds(), 0.0, kLongestNapSeconds);
      changed_.wait_for(lock, stop, std::chrono::duration<double>(nap), woken);
    } else {
      changed_.wait(lock, stop, woken);
    }
    woken_ = false;
  }
}

}  // namespace pyro
