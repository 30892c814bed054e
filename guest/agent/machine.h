#pragma once

#include "common/api/agent.h"
#include "common/api/agent_secrets.h"
#include "common/api/agent_trust.h"

namespace pyro::agent {

/// The machine that the agent runs on.
class Machine {
 public:
  virtual ~Machine() = default;
  virtual void personalize(const api::agent::Personalize& identity) = 0;
  virtual void configure_network(const api::agent::ConfigureNetwork& wanted) = 0;
  virtual api::agent::JobConnections connections(
      const api::agent::AskConnections& request) const = 0;
  virtual void install_secrets(const api::agent::InstallSecrets& request) = 0;
  virtual void trust_certificates(const api::agent::TrustCertificates& wanted) = 0;
  [[noreturn]] virtual void power_off() = 0;
};

}  // namespace pyro::agent
