#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/api/boot_policy.h"
#include "common/api/field.h"
#include "common/config/paths.h"

namespace pyro {

enum class AcceleratorChoice { kAuto, kKvm, kTcg };
constexpr std::array<std::pair<AcceleratorChoice, std::string_view>, 3> enum_names(
    AcceleratorChoice) {
  return {{{AcceleratorChoice::kAuto, "auto"},
           {AcceleratorChoice::kKvm, "kvm"},
           {AcceleratorChoice::kTcg, "tcg"}}};
}

enum class ConfinementChoice { kAuto, kOff };
constexpr std::array<std::pair<ConfinementChoice, std::string_view>, 2> enum_names(
    ConfinementChoice) {
  return {{{ConfinementChoice::kAuto, "auto"}, {ConfinementChoice::kOff, "off"}}};
}

struct LimitsConfig {
  std::uint32_t max_active = 8;
  std::uint32_t keep_free_mib = 256;
  std::uint32_t keep_free_memory_mib = 256;
  std::uint32_t max_mem_mib = 32768;

  template <class Fields>
  static void describe(Fields& f) {
    f("max_active", &LimitsConfig::max_active, "Machines and workspaces that may exist at once.",
      api::range(1, 256));
    f("keep_free_memory_mib", &LimitsConfig::keep_free_memory_mib,
      "What is left of the host's memory: a machine that would take more does not start.",
      api::range(0, 1U << 20U));
    f("max_mem_mib", &LimitsConfig::max_mem_mib, "The most memory of one machine.",
      api::range(256, 32768));
    f("keep_free_mib", &LimitsConfig::keep_free_mib,
      "What is left free on the disk of the state directory: below it no workspace, machine or "
      "snapshot is made, and an export ends.",
      api::range(0, 1U << 20U));
  }
};

struct VmConfig {
  std::string qemu = "qemu-system-x86_64";
  AcceleratorChoice accelerator = AcceleratorChoice::kAuto;
  ConfinementChoice confinement = ConfinementChoice::kAuto;
  std::uint32_t boot_timeout_seconds = 60;
  std::uint32_t restore_timeout_seconds = 20;
  std::uint32_t personalize_timeout_seconds = 10;
  std::uint32_t monitor_timeout_seconds = 5;
  std::uint32_t mount_timeout_seconds = 60;
  std::uint32_t rehearsal_timeout_seconds = 120;
  std::uint32_t network_timeout_seconds = 30;
  std::uint32_t save_timeout_seconds = 60;
  api::BootPolicy boot = api::BootPolicy::kAuto;
  std::uint32_t standby_machines = 1;
  std::uint32_t standby_idle_seconds = 300;
  std::uint32_t templates_max_mib = 4096;

  template <class Fields>
  static void describe(Fields& f) {
    f("qemu", &VmConfig::qemu, "QEMU's program, a name on PATH or a path.");
    f("accelerator", &VmConfig::accelerator, "auto, kvm or tcg.");
    f("confinement", &VmConfig::confinement,
      "auto: QEMU is shut in as far as this host allows; off: it has all rights of its user.");
    f("boot_timeout_seconds", &VmConfig::boot_timeout_seconds,
      "How long a guest may take to answer before it is killed.", api::range(1, 600));
    f("restore_timeout_seconds", &VmConfig::restore_timeout_seconds,
      "How long a guest from a warm template may take to answer; then it boots from cold.",
      api::range(1, 600));
    f("personalize_timeout_seconds", &VmConfig::personalize_timeout_seconds,
      "How long a guest may take to set its clock and its name.", api::range(1, 600));
    f("monitor_timeout_seconds", &VmConfig::monitor_timeout_seconds,
      "How long QEMU may take to pause or resume a standby machine.", api::range(1, 600));
    f("mount_timeout_seconds", &VmConfig::mount_timeout_seconds,
      "How long a guest may take to mount a workspace's volume, a replay of its journal included.",
      api::range(1, 3600));
    f("rehearsal_timeout_seconds", &VmConfig::rehearsal_timeout_seconds,
      "How long typical first commands may take in the machine that becomes a template or waits on "
      "standby.",
      api::range(1, 3600));
    f("network_timeout_seconds", &VmConfig::network_timeout_seconds,
      "How long a machine's network may take to be there.", api::range(1, 600));
    f("save_timeout_seconds", &VmConfig::save_timeout_seconds,
      "How long QEMU may take to save a template.", api::range(1, 3600));
    f("boot", &VmConfig::boot, "auto: from a warm template where there is one; cold: never.");
    f("standby_machines", &VmConfig::standby_machines,
      "Machines to keep restored and paused; none while memory is short or on battery.",
      api::range(0, 16));
    f("standby_idle_seconds", &VmConfig::standby_idle_seconds,
      "Standby machines end when none was started for this long.", api::range(1, 86400));
    f("templates_max_mib", &VmConfig::templates_max_mib,
      "Warm templates take at most this much disk; the least recently used go first.",
      api::range(256, 1048576));
  }
};

struct WorkspaceConfig {
  std::uint32_t keep_days = 7;
  std::uint32_t keep_count = 32;
  std::uint32_t keep_gib = 20;
  std::uint32_t snapshots_gib = 40;
  std::uint32_t exports_gib = 20;

  template <class Fields>
  static void describe(Fields& f) {
    f("keep_days", &WorkspaceConfig::keep_days,
      "How long an expired workspace is kept, stopped, before it is deleted; 0: not at all.",
      api::range(0, 365));
    f("keep_count", &WorkspaceConfig::keep_count,
      "Expired workspaces to keep at most; the oldest go first.", api::range(1, 1000));
    f("keep_gib", &WorkspaceConfig::keep_gib,
      "Disk that expired workspaces may take together; the oldest go first.",
      api::range(1, 1U << 20U));
    f("snapshots_gib", &WorkspaceConfig::snapshots_gib,
      "Disk that the snapshots of one workspace may take: beyond it no further one is made.",
      api::range(1, 1U << 20U));
    f("exports_gib", &WorkspaceConfig::exports_gib,
      "Disk that models may fill in .pyro/exports of one project: beyond it they export no more.",
      api::range(1, 1U << 20U));
  }
};

struct EnvironmentsConfig {
  std::string mirror;

  template <class Fields>
  static void describe(Fields& f) {
    f("mirror", &EnvironmentsConfig::mirror,
      "Debian mirror, as http://deb.debian.org/debian; empty: this host's own apt configuration.");
  }
};

/// Addresses of registries; empty: as the host's own tools are set, else the public ones.
struct PackageCacheConfig {
  std::string nginx = "nginx";
  std::uint32_t size_gib = 10;
  std::string npm;
  std::string pypi;
  std::string pypi_files;
  std::string debian;
  std::string debian_security;
  std::string crates_index;
  std::string crates_files;
  std::string go;

  template <class Fields>
  static void describe(Fields& f) {
    f("nginx", &PackageCacheConfig::nginx, "nginx's program, a name on PATH or a path.");
    f("size_gib", &PackageCacheConfig::size_gib,
      "Disk that cached packages may take; the least recently used go first.",
      api::range(1, 10240));
    f("npm", &PackageCacheConfig::npm, "Registry of npm, as https://registry.npmjs.org/.");
    f("pypi", &PackageCacheConfig::pypi, "Index of Python packages, as https://pypi.org/simple/.");
    f("pypi_files", &PackageCacheConfig::pypi_files,
      "Where that index has its files, as https://files.pythonhosted.org/.");
    f("debian", &PackageCacheConfig::debian, "Archive, as http://deb.debian.org/debian/.");
    f("debian_security", &PackageCacheConfig::debian_security,
      "Archive of security updates, as http://deb.debian.org/debian-security/.");
    f("crates_index", &PackageCacheConfig::crates_index,
      "Sparse index of crates, as https://index.crates.io/.");
    f("crates_files", &PackageCacheConfig::crates_files,
      "Where that index has its crates, as https://static.crates.io/crates/.");
    f("go", &PackageCacheConfig::go, "Proxy of Go modules, as https://proxy.golang.org/.");
  }
};

struct StackConfig {
  std::uint32_t idle_exit_seconds = 1800;

  template <class Fields>
  static void describe(Fields& f) {
    f("idle_exit_seconds", &StackConfig::idle_exit_seconds,
      "An unused stack without machines ends after this time; 0: never.");
  }
};

struct LogConfig {
  std::string level = "info";

  template <class Fields>
  static void describe(Fields& f) {
    f("level", &LogConfig::level, "debug, info, warning or error.");
  }
};

/// config.toml, with environment variables over it and flags over both.
struct Config {
  LimitsConfig limits;
  VmConfig vm;
  WorkspaceConfig workspace;
  EnvironmentsConfig environments;
  PackageCacheConfig package_cache;
  StackConfig stack;
  LogConfig log;

  template <class Fields>
  static void describe(Fields& f) {
    f("limits", &Config::limits, "How much may be used.");
    f("vm", &Config::vm, "How guests are booted.");
    f("workspace", &Config::workspace, "What becomes of expired workspaces.");
    f("environments", &Config::environments, "Where environments come from.");
    f("package_cache", &Config::package_cache, "Packages that guests install.");
    f("stack", &Config::stack, "The supervised services.");
    f("log", &Config::log, "Log files.");
  }
};

/// Reads `file` when it exists, then PYRO_<SECTION>_<KEY> of the environment, then `settings`
/// like `limits.max_active=2`. Refuses an unknown key with its name and source.
Config load_config(const std::filesystem::path& file,
                   const std::vector<std::string>& settings = {});

}  // namespace pyro
