#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace pyro::test {

/// Whether `so` comes true in time: for what another process or thread does and nothing announces.
inline bool soon(const std::function<bool()>& so) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!so()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace pyro::test
