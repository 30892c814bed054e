#include "services/workspace/write_down.h"

#include <chrono>

#include "common/process/wait.h"

namespace pyro::workspace {
namespace {

/// Between two tries.
constexpr std::chrono::seconds kWriteAgain{1};

}  // namespace

bool write_down(const std::function<void()>& write,
                const std::function<void(const std::exception&)>& later,
                const std::stop_token& stop) {
  for (bool told = false;; told = true) {
    try {
      write();
      return true;
    } catch (const std::exception& error) {
      if (!told) later(error);
    }
    if (!sleep_unless_stopped(kWriteAgain, stop)) return false;
  }
}

}  // namespace pyro::workspace
