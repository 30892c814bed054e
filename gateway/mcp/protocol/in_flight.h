#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "gateway/mcp/protocol/call.h"

namespace pyro::mcp {

/// The calls of a connection that are not answered yet, by the client's ids: `1` is not `"1"`.
class InFlight {
 public:
  void add(const Json& id, std::shared_ptr<Call> call) {
    const std::lock_guard lock(mutex_);
    calls_.emplace(to_line(id), std::move(call));
  }
  /// Null when there is none.
  std::shared_ptr<Call> find(const Json& id) {
    const std::lock_guard lock(mutex_);
    const auto found = calls_.find(to_line(id));
    return found == calls_.end() ? nullptr : found->second;
  }
  /// For the call itself alone, when it ends: its id then is another's.
  void remove(const Json& id) {
    const std::lock_guard lock(mutex_);
    calls_.erase(to_line(id));
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Call>> calls_;
};

}  // namespace pyro::mcp
