#pragma once

#include <string>
#include <vector>

#include "common/command_line/command.h"
#include "common/config/paths.h"

namespace pyro::cli {

/// The flags that stand before every command.
void add_global_flags(CliCommand& root, PathFlags& paths, std::vector<std::string>& settings);

}  // namespace pyro::cli
