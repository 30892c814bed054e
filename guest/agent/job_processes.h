#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "guest/agent/shell_command.h"

namespace pyro::agent {

/// Events of a job's processes.
struct ProcessEvents {
  std::function<void(int exit_code)> on_shell_exit;  ///< 128 + n after signal n
  std::function<void()> on_empty;                    ///< every process is gone
};

/// All processes that a job's shell started, even those that tried to escape. The destructor leaves
/// running ones alone.
class JobProcesses {
 public:
  virtual ~JobProcesses() = default;
  /// Of the shell.
  virtual pid_t pid() const = 0;
  virtual void signal(int number) = 0;
  virtual void kill() = 0;
  /// Whether the kernel killed one of them since memory was used up.
  virtual bool ran_out_of_memory() const { return false; }
  /// The most of them at once, when they came to that; 0 otherwise.
  virtual std::uint64_t reached_process_limit() const { return 0; }
};

/// Starts shells so that all their descendants can be found again.
class Launcher {
 public:
  virtual ~Launcher() = default;
  /// Throws if the shell does not start; kResourceExhausted (guest_overloaded) where the machine
  /// has no process for it. Events come from the loop, never from within this call.
  virtual std::unique_ptr<JobProcesses> launch(const std::string& job_id, ShellCommand& command,
                                               int out_fd, int error_fd, ProcessEvents events) = 0;
  /// Kills what is left of an ended job, and calls `gone` once that is gone. False when nothing is.
  virtual bool end_left(const std::string& job_id, std::function<void()> gone) = 0;
  /// Kills everything that it started and returns once that is gone: for the agent's end.
  virtual void end_all() = 0;
  /// Whether anything that it started lives.
  virtual bool any_left() const = 0;
};

}  // namespace pyro::agent
