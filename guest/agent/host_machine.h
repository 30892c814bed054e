#pragma once

#include "guest/agent/job_processes.h"
#include "guest/agent/machine.h"

namespace pyro::agent {

/// The host's own system in host mode: an identity is not ours to give, and the end of the
/// machine is the end of the agent with all that its jobs started.
class HostMachine : public Machine {
 public:
  explicit HostMachine(Launcher& launcher) : launcher_(launcher) {}
  void personalize(const api::agent::Personalize&) override {}
  [[noreturn]] void power_off() override;

 private:
  Launcher& launcher_;
};

}  // namespace pyro::agent
