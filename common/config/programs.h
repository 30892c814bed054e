#pragma once

#include <filesystem>
#include <string_view>

namespace pyro {

/// A program of the suite that lies beside the running one, as all services do.
inline std::filesystem::path sibling_program(std::string_view name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

}  // namespace pyro
