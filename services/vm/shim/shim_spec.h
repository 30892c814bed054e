#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/api/field.h"
#include "common/confinement/confinement_plan.h"

namespace pyro::vm {

/// The instructions of a shim: `pyro-vm-shim FILE` reads them as JSON.
struct ShimSpec {
  std::vector<std::string> argv;
  std::string link_socket;
  std::string control_socket;
  std::string vmm_log;
  std::string console_log;
  std::vector<std::int32_t> descriptors;
  std::int32_t niceness = 0;
  bool ends_by_signals = true;
  ConfinementPlan confinement{};

  template <class Fields>
  static void describe(Fields& f) {
    f("argv", &ShimSpec::argv, "The VMM's command line; it inherits the link as descriptor 3.",
      api::kRequired);
    f("link_socket", &ShimSpec::link_socket, "Unix socket to serve the guest link on.",
      api::kRequired);
    f("control_socket", &ShimSpec::control_socket,
      "Unix socket for the vm service; empty: the VMM has no monitor.");
    f("vmm_log", &ShimSpec::vmm_log, "File for what the VMM prints.", api::kRequired);
    f("console_log", &ShimSpec::console_log,
      "File for the guest's console, which the VMM has as descriptor 6; empty: it has none.");
    f("descriptors", &ShimSpec::descriptors,
      "Descriptors that the shim was given and hands on to the VMM under the same numbers.");
    f("niceness", &ShimSpec::niceness, "Scheduling priority of both: 19 gives way to all others.",
      api::range(0, 19));
    f("ends_by_signals", &ShimSpec::ends_by_signals,
      "Whether SIGTERM, SIGHUP and SIGINT end the VMM itself.");
    f("confinement", &ShimSpec::confinement, "How the VMM is shut in.");
  }
};

}  // namespace pyro::vm
