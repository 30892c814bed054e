#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace pyro {

/// What this process holds of things beside their records: one `State` per id, shared by the calls
/// that work on the thing. Thread-safe.
template <class State>
class Live {
 public:
  /// Made at the first request.
  std::shared_ptr<State> get(const std::string& id) {
    const std::lock_guard lock(mutex_);
    auto& state = states_[id];
    if (!state) state = std::make_shared<State>();
    return state;
  }
  /// The thing is gone. A call that still works on it keeps its state until it ends.
  void forget(const std::string& id) {
    const std::lock_guard lock(mutex_);
    states_.erase(id);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<State>> states_;
};

}  // namespace pyro
