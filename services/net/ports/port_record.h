#pragma once

#include <fmt/core.h>

#include <string>

#include "common/api/ports.h"

namespace pyro::net {

/// A row of the table `published_ports`; its id is the host's port.
using PortRecord = api::PublishedEntry;

inline std::string row_of(std::uint32_t host_port) { return fmt::format("{:05}", host_port); }

}  // namespace pyro::net
