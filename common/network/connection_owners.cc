#include "common/network/connection_owners.h"

#include <cmath>

namespace pyro::network {
namespace {

/// By two clocks: a guest's runs by itself from its start on.
constexpr double kMostSecondsApart = 60;

}  // namespace

ConnectionOwners::ConnectionOwners(const std::vector<api::agent::JobConnection>& connections) {
  for (const auto& one : connections) {
    uses_[{one.tcp, one.guest_port}].push_back(
        {static_cast<double>(one.realtime_ns) / 1e9, one.job_id});
  }
}

const std::string* ConnectionOwners::of(const LogLine& line) const {
  const double began = line.time - static_cast<double>(line.milliseconds) / 1000;
  const Use* nearest = nullptr;
  double least = kMostSecondsApart;
  for (const bool tcp : {true, false}) {
    // A question may come over either.
    const bool fits = line.protocol == Protocol::kDns || tcp == (line.protocol == Protocol::kTcp);
    const auto found = fits ? uses_.find({tcp, line.guest_port}) : uses_.end();
    if (found == uses_.end()) continue;
    for (const Use& use : found->second) {
      const double apart = std::abs(use.time - began);
      if (apart >= least) continue;
      least = apart;
      nearest = &use;
    }
  }
  return nearest == nullptr ? nullptr : &nearest->job_id;
}

}  // namespace pyro::network
