#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace pyro {

/// This process's state of things, beside their records: one `State` per id, shared by the calls on
/// the thing. Thread-safe.
template <class State>
class Live {
 public:
  /// Creates the state at the first call.
  std::shared_ptr<State> get(const std::string& id) {
    const std::lock_guard lock(mutex_);
    auto& state = states_[id];
    if (!state) state = std::make_shared<State>();
    return state;
  }
  /// Forgets a deleted thing. A call that still works on it keeps the state until its end.
  void forget(const std::string& id) {
    const std::lock_guard lock(mutex_);
    states_.erase(id);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<State>> states_;
};

}  // namespace pyro
