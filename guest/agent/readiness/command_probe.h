#pragma once

#include <memory>
#include <string>

#include "guest/agent/readiness/probe.h"

namespace pyro::agent {

/// Ready when the command exits with 0. Each look is a job of its own.
class CommandProbe : public Probe {
 public:
  CommandProbe(JobTable& jobs, const api::agent::ProbeJob& request)
      : jobs_(jobs), request_(request) {}
  ~CommandProbe() override;
  void look(Found found) override;
  bool is_free() const override { return false; }

 private:
  void ended(const std::shared_ptr<Job>& job);

  JobTable& jobs_;
  const api::agent::ProbeJob request_;
  std::shared_ptr<Job> job_;
  Found found_;
  int looks_ = 0;
};

}  // namespace pyro::agent
