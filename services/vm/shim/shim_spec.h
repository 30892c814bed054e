#pragma once

#include <string>
#include <vector>

#include "common/api/field.h"

namespace pyro::vm {

/// The descriptor on which the VMM, or the host-mode agent, finds its end of the guest link.
inline constexpr int kLinkFd = 3;

/// What a shim is told: `pyro-vm-shim FILE` reads it as JSON.
struct ShimSpec {
  std::vector<std::string> argv;
  std::string link_socket;
  std::string vmm_log;

  template <class Fields>
  static void describe(Fields& f) {
    f("argv", &ShimSpec::argv, "The VMM's command line; it inherits the link as descriptor 3.",
      api::kRequired);
    f("link_socket", &ShimSpec::link_socket, "Unix socket to serve the guest link on.",
      api::kRequired);
    f("vmm_log", &ShimSpec::vmm_log, "File for what the VMM prints.", api::kRequired);
  }
};

}  // namespace pyro::vm
