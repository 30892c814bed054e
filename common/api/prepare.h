#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/api/field.h"

/// Operations on warm templates, which make machines start fast. Owner: vm service; the workspace
/// service proves them.
namespace pyro::api {

/// How ready an environment is for daily use.
enum class Warmth { kCold, kWarm, kStale };
constexpr std::array<std::pair<Warmth, std::string_view>, 3> enum_names(Warmth) {
  return {{{Warmth::kCold, "cold"}, {Warmth::kWarm, "warm"}, {Warmth::kStale, "stale"}}};
}

struct DailyLoop {
  std::string environment;
  Warmth status = Warmth::kCold;
  bool installed = false;
  bool network_prepared = false;
  std::optional<double> prepared_at;
  std::optional<std::string> reason;
  std::string manifest_path;
  std::string cache_dir;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &DailyLoop::environment, "The environment.");
    f("status", &DailyLoop::status,
      "cold: never prepared; warm: prepared and unchanged since; stale: something changed.");
    f("installed", &DailyLoop::installed, "Whether the environment is installed.");
    f("network_prepared", &DailyLoop::network_prepared, "Whether it was prepared with network.");
    f("prepared_at", &DailyLoop::prepared_at, "When, in seconds since the epoch.");
    f("reason", &DailyLoop::reason, "Why it is not warm.");
    f("manifest_path", &DailyLoop::manifest_path, "Where the preparation is recorded.");
    f("cache_dir", &DailyLoop::cache_dir, "Where the warm templates are kept.");
  }
};

/// The state of an environment. Changes nothing, except that it discards a broken template.
struct GetDailyLoop {
  static constexpr Method kMethod{"vm.daily_loop", Idempotent::kYes};
  using Reply = DailyLoop;
  std::string environment = "debian:12";
  bool verify = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &GetDailyLoop::environment, "Environment, like debian:12.", max_length(128));
    f("verify", &GetDailyLoop::verify, "Also read the warm template in full.");
  }
};

struct PreparedEnvironment {
  std::string environment;
  Warmth status = Warmth::kCold;
  bool prepared = false;
  bool reused = false;
  bool network_prepared = false;
  std::uint64_t duration_ms = 0;
  std::string manifest_path;
  DailyLoop daily_loop;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &PreparedEnvironment::environment, "The environment.");
    f("status", &PreparedEnvironment::status, "warm.");
    f("prepared", &PreparedEnvironment::prepared, "Whether it is ready for use.");
    f("reused", &PreparedEnvironment::reused, "Nothing had changed since it was prepared last.");
    f("network_prepared", &PreparedEnvironment::network_prepared,
      "Whether it was prepared with network.");
    f("duration_ms", &PreparedEnvironment::duration_ms, "How long it took, in milliseconds.");
    f("manifest_path", &PreparedEnvironment::manifest_path, "Where it is recorded.");
    f("daily_loop", &PreparedEnvironment::daily_loop, "As doctor reports it.");
  }
};

/// Installs an environment, builds its warm template, proves both on a throwaway workspace (create,
/// exec, reset, delete) and records it. If nothing changed since, it answers at once.
/// failed_precondition: no guest can be booted here, or with network.
struct PrepareEnvironment {
  static constexpr Method kMethod{"workspace.prepare", Idempotent::kYes};
  using Reply = PreparedEnvironment;
  std::string environment = "debian:12";
  bool network = false;
  bool force = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &PrepareEnvironment::environment, "Environment, like debian:12.", kPositional,
      max_length(128));
    f("network", &PrepareEnvironment::network, "Prepare it for machines with network as well.");
    f("force", &PrepareEnvironment::force, "Rebuild the warm template.");
  }
};

/// The vm service's part of it: builds the template and reads it in full. A second call, after the
/// proof, records it. `prepared` of the reply says whether it is recorded.
struct PrepareTemplate {
  static constexpr Method kMethod{"vm.prepare"};
  using Reply = PreparedEnvironment;
  PrepareEnvironment request;
  bool proved = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("request", &PrepareTemplate::request, "The environment to prepare.");
    f("proved", &PrepareTemplate::proved, "Workspaces were made from the template that is there.");
  }
};

struct PrunedTemplates {
  std::vector<std::string> deleted_template_dirs;
  std::uint64_t freed_bytes = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("deleted_template_dirs", &PrunedTemplates::deleted_template_dirs, "The deleted directories.");
    f("freed_bytes", &PrunedTemplates::freed_bytes, "Bytes freed on disk.");
  }
};

/// Ends the standby machines and deletes every warm template; the next machines build new ones.
struct PruneTemplates {
  static constexpr Method kMethod{"vm.prune_templates", Idempotent::kYes};
  using Reply = PrunedTemplates;

  template <class Fields>
  static void describe(Fields&) {}
};

/// The workspace service serves the first, the vm service the second.
using PrepareApi = Api<PrepareEnvironment>;
using TemplateApi = Api<GetDailyLoop, PrepareTemplate, PruneTemplates>;

}  // namespace pyro::api
