#pragma once

#include <atomic>
#include <string_view>
#include <vector>

#include "common/process/work_pool.h"
#include "gateway/mcp/protocol/progress_ticker.h"
#include "gateway/mcp/protocol/tool.h"

namespace pyro::mcp {

/// Calls that run at the same time, at most.
inline constexpr std::size_t kMaxThreads = 64;
/// What calls hold that are not over, all together; whatever one message can hold is less.
inline constexpr std::size_t kMaxHeldBytes = 256U << 20U;

/// What a server has, and what it works with. No thread before the first call.
struct Offer {
  const ServerInfo info;
  const std::vector<Tool> tools;
  ProgressTicker ticker;
  std::atomic<std::size_t> held_bytes = 0;
  /// The last member: its end waits for the calls that run.
  WorkPool pool{kMaxThreads};

  const Tool* find(std::string_view name) const {
    for (const Tool& tool : tools) {
      if (tool.name == name) return &tool;
    }
    return nullptr;
  }
};

}  // namespace pyro::mcp
