#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/workspace_diff.h"
#include "common/api/workspace_services.h"
#include "common/api/workspace_shells.h"
#include "common/api/workspace_snapshots.h"

/// A session of a workspace on one page. Owner: workspace service.
namespace pyro::api {

/// Of an event whose outcome was not heard.
inline constexpr std::string_view kUnconfirmed =
    "Only when true: it was cut off, by a kill for example, and may or may not have happened.";

struct EditEvent {
  std::string kind;
  double recorded_at = 0;
  std::vector<std::string> paths;
  std::optional<bool> unconfirmed;

  template <class Fields>
  static void describe(Fields& f) {
    f("kind", &EditEvent::kind, "file_write, patch_apply or sync_push.");
    f("recorded_at", &EditEvent::recorded_at, "Seconds since the epoch.");
    f("paths", &EditEvent::paths, "The written paths.");
    f("unconfirmed", &EditEvent::unconfirmed, kUnconfirmed, kAbsentWhenNull);
  }
};

struct ExportEvent {
  std::string workspace_path;
  std::string output_path;
  ArtifactType artifact_type = ArtifactType::kFile;
  std::optional<std::string> disk_format;
  double recorded_at = 0;
  std::optional<bool> unconfirmed;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_path", &ExportEvent::workspace_path, "What was exported.");
    f("output_path", &ExportEvent::output_path, "Where to.");
    f("artifact_type", &ExportEvent::artifact_type, "file, directory or symlink.");
    f("disk_format", &ExportEvent::disk_format,
      "ext4 when it is the whole disk of /workspace, by disk export.", kAbsentWhenNull);
    f("recorded_at", &ExportEvent::recorded_at, "Seconds since the epoch.");
    f("unconfirmed", &ExportEvent::unconfirmed, kUnconfirmed, kAbsentWhenNull);
  }
};

struct SummaryOutcome : ServiceCounts, ShellCounts {
  std::uint64_t command_count = 0;
  std::optional<CommandSummary> last_command;
  std::uint32_t export_count = 0;
  std::uint32_t snapshot_count = 0;
  std::uint32_t reset_count = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("command_count", &SummaryOutcome::command_count, "Commands since the last reset.");
    f("last_command", &SummaryOutcome::last_command, "The last of them.");
    ServiceCounts::describe(f);
    ShellCounts::describe(f);
    f("export_count", &SummaryOutcome::export_count, "Exports since the last reset.");
    f("snapshot_count", &SummaryOutcome::snapshot_count, "Named snapshots.");
    f("reset_count", &SummaryOutcome::reset_count, "How often it was reset.");
  }
};

struct SummaryCommands {
  std::uint64_t total = 0;
  std::vector<CommandSummary> recent;

  template <class Fields>
  static void describe(Fields& f) {
    f("total", &SummaryCommands::total, "Commands since the last reset.");
    f("recent", &SummaryCommands::recent, "The last ten, the latest first.");
  }
};

struct SummaryEdits {
  std::vector<EditEvent> recent;

  template <class Fields>
  static void describe(Fields& f) {
    f("recent", &SummaryEdits::recent,
      "File writes, patches and syncs: the last ten, the latest first.");
  }
};

struct SummaryChanges {
  bool available = false;
  std::optional<std::string> reason;
  bool changed = false;
  DiffSummary summary;
  std::vector<DiffEntry> entries;

  template <class Fields>
  static void describe(Fields& f) {
    f("available", &SummaryChanges::available, "Whether the files could be compared.");
    f("reason", &SummaryChanges::reason, "Why not.");
    f("changed", &SummaryChanges::changed, "Whether anything differs from the state at creation.");
    f("summary", &SummaryChanges::summary, "How much.");
    f("entries", &SummaryChanges::entries, "The first 50, without patches.");
  }
};

struct SummaryArtifacts {
  std::vector<ExportEvent> exports;

  template <class Fields>
  static void describe(Fields& f) {
    f("exports", &SummaryArtifacts::exports, "Exports since the last reset, the latest first.");
  }
};

struct SummarySnapshots {
  std::uint32_t named_count = 0;
  std::vector<Snapshot> recent;

  template <class Fields>
  static void describe(Fields& f) {
    f("named_count", &SummarySnapshots::named_count, "Named snapshots.");
    f("recent", &SummarySnapshots::recent, "The last ten of them, the latest first.");
  }
};

struct ServiceEvent {
  std::string service_name;
  std::string event;
  std::optional<std::int32_t> exit_code;
  double recorded_at = 0;
  std::optional<bool> unconfirmed;

  template <class Fields>
  static void describe(Fields& f) {
    f("service_name", &ServiceEvent::service_name, "The service.");
    f("event", &ServiceEvent::event, "ready, stopped, exited or failed.");
    f("exit_code", &ServiceEvent::exit_code, "Of one that ended.", kAbsentWhenNull);
    f("recorded_at", &ServiceEvent::recorded_at, "Seconds since the epoch.");
    f("unconfirmed", &ServiceEvent::unconfirmed, kUnconfirmed, kAbsentWhenNull);
  }
};

struct SummaryServices {
  std::vector<Service> current;
  std::vector<ServiceEvent> recent;

  template <class Fields>
  static void describe(Fields& f) {
    f("current", &SummaryServices::current, "Services as they stand.");
    f("recent", &SummaryServices::recent,
      "What became of services: the last ten events, the latest first.");
  }
};

struct SummaryShells {
  std::vector<Shell> current;

  template <class Fields>
  static void describe(Fields& f) {
    f("current", &SummaryShells::current, "Open shells, the oldest first.");
  }
};

/// The session for a review: what was run, edited, changed and exported.
struct WorkspaceSummary : WorkspaceReply, WorkspaceNames {
  std::string environment;
  WorkspaceState state = WorkspaceState::kCreated;
  double last_activity_at = 0;
  double session_started_at = 0;
  SummaryOutcome outcome;
  SummaryCommands commands;
  SummaryEdits edits;
  SummaryChanges changes;
  SummaryServices services;
  SummaryShells shells;
  SummaryArtifacts artifacts;
  SummarySnapshots snapshots;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    WorkspaceNames::describe(f);
    f("environment", &WorkspaceSummary::environment, "Environment it boots.");
    f("state", &WorkspaceSummary::state, "created, started or stopped.");
    f("last_activity_at", &WorkspaceSummary::last_activity_at, "When it was last changed.");
    f("session_started_at", &WorkspaceSummary::session_started_at, "Creation or last reset.");
    f("outcome", &WorkspaceSummary::outcome, "The session in numbers.");
    f("commands", &WorkspaceSummary::commands, "The commands.");
    f("edits", &WorkspaceSummary::edits, "Changes from outside.");
    f("changes", &WorkspaceSummary::changes, "How the files differ from the state at creation.");
    f("services", &WorkspaceSummary::services, "Its services.");
    f("shells", &WorkspaceSummary::shells, "Its shells.");
    f("artifacts", &WorkspaceSummary::artifacts, "What was exported.");
    f("snapshots", &WorkspaceSummary::snapshots, "Its named snapshots.");
  }
};

struct SummarizeWorkspace {
  static constexpr Method kMethod{"workspace.summary", Idempotent::kYes};
  using Reply = WorkspaceSummary;
  std::string workspace_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<SummarizeWorkspace>(f);
  }
};

using SummaryApi = Api<SummarizeWorkspace>;

}  // namespace pyro::api
