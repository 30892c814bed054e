#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/api/workspace_secrets.h"
#include "common/command_line/command.h"

namespace pyro::cli {

/// Adds the repeatable `--secret NAME=VALUE`, `--secret-file NAME=PATH` and, of the one before it,
/// `--secret-host HOST`.
void add_secret_options(CliCommand& command, std::vector<api::GivenSecret>& secrets);

/// Adds the repeatable `--secret-env VARIABLE[=SECRET]`.
void add_secret_env_option(CliCommand& command, std::map<std::string, std::string>& secret_env);

}  // namespace pyro::cli
