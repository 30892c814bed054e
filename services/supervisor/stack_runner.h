#pragma once

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "common/api/stack.h"
#include "common/config/config.h"
#include "services/supervisor/supervised_service.h"

namespace pyro::supervisor {

/// All services of the stack: starts them in order, and ends them in reverse order on a signal, on
/// request or after a long time without use.
class StackRunner {
 public:
  StackRunner(const StackFile& stack, const Paths& paths, const Config& config,
              const std::vector<std::string>& settings, bus::Context& context, bool replace);
  StackRunner(const StackRunner&) = delete;
  StackRunner& operator=(const StackRunner&) = delete;

  /// Starts the services and the thread that ends them once `signal_fd` is readable.
  void start(int signal_fd);
  /// Readable once all services are down.
  int done_fd() const { return done_.get(); }

  /// Ends the stack; returns when it is down.
  void bring_down();
  /// Waits until each service runs or is given up; false: that took too long.
  bool wait_until_settled(Deadline deadline, const std::stop_token& stop);
  api::Stack status(bool measure) const;

 private:
  void run(int signal_fd);
  /// How long the stack must continue at least; zero: it is unused and may end.
  std::chrono::milliseconds time_left();
  void quiesce_services();
  void stop_services();

  const Paths& paths_;
  std::chrono::milliseconds idle_limit_;
  double started_at_ = now_epoch_seconds();
  mutable StateBoard board_;
  bool down_ = false;  ///< under the board's mutex
  UniqueFd asked_;
  UniqueFd done_;
  std::vector<std::unique_ptr<SupervisedService>> services_;
  std::jthread thread_;
};

}  // namespace pyro::supervisor
