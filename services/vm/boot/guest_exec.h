#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/api/agent.h"
#include "common/guest/machine_paths.h"
#include "common/work/work.h"

namespace pyro::vm {

/// Takes a command's output: stream 1 or 2. It may block; the command then waits.
using OutputSink = std::function<void(std::uint32_t stream, std::string_view data)>;

/// The command to run, and its conditions.
struct GuestCommand {
  std::string command;
  std::string home;
  std::chrono::seconds timeout;
  std::uint32_t mem_mib = 0;  ///< of the machine, for what is said when it is used up
};

/// Runs one shell command in the guest as a job and returns how it ended. On a stop it returns at
/// once, and the caller ends the machine. A guest that is silent after the command's time is an
/// Error, not a hang.
api::agent::Job exec_in_guest(const MachinePaths& paths, const GuestCommand& what,
                              const OutputSink& output, const Work& work);

}  // namespace pyro::vm
