#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/work/work.h"

namespace pyro::files {

/// Limits this service's connections to each guest, whose agent refuses more than 32 (a thread
/// each) and frees one a moment after we close it. Without a free slot a caller waits. Thread-safe;
/// outlives its slots.
class GuestSlots {
 public:
  static constexpr int kMostPerGuest = 16;

  /// Held as long as the connection.
  using Slot = std::shared_ptr<void>;

  /// kDeadlineExceeded, kCancelled: no slot came free in the work's time.
  Slot take(const std::string& vm_id, const Work& work);

 private:
  void give_back(const std::string& vm_id);

  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::map<std::string, int> taken_;
};

}  // namespace pyro::files
