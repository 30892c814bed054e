#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace pyro::agent {

/// A shell of a job, prepared before the fork: the code in the child allocates nothing, and changes
/// only errno in memory.
class ShellCommand {
 public:
  ShellCommand(const std::string& command, const std::string& cwd,
               const std::map<std::string, std::string>& environment);
  /// One that a person or a model types to. `terminal_fd` becomes its controlling terminal, and
  /// stays open until it has started.
  static ShellCommand on_terminal(int terminal_fd, const std::string& cwd,
                                  const std::map<std::string, std::string>& environment);
  /// Variables of all that start from now on, unless their own environment has others.
  static void set_default_variables(std::map<std::string, std::string> variables);
  ShellCommand(const ShellCommand&) = delete;
  ShellCommand& operator=(const ShellCommand&) = delete;

  /// In the child: becomes the shell with these as standard output and error. Reports a failure on
  /// `report_fd`, which execve closes otherwise.
  [[noreturn]] void become(int null_fd, int out_fd, int error_fd, int report_fd);

  /// In the parent: waits until the child has become the shell; throws a reported failure.
  void wait_started(int report_fd) const;

 private:
  ShellCommand(std::string shell, std::vector<std::string> words, int terminal_fd,
               const std::string& cwd, const std::map<std::string, std::string>& environment);

  std::string shell_;
  int terminal_fd_ = -1;
  std::string cwd_;
  std::vector<std::string> words_;
  std::vector<std::string> environment_;
  std::vector<char*> argv_;
  std::vector<char*> envp_;
};

/// Lets the agent hold many descriptors; shells get the old limit.
void raise_descriptor_limit();

/// Blocks every signal for its lifetime, so that no handler of the agent runs in a fresh child.
class SignalsBlocked {
 public:
  SignalsBlocked();
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
};

/// In a fresh child: restores default handlers, then unblocks all signals.
void reset_signals();

}  // namespace pyro::agent
