#pragma once

#include <filesystem>
#include <vector>

#include "common/api/network.h"

namespace pyro::network {

/// What a machine was denied since then (seconds since the epoch), each kind once and the latest
/// last, by the log in its directory; at most api::kMostDenied. Empty without a network.
std::vector<api::EgressDenied> denied_since(const std::filesystem::path& directory, double since);

}  // namespace pyro::network
