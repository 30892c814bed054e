#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pyro {

/// A directory that the user chooses, and pyro fills.
struct ChosenDirectory {
  std::filesystem::path path;
  std::string_view kind;  ///< as in its marker: state, cache, environments or runtime
  std::string_view way;   ///< to choose another one: PYRO_STATE_DIR
};

/// Makes the directory (0700) and marks it as pyro's; one that is marked stays as it is. One that
/// holds something else is refused (foreign_directory), except what pyro 0.1 and 0.2 left without a
/// marker: a state directory with a registry, and a cache with nothing but pyro's own names.
/// `others` may lie inside of it. Any number of processes may do this at once.
void claim_directory(const ChosenDirectory& directory, const std::vector<ChosenDirectory>& others);

/// Has the marker of the state directory name its registry. It keeps the ids of former ones, which
/// were lost with their files.
void name_registry(const std::filesystem::path& state_dir, const std::string& registry_id);

/// Those former ones.
std::vector<std::string> former_registries(const std::filesystem::path& state_dir);

}  // namespace pyro
