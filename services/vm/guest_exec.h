#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/api/agent.h"
#include "common/base/clock.h"
#include "common/guest/machine_paths.h"

namespace pyro::vm {

/// Takes what a command prints: stream 1 or 2. It may block; the command then waits.
using OutputSink = std::function<void(std::uint32_t stream, std::string_view data)>;

/// What to run.
struct GuestCommand {
  std::string command;
  std::string home;
  std::chrono::seconds timeout;
};

/// Runs one shell command in the guest as a job and returns how it ended. On a stop it returns at
/// once, and the caller ends the machine; a guest that says nothing after the command's time is an
/// Error, not a hang.
api::agent::Job exec_in_guest(const MachinePaths& paths, const GuestCommand& what,
                              const OutputSink& output, Deadline deadline,
                              const std::stop_token& stop);

}  // namespace pyro::vm
