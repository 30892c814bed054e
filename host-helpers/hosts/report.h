#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/api/field.h"

/// What `pyro host` says.
namespace pyro::hosts {

enum class HostName { kClaudeCode, kCodex, kOpenCode };
constexpr std::array<std::pair<HostName, std::string_view>, 3> enum_names(HostName) {
  return {{{HostName::kClaudeCode, "claude-code"},
           {HostName::kCodex, "codex"},
           {HostName::kOpenCode, "opencode"}}};
}

enum class HostStatus { kOk, kDrifted, kMissing, kUnavailable };
constexpr std::array<std::pair<HostStatus, std::string_view>, 4> enum_names(HostStatus) {
  return {{{HostStatus::kOk, "ok"},
           {HostStatus::kDrifted, "drifted"},
           {HostStatus::kMissing, "missing"},
           {HostStatus::kUnavailable, "unavailable"}}};
}

/// Whether a host keeps its own shell and edit tools in a project.
enum class HostTools { kAllowed, kPartlyDenied, kDenied };
constexpr std::array<std::pair<HostTools, std::string_view>, 3> enum_names(HostTools) {
  return {{{HostTools::kAllowed, "allowed"},
           {HostTools::kPartlyDenied, "partly-denied"},
           {HostTools::kDenied, "denied"}}};
}

/// How much an entry in one file matters.
enum class PlaceRole { kInForce, kMerged, kShadowed, kNotRead };
constexpr std::array<std::pair<PlaceRole, std::string_view>, 4> enum_names(PlaceRole) {
  return {{{PlaceRole::kInForce, "in-force"},
           {PlaceRole::kMerged, "merged"},
           {PlaceRole::kShadowed, "shadowed"},
           {PlaceRole::kNotRead, "not-read"}}};
}

/// An entry for pyro in one of a host's files.
struct EntryPlace {
  std::string scope;
  std::string config_path;
  PlaceRole role = PlaceRole::kInForce;

  template <class Fields>
  static void describe(Fields& f) {
    f("scope", &EntryPlace::scope, "user, local, project, global or another name of the host's.");
    f("config_path", &EntryPlace::config_path, "The file.");
    f("role", &EntryPlace::role,
      "in-force; merged: others add to it; shadowed: another one counts; not-read: the host passes "
      "it over.");
  }
};

/// The start of a server by the command that the host has recorded.
struct StartTrial {
  bool ok = false;
  std::uint32_t tool_count = 0;
  std::optional<std::string> error;

  template <class Fields>
  static void describe(Fields& f) {
    f("ok", &StartTrial::ok, "Whether it answered tools/list.");
    f("tool_count", &StartTrial::tool_count, "How many tools it offered.");
    f("error", &StartTrial::error, "Why it did not.");
  }
};

struct HostReport {
  HostName host = HostName::kClaudeCode;
  bool installed = false;
  std::optional<std::string> version;
  std::optional<std::string> program;
  bool configured = false;
  HostStatus status = HostStatus::kUnavailable;
  std::optional<std::string> scope;
  std::optional<std::string> config_path;
  std::vector<std::string> server_command;
  std::vector<EntryPlace> places;
  std::vector<std::string> drift;
  std::optional<StartTrial> start;
  std::optional<std::string> project_source;
  std::optional<std::string> environment;
  HostTools host_tools = HostTools::kAllowed;
  std::vector<std::string> details;
  std::optional<std::string> repair_command;

  template <class Fields>
  static void describe(Fields& f) {
    f("host", &HostReport::host, "claude-code, codex or opencode.");
    f("installed", &HostReport::installed, "Whether its program is on PATH.");
    f("version", &HostReport::version, "What it calls its version.");
    f("program", &HostReport::program, "Its program.");
    f("configured", &HostReport::configured, "Whether a file that it reads has an entry for pyro.");
    f("status", &HostReport::status, "ok, drifted, missing or unavailable.");
    f("scope", &HostReport::scope, "The scope of the entry that counts.");
    f("config_path", &HostReport::config_path, "Its file.");
    f("server_command", &HostReport::server_command, "The recorded command, word by word.");
    f("places", &HostReport::places, "All entries for pyro, those that count least first.");
    f("drift", &HostReport::drift, "What differs from the canonical entry.");
    f("start", &HostReport::start, "A start of the recorded command; null: it was not tried.");
    f("project_source", &HostReport::project_source,
      "What workspaces of a server started in this directory begin with.");
    f("environment", &HostReport::environment, "Its environment when the model names none.");
    f("host_tools", &HostReport::host_tools,
      "Whether the host keeps its own shell and edit tools in this project.");
    f("details", &HostReport::details, "All else that the user should know, a sentence each.");
    f("repair_command", &HostReport::repair_command, "The command that mends it.");
  }
};

struct HostsReport {
  std::vector<HostReport> hosts;

  template <class Fields>
  static void describe(Fields& f) {
    f("hosts", &HostsReport::hosts, "Each chat host.");
  }
};

/// What a command did to a host, or would have its user do.
struct HostChange {
  std::string host;
  bool changed = false;
  std::vector<std::string> server_command;
  std::optional<std::string> verification_command;
  std::optional<std::string> config_path;
  std::optional<std::string> backup_path;
  std::optional<std::string> rendered_config;
  std::vector<std::string> host_tools_files;
  std::vector<std::string> details;

  template <class Fields>
  static void describe(Fields& f) {
    f("host", &HostChange::host, "The host.");
    f("changed", &HostChange::changed, "Whether a file was changed.");
    f("server_command", &HostChange::server_command, "The server's command, word by word.");
    f("verification_command", &HostChange::verification_command, "Shows what the host makes of it.",
      api::kAbsentWhenNull);
    f("config_path", &HostChange::config_path, "The host's file.", api::kAbsentWhenNull);
    f("backup_path", &HostChange::backup_path, "Where the file is that could not be parsed.",
      api::kAbsentWhenNull);
    f("rendered_config", &HostChange::rendered_config, "The text for the host's file.",
      api::kAbsentWhenNull);
    f("host_tools_files", &HostChange::host_tools_files,
      "Files in which the host's own tools were denied, or given back.");
    f("details", &HostChange::details, "What else the user should know, a sentence each.");
  }
};

}  // namespace pyro::hosts
