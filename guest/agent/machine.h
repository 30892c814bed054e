#pragma once

#include "common/api/agent.h"

namespace pyro::agent {

/// What the agent does to the machine it runs on.
class Machine {
 public:
  virtual ~Machine() = default;
  virtual void personalize(const api::agent::Personalize& identity) = 0;
  /// Does not come back.
  [[noreturn]] virtual void power_off() = 0;
};

}  // namespace pyro::agent
