#pragma once

#include <string>

#include "common/api/workspace_commands.h"

namespace pyro::cli {

/// Each command as `$ command`, its standard output indented, its standard error after `! `, and
/// how it ended after `-> `. No output can look like one of the other lines.
std::string log_text(const api::WorkspaceLog& log, double now);

}  // namespace pyro::cli
