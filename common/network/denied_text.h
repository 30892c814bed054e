#pragma once

#include <string>
#include <vector>

#include "common/api/network.h"

namespace pyro::network {

/// One sentence on what a command was denied, with the command by which the person can allow what
/// lacks a name on the list alone; "" for nothing.
std::string denied_text(const std::string& workspace_id,
                        const std::vector<api::EgressDenied>& denied);

}  // namespace pyro::network
