#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "common/api/network.h"
#include "common/network/connection_log.h"

namespace pyro::network {

/// Whether the log in a machine's directory may have lines since then (seconds since the epoch).
bool is_logged_since(const std::filesystem::path& directory, double since);

/// What a machine was denied since then, each kind once and the latest last, by the log in its
/// directory, of the lines that count; at most api::kMostDenied. Empty without a network.
std::vector<api::EgressDenied> denied_since(
    const std::filesystem::path& directory, double since,
    const std::function<bool(const LogLine&)>& counts = [](const LogLine&) { return true; });

}  // namespace pyro::network
