#pragma once

#include <filesystem>
#include <string_view>

/// The suite's own files, relative to the running program or, in a foreign program, to the client
/// library. The build tree has the layout of an installation, bin/ and share/pyro/, except that all
/// programs are in bin/.
namespace pyro {

/// A program of the suite: beside this one, else in libexec/pyro or bin of the installation.
/// not_found names the places.
std::filesystem::path find_helper(std::string_view program);

/// A file of share/pyro. not_found names the places.
std::filesystem::path find_share_file(std::string_view name);

/// $PYRO_STACK_FILE, else share/pyro/stack.toml.
std::filesystem::path find_stack_file();

}  // namespace pyro
