#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/api/field.h"

namespace pyro::supervisor {

/// When to restart an ended service, and when to give it up.
struct RestartRules {
  std::uint32_t backoff_initial_ms = 50;
  std::uint32_t backoff_max_ms = 10000;
  std::uint32_t crash_limit = 8;
  std::uint32_t crash_window_seconds = 30;

  template <class Fields>
  static void describe(Fields& f) {
    f("backoff_initial_ms", &RestartRules::backoff_initial_ms, "Before the first restart.",
      api::range(1, 3600000));
    f("backoff_max_ms", &RestartRules::backoff_max_ms, "The longest wait before a restart.",
      api::range(1, 3600000));
    f("crash_limit", &RestartRules::crash_limit,
      "More ends than this within crash_window_seconds, and the service is given up.",
      api::range(0, 1000));
    f("crash_window_seconds", &RestartRules::crash_window_seconds, "See crash_limit.",
      api::range(1, 86400));
  }
};

/// Time limits.
struct Limits {
  std::uint32_t ready_seconds = 20;
  std::uint32_t stop_seconds = 10;
  std::uint32_t ping_interval_seconds = 30;

  template <class Fields>
  static void describe(Fields& f) {
    f("ready_seconds", &Limits::ready_seconds, "From the start to the first answered ping.",
      api::range(1, 600));
    f("stop_seconds", &Limits::stop_seconds, "From SIGTERM to SIGKILL.", api::range(1, 600));
    f("ping_interval_seconds", &Limits::ping_interval_seconds,
      "How often a running service is asked for a sign of life.", api::range(1, 86400));
  }
};

/// One service of the stack.
struct ServiceEntry {
  std::string name;
  std::string program;
  std::vector<std::string> arguments;
  std::vector<std::string> after;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &ServiceEntry::name, "Its name on the bus.", api::kRequired, api::max_length(32));
    f("program", &ServiceEntry::program, "A program of the suite, or an absolute path.",
      api::kRequired);
    f("arguments", &ServiceEntry::arguments, "Its arguments.");
    f("after", &ServiceEntry::after, "Services that must be ready before it starts.");
  }
};

/// compose/stack.toml
struct StackFile {
  RestartRules restart;
  Limits limits;
  std::vector<ServiceEntry> services;

  template <class Fields>
  static void describe(Fields& f) {
    f("restart", &StackFile::restart, "When services are restarted.");
    f("limits", &StackFile::limits, "How long things may take.");
    f("service", &StackFile::services, "The services in the order of their start.");
  }
};

/// Refuses unknown keys, duplicate names and an `after` that names no earlier service (so the order
/// has no cycles); the error names the file.
StackFile read_stack_file(const std::filesystem::path& file);

}  // namespace pyro::supervisor
