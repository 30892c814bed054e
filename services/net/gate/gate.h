#pragma once

#include <filesystem>

namespace pyro::gate {

/// Makes a machine's network and relays it until the shim closes the socket, as
/// common/network/gate_protocol.h tells. The log goes into `directory`.
void run_gate(int shim, const std::filesystem::path& directory);

/// Prints whether this host lets the user make a machine's network, as a GateReport in JSON.
void try_gate();

}  // namespace pyro::gate
