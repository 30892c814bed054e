#pragma once

#include <filesystem>
#include <string_view>

namespace pyro {

/// A program of the suite beside the running one, as all services are.
inline std::filesystem::path sibling_program(std::string_view name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

}  // namespace pyro
