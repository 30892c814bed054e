#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace pyro::cli {

/// The commands right below `command` that help shows.
std::vector<const CLI::App*> visible_commands(const CLI::App& command);

/// The one of that name, hidden ones included, or null.
const CLI::App* command_named(const CLI::App& command, const std::string& name);

/// `pyro env list`
std::string full_name(const CLI::App& command);

}  // namespace pyro::cli
