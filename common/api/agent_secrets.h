#pragma once

#include <string>
#include <vector>

#include "common/api/field.h"
#include "common/api/workspace_secrets.h"

/// The agent's operation on secrets, on its port.
namespace pyro::api::agent {

struct Secret {
  std::string name;
  Bytes value;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &Secret::name, "Its name, and that of its file.", kRequired, max_length(64));
    f("value", &Secret::value, "The content of its file.", max_length(kMostSecretBytes));
  }
};

/// Puts secrets where a guest's programs read them, in place of those that were there before: files
/// of mode 0400 in /run/pyro-secrets, which is memory alone. failed_precondition: the agent runs on
/// a host.
struct InstallSecrets {
  static constexpr Method kMethod{"agent.install_secrets", Idempotent::kYes};
  static constexpr std::string_view kDirectory = "/run/pyro-secrets";
  using Reply = Nothing;
  std::vector<Secret> secrets;

  template <class Fields>
  static void describe(Fields& f) {
    f("secrets", &InstallSecrets::secrets, "All of them.", max_length(kMostSecrets));
  }
};

using AgentSecretsApi = Api<InstallSecrets>;

}  // namespace pyro::api::agent
