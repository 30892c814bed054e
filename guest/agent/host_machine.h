#pragma once

#include "guest/agent/job_processes.h"
#include "guest/agent/machine.h"

namespace pyro::agent {

/// The host itself in host mode: the agent changes neither its identity nor its network, and power
/// off ends the agent and everything that its jobs started.
class HostMachine : public Machine {
 public:
  explicit HostMachine(Launcher& launcher) : launcher_(launcher) {}
  void personalize(const api::agent::Personalize&) override {}
  void configure_network(const api::agent::ConfigureNetwork&) override {}
  api::agent::JobConnections connections(const api::agent::AskConnections&) const override {
    return {};
  }
  void trust_certificates(const api::agent::TrustCertificates&) override {}
  void install_secrets(const api::agent::InstallSecrets& request) override;
  [[noreturn]] void power_off() override;

 private:
  Launcher& launcher_;
};

}  // namespace pyro::agent
