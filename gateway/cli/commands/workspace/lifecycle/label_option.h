#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/command_line/command.h"

namespace pyro::cli {

/// Adds the repeatable `--label KEY=VALUE`.
void add_label_option(CliCommand& command, std::vector<std::string>& labels);

/// Splits each `KEY=VALUE`; a value may be empty and contain `=`. UsageError: no key, no `=`, or a
/// duplicate key.
std::map<std::string, std::string> labels_of(const std::vector<std::string>& labels);

}  // namespace pyro::cli
