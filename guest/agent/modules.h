#pragma once

#include <filesystem>

namespace pyro::agent {

/// Loads the kernel modules that `directory`/order lists, one file of the directory per line, in
/// that order. A loaded module is no error.
void load_modules(const std::filesystem::path& directory);

}  // namespace pyro::agent
