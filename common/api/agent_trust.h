#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/api/field.h"

/// The agent's operation on the certificates that a guest trusts, on its port.
namespace pyro::api::agent {

inline constexpr std::size_t kMostTrusted = 1024;

/// Has the guest's programs trust these beside those of its own: they are in the system's store,
/// where it has one, and variables of later commands name them to programs with stores of their
/// own. They take the place of those of a former call. Nothing of it is in /workspace.
struct TrustCertificates {
  static constexpr Method kMethod{"agent.trust_certificates", Idempotent::kYes};
  using Reply = Nothing;
  std::vector<std::string> certificates;
  std::vector<std::string> public_ones;

  template <class Fields>
  static void describe(Fields& f) {
    f("certificates", &TrustCertificates::certificates, "Each as PEM.", max_length(kMostTrusted));
    f("public_ones", &TrustCertificates::public_ones,
      "The same of a whole store, for a guest that has none: programs that are told of ours would "
      "else trust nothing but these.",
      max_length(kMostTrusted));
  }
};

using AgentTrustApi = Api<TrustCertificates>;

}  // namespace pyro::api::agent
