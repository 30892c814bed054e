#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pyro {

/// What `program` needs to run: itself, the libraries of the system and of its own prefix, and the
/// data that `<prefix>/share` has under `shared`; only what is there.
std::vector<std::string> files_of_program(const std::filesystem::path& program,
                                          const std::vector<std::string>& shared = {});

}  // namespace pyro
