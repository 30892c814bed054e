#pragma once

#include <asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "guest/agent/readiness/probe.h"
#include "guest/agent/session.h"

namespace pyro::agent {

/// The looks at one service on its way, and their answer. Ends with its caller's connection.
class Readiness : public std::enable_shared_from_this<Readiness> {
 public:
  using Reply = Caller<api::agent::ProbeJob>;

  /// not_found: there is no such job. invalid_argument: the target is none of its kind.
  static void start(asio::io_context& io, JobTable& jobs, const api::agent::ProbeJob& request,
                    const Reply& reply);

  Readiness(asio::io_context& io, JobTable& jobs, const api::agent::ProbeJob& request,
            std::shared_ptr<Job> job, const Reply& reply);

 private:
  void look();
  void found(const std::string& why_not);
  void end(bool ready, bool ended);

  std::shared_ptr<Job> job_;
  std::unique_ptr<Probe> probe_;
  Reply reply_;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point limit_;
  std::chrono::milliseconds interval_;
  asio::steady_timer next_;
  asio::steady_timer over_;
  std::string why_ = "no look has ended yet";
};

}  // namespace pyro::agent
