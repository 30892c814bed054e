#include <fmt/core.h>

#include <csignal>
#include <string_view>

#include "common/base/error.h"
#include "common/base/standard_descriptors.h"
#include "common/network/gate_protocol.h"
#include "services/net/gate/gate.h"

/// `pyro-net-gate DIRECTORY`: the network of one machine; descriptor 3 is its shim's.
/// `pyro-net-gate --try`: whether this host allows it; prints a GateReport.
int main(int argc, char** argv) {
  pyro::open_standard_descriptors();
  try {
    if (argc != 2) throw pyro::invalid_argument("usage: pyro-net-gate DIRECTORY | --try");
    const std::string_view word = argv[1];
    if (word == pyro::network::kTryGateWord) {
      pyro::gate::try_gate();
      return 0;
    }
    ::signal(SIGPIPE, SIG_IGN);
    pyro::gate::run_gate(pyro::network::kGateSocket, word);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
