#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/command_line/command.h"

namespace pyro::cli {

class Session;

/// The whole command line.
std::unique_ptr<CliCommand> make_command_line(Session& session);

/// Parses and runs `arguments` (without the program's name); returns the exit status: the guest's,
/// 0, 1 failure, 2 usage, 128 + signal after a cancellation.
int run_command_line(const std::vector<std::string>& arguments);

}  // namespace pyro::cli
