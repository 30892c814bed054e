#pragma once

#include <sys/types.h>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <functional>
#include <map>

namespace pyro::agent {

/// Reaps every child of the agent, adopted orphans included.
class Children {
 public:
  explicit Children(asio::io_context& io);

  /// `on_exit` gets the exit code, 128 + n after signal n.
  void watch(pid_t pid, std::function<void(int exit_code)> on_exit);
  /// Runs after each reaping of children.
  void after_reaping(std::function<void()> action) { after_reaping_ = std::move(action); }
  /// Waits until no child is left.
  static void reap_all();

 private:
  void wait();
  void reap();

  asio::signal_set signals_;
  std::map<pid_t, std::function<void(int)>> watched_;
  std::function<void()> after_reaping_;
};

/// The exit code as a shell reports it.
int exit_code_of(int wait_status);

}  // namespace pyro::agent
