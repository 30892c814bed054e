#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pyro {

/// The suite's directories on this host. See "State" in docs/architecture.md.
struct Paths {
  std::filesystem::path state_dir;         ///< $PYRO_STATE_DIR, else XDG state
  std::filesystem::path cache_dir;         ///< $PYRO_CACHE_DIR, else XDG cache
  std::filesystem::path environments_dir;  ///< $PYRO_ENVIRONMENT_CACHE_DIR, else in the cache
  std::filesystem::path runtime_dir;       ///< $PYRO_RUNTIME_DIR, else per user and state directory
  std::filesystem::path config_file;       ///< config.toml in the XDG config directory

  std::filesystem::path registry() const { return state_dir / "registry.db"; }
  std::filesystem::path machines_dir() const { return state_dir / "machines"; }
  std::filesystem::path workspaces_dir() const { return state_dir / "workspaces"; }
  std::filesystem::path exports_dir() const { return state_dir / "exports"; }
  /// A record for each published port, of the net service.
  std::filesystem::path published_ports_dir() const { return state_dir / "ports"; }
  std::filesystem::path scratch_dir() const { return state_dir / "files-scratch"; }
  std::filesystem::path logs_dir() const { return state_dir / "logs"; }
  std::filesystem::path kernels_dir() const { return cache_dir / "kernels"; }
  std::filesystem::path templates_dir() const { return cache_dir / "templates"; }
  /// Of the package cache: its files, and where it listens.
  std::filesystem::path package_cache_dir() const { return cache_dir / "packages"; }
  std::filesystem::path package_cache_socket() const {
    return runtime_dir / "packages" / "cache.sock";
  }
  std::filesystem::path bus_dir() const { return runtime_dir / "bus"; }
  std::filesystem::path bus_socket(std::string_view service) const;

  /// Makes the directories (0700) and marks them as pyro's. Refuses those of another user, and
  /// those that hold what is not pyro's.
  void make_directories() const;
};

/// Directories given as flags win over the environment.
struct PathFlags {
  std::optional<std::filesystem::path> state_dir;
  std::optional<std::filesystem::path> cache_dir;
  std::optional<std::filesystem::path> runtime_dir;
};

/// Reads the environment. The default runtime directory is in /run/user/<uid> if that exists and is
/// ours, regardless of XDG_RUNTIME_DIR (a chat host may drop it), else in /tmp. Each other state
/// directory has its own runtime directory. Throws when a socket in it would not fit into a unix
/// socket address (108 bytes).
Paths find_paths(const PathFlags& flags = {});

/// How a process that is given HOME alone finds the same directories.
struct PathWords {
  std::vector<std::string> flags;                ///< `--state-dir DIR` and others
  std::map<std::string, std::string> variables;  ///< for what has no flag
};
PathWords words_for(const Paths& paths);

/// The user's home directories, from HOME and from the user's entry: a chat host may pass another
/// HOME, or none.
std::vector<std::filesystem::path> home_directories();

/// Puts the flags into this process's environment, for the processes it starts.
void export_paths(const Paths& paths);

}  // namespace pyro
