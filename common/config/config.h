#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

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

struct LimitsConfig {
  std::uint32_t max_active = 8;

  template <class Fields>
  static void describe(Fields& f) {
    f("max_active", &LimitsConfig::max_active, "Machines and workspaces that may exist at once.",
      api::range(1, 256));
  }
};

struct VmConfig {
  std::string qemu = "qemu-system-x86_64";
  AcceleratorChoice accelerator = AcceleratorChoice::kAuto;
  std::uint32_t boot_timeout_seconds = 60;

  template <class Fields>
  static void describe(Fields& f) {
    f("qemu", &VmConfig::qemu, "QEMU's program, a name on PATH or a path.");
    f("accelerator", &VmConfig::accelerator, "auto, kvm or tcg.");
    f("boot_timeout_seconds", &VmConfig::boot_timeout_seconds,
      "How long a guest may take to answer before it is killed.", api::range(1, 600));
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
  EnvironmentsConfig environments;
  StackConfig stack;
  LogConfig log;

  template <class Fields>
  static void describe(Fields& f) {
    f("limits", &Config::limits, "How much may be used.");
    f("vm", &Config::vm, "How guests are booted.");
    f("environments", &Config::environments, "Where environments come from.");
    f("stack", &Config::stack, "The supervised services.");
    f("log", &Config::log, "Log files.");
  }
};

/// Reads `file` when it exists, then PYRO_<SECTION>_<KEY> of the environment, then `settings`
/// like `limits.max_active=2`. An unknown key is refused by its name and source.
Config load_config(const std::filesystem::path& file,
                   const std::vector<std::string>& settings = {});

}  // namespace pyro
