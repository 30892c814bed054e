#pragma once

#include <string>

#include "common/api/workspace_network.h"

namespace pyro::cli {

std::string network_text(const api::WorkspaceNetwork& network);
std::string network_log_text(const api::NetworkLog& log);
/// One line.
std::string network_log_line(const api::NetworkLogEntry& entry);
std::string learned_network_text(const api::LearnedNetwork& learned);

}  // namespace pyro::cli
