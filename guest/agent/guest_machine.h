#pragma once

#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "guest/agent/machine.h"

namespace pyro::agent {

/// The microVM that the agent is pid 1 of.
class GuestMachine : public Machine {
 public:
  /// File systems to be brought to rest before the power goes, by a descriptor inside each.
  explicit GuestMachine(std::vector<UniqueFd> volumes) : volumes_(std::move(volumes)) {}

  void personalize(const api::agent::Personalize& identity) override;
  [[noreturn]] void power_off() override;

 private:
  std::vector<UniqueFd> volumes_;
};

}  // namespace pyro::agent
