#pragma once

#include <filesystem>
#include <string>
#include <system_error>

#include "common/config/paths.h"

namespace pyro {

/// The paths of one machine's files.
struct MachinePaths {
  MachinePaths(const Paths& paths, const std::string& vm_id)
      : directory(paths.machines_dir() / vm_id),
        link_socket(paths.runtime_dir / "machines" / (vm_id + ".link")),
        control_socket(paths.runtime_dir / "machines" / (vm_id + kControlExtension)),
        package_cache_socket(paths.package_cache_socket()) {}

  /// Of no machine: for the paths common to all.
  static MachinePaths nowhere() { return MachinePaths(); }

  std::filesystem::path directory;
  std::filesystem::path link_socket;           ///< the shim's: dials the guest
  std::filesystem::path control_socket;        ///< the shim's: for the vm service
  std::filesystem::path package_cache_socket;  ///< of the host, for gates

  /// Of a shim that has ended.
  void remove_sockets() const {
    std::error_code ignored;
    std::filesystem::remove(link_socket, ignored);
    std::filesystem::remove(control_socket, ignored);
  }

  std::filesystem::path system_disk() const { return directory / "system.ext4"; }
  std::filesystem::path workspace_disk() const { return directory / "workspace.ext4"; }
  std::filesystem::path console_log() const { return directory / "console.log"; }
  std::filesystem::path vmm_log() const { return directory / "vmm.log"; }
  /// Its gate's own: the log of its connections.
  std::filesystem::path network_directory() const { return directory / "network"; }
  std::filesystem::path shim_spec() const { return directory / "shim.json"; }
  /// Its shim holds it, and its first line is the shim's pid.
  std::filesystem::path shim_lock() const { return directory / kShimLock; }
  static constexpr const char* kControlExtension = ".ctl";
  static constexpr const char* kShimLock = "shim.lock";

 private:
  MachinePaths() = default;
};

}  // namespace pyro
