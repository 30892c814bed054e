#pragma once

#include <filesystem>

namespace pyro::agent {

/// Loads the kernel modules that `directory`/order names, one file of the directory a line, in
/// that order. One that is loaded already is no error.
void load_modules(const std::filesystem::path& directory);

}  // namespace pyro::agent
