#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/command_line/command.h"

namespace pyro::cli {

/// Adds the repeatable `--label KEY=VALUE`.
void add_label_option(CliCommand& command, std::vector<std::string>& labels);

/// `KEY=VALUE` of each; a value may be empty and hold further `=`. UsageError for one without a
/// key or `=`, and for a key that comes twice.
std::map<std::string, std::string> labels_of(const std::vector<std::string>& labels);

}  // namespace pyro::cli
