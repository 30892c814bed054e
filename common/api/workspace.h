#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/artifact.h"
#include "common/api/boot_policy.h"
#include "common/api/field.h"
#include "common/api/job_state.h"
#include "common/api/machine.h"
#include "common/api/network.h"
#include "common/api/page.h"
#include "common/api/workspace_secrets.h"

/// Operations on workspaces: sandboxes that live on, with /workspace, a history and snapshots.
/// Owner: workspace service. Each noun of a workspace has a header of its own: workspace_<noun>.h.
namespace pyro::api {

enum class SeedMode { kEmpty, kDirectory, kTarArchive };
constexpr std::array<std::pair<SeedMode, std::string_view>, 3> enum_names(SeedMode) {
  return {{{SeedMode::kEmpty, "empty"},
           {SeedMode::kDirectory, "directory"},
           {SeedMode::kTarArchive, "tar_archive"}}};
}

enum class OriginKind { kManualSeedPath, kProjectPath, kRepoUrl };
constexpr std::array<std::pair<OriginKind, std::string_view>, 3> enum_names(OriginKind) {
  return {{{OriginKind::kManualSeedPath, "manual_seed_path"},
           {OriginKind::kProjectPath, "project_path"},
           {OriginKind::kRepoUrl, "repo_url"}}};
}

/// The origin of a seed that a server's project source gives; see common/source.
struct SeedOrigin {
  OriginKind origin_kind = OriginKind::kManualSeedPath;
  std::string origin_ref;
  bool git_tracked = false;
  bool is_named = false;
  std::vector<std::string> include_ignored;

  template <class Fields>
  static void describe(Fields& f) {
    f("origin_kind", &SeedOrigin::origin_kind, "project_path or repo_url.", kRequired);
    f("origin_ref", &SeedOrigin::origin_ref, "The path, URL or URL@ref, without credentials.",
      kRequired);
    f("git_tracked", &SeedOrigin::git_tracked,
      "The seed is what Git tracks in the work tree at seed_path, and a fresh .git.");
    f("is_named", &SeedOrigin::is_named,
      "A person named the project, so its .git may lead anywhere.");
    f("include_ignored", &SeedOrigin::include_ignored,
      "Patterns of gitignore(5): what Git ignores and they match is taken too.");
  }
};

/// The first content of /workspace.
struct WorkspaceSeed : CopiedTree {
  SeedMode mode = SeedMode::kEmpty;
  std::optional<std::string> seed_path;
  std::string destination = "/workspace";
  std::optional<std::string> origin_kind;
  std::optional<std::string> origin_ref;
  std::vector<std::string> notes;

  template <class Fields>
  static void describe(Fields& f) {
    f("mode", &WorkspaceSeed::mode, "empty, directory or tar_archive.");
    f("seed_path", &WorkspaceSeed::seed_path, "The directory or archive on the host.");
    f("destination", &WorkspaceSeed::destination, "Where it went.");
    CopiedTree::describe(f);
    f("origin_kind", &WorkspaceSeed::origin_kind,
      "manual_seed_path, project_path or repo_url; null without a seed.");
    f("origin_ref", &WorkspaceSeed::origin_ref, "The path, URL or URL@ref that it came from.");
    f("notes", &WorkspaceSeed::notes, "What the seed lacks, and the way to it.");
  }
};

inline constexpr std::string_view kJobIdOfCommand =
    "The command's id: for workspace_exec_poll and workspace_exec_cancel, also after its end.";
inline constexpr std::string_view kLostSnapshots =
    "Snapshots whose volume is missing or damaged, baseline among them: no reset restores them.";
inline constexpr std::string_view kStateOfCommand =
    "running, exited, timed_out or cancelled (ended by a cancel, a stop, or with its guest).";

/// A command as the history has it, without its output.
struct CommandSummary {
  std::uint64_t sequence = 0;
  std::string command;
  std::string cwd;
  std::optional<std::int32_t> exit_code;
  std::optional<KilledBy> killed_by;
  std::uint64_t duration_ms = 0;
  ExecutionMode execution_mode = ExecutionMode::kPending;
  std::string job_id;
  JobState state = JobState::kExited;

  template <class Fields>
  static void describe(Fields& f) {
    f("sequence", &CommandSummary::sequence, "Its number since the last reset, from 1.");
    f("command", &CommandSummary::command, "The command.");
    f("cwd", &CommandSummary::cwd, "Where it started.");
    f("exit_code", &CommandSummary::exit_code,
      "Exit status; 124 after a time-out; null while it runs, or when its guest ended first.");
    f("killed_by", &CommandSummary::killed_by, kKilledBy, kAbsentWhenNull);
    f("duration_ms", &CommandSummary::duration_ms, "Milliseconds it ran.");
    f("execution_mode", &CommandSummary::execution_mode, "guest_serial, … or host_compat.");
    f("job_id", &CommandSummary::job_id, kJobIdOfCommand);
    f("state", &CommandSummary::state, kStateOfCommand);
  }
};

/// The files that a reset brought back.
struct WorkspaceReset : TreeSize {
  std::string snapshot_name;
  std::string kind;
  std::string destination = "/workspace";

  template <class Fields>
  static void describe(Fields& f) {
    f("snapshot_name", &WorkspaceReset::snapshot_name, "baseline, or a named snapshot.");
    f("kind", &WorkspaceReset::kind, "baseline or named.");
    TreeSize::describe(f);
    f("destination", &WorkspaceReset::destination, "Where it was restored.");
  }
};

enum class WorkspaceState { kCreated, kStarted, kStopped, kExpired };
constexpr std::array<std::pair<WorkspaceState, std::string_view>, 4> enum_names(WorkspaceState) {
  return {{{WorkspaceState::kCreated, "created"},
           {WorkspaceState::kStarted, "started"},
           {WorkspaceState::kStopped, "stopped"},
           {WorkspaceState::kExpired, "expired"}}};
}
inline constexpr std::string_view kWorkspaceState =
    "created, started, stopped, or expired: it was stopped at its expiry, and start brings it "
    "back.";

/// What happens to a workspace at its expiry: `[workspace] keep_days` decides.
enum class ExpiryAction { kStop, kDelete };
constexpr std::array<std::pair<ExpiryAction, std::string_view>, 2> enum_names(ExpiryAction) {
  return {{{ExpiryAction::kStop, "stop"}, {ExpiryAction::kDelete, "delete"}}};
}
inline constexpr std::string_view kOnExpiry =
    "stop: it is kept then, and workspace_start brings it back; delete: it is deleted.";
inline constexpr std::string_view kDeletedAt = "Only of an expired one: when it is deleted.";
inline constexpr std::string_view kProject =
    "The project of the MCP server that made it: a path or a URL; null: no server did.";
/// Of requests of a session: while the process lives, the workspace does not expire.
inline constexpr std::string_view kMaker = "The process that made it, see process_name.h.";

/// How people and models tell workspaces apart.
struct WorkspaceNames {
  std::optional<std::string> name;
  std::map<std::string, std::string> labels;
  std::optional<std::string> project;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &WorkspaceNames::name, "Its name, if it has one.");
    f("labels", &WorkspaceNames::labels, "Its labels.");
    f("project", &WorkspaceNames::project, kProject);
  }
};

struct ServiceCounts {
  std::uint32_t service_count = 0;
  std::uint32_t running_service_count = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("service_count", &ServiceCounts::service_count, "Its services.");
    f("running_service_count", &ServiceCounts::running_service_count, "Those that run.");
  }
};

struct ShellCounts {
  std::uint32_t shell_count = 0;
  std::uint32_t running_shell_count = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("shell_count", &ShellCounts::shell_count, "Its open shells.");
    f("running_shell_count", &ShellCounts::running_shell_count, "Those that run.");
  }
};

struct Workspace : WorkspaceNames, MachineShape, MachineAccess, ServiceCounts, ShellCounts {
  std::string workspace_id;
  std::uint32_t ttl_seconds = 600;
  double created_at = 0;
  double expires_at = 0;
  std::optional<ExpiryAction> on_expiry;
  std::optional<double> deleted_at;
  double last_activity_at = 0;
  WorkspaceState state = WorkspaceState::kCreated;
  NetworkPolicy network_policy = NetworkPolicy::kOff;
  std::vector<std::string> allow_domains;
  std::vector<std::string> allow_presets;
  bool learn = false;
  bool host_ca = false;
  std::optional<bool> package_cache;
  std::optional<std::string> package_cache_reason;
  std::string workspace_path = "/workspace";
  WorkspaceSeed workspace_seed;
  std::vector<WorkspaceSecret> secrets;
  std::uint64_t command_count = 0;
  std::optional<CommandSummary> last_command;
  std::uint32_t reset_count = 0;
  std::optional<double> last_reset_at;
  std::optional<std::string> last_error;
  std::vector<std::string> lost_snapshots;
  std::map<std::string, std::string> metadata;
  std::optional<WorkspaceReset> workspace_reset;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_id", &Workspace::workspace_id, "Id of the workspace, 12 hex digits.");
    WorkspaceNames::describe(f);
    MachineShape::describe(f);
    f("ttl_seconds", &Workspace::ttl_seconds, "It expires this long after its last activity.");
    f("created_at", &Workspace::created_at, "Seconds since the epoch.");
    f("expires_at", &Workspace::expires_at,
      "When it expires; moves with its last activity. A process that runs in it, and the living "
      "session that made it, hold that off.");
    f("on_expiry", &Workspace::on_expiry, kOnExpiry);
    f("deleted_at", &Workspace::deleted_at, kDeletedAt, kAbsentWhenNull);
    f("last_activity_at", &Workspace::last_activity_at, "When something was last changed in it.");
    f("state", &Workspace::state, kWorkspaceState);
    f("network_policy", &Workspace::network_policy, kNetworkPolicy);
    f("allow_domains", &Workspace::allow_domains,
      "The names that its network may reach; with allow_presets none: all public ones.");
    f("allow_presets", &Workspace::allow_presets, "Named lists of such names.");
    f("learn", &Workspace::learn, "Whether it records the names that are used.");
    f("host_ca", &Workspace::host_ca, "Whether its guest trusts the certificates of this host.");
    f("package_cache", &Workspace::package_cache, kPackageCache, kAbsentWhenNull);
    f("package_cache_reason", &Workspace::package_cache_reason,
      "Why its network does not use the host's package cache.", kAbsentWhenNull);
    MachineAccess::describe(f);
    f("workspace_path", &Workspace::workspace_path, "Where its files are in the guest.");
    f("workspace_seed", &Workspace::workspace_seed, "Its first content.");
    f("secrets", &Workspace::secrets, "Its secrets by name.");
    f("command_count", &Workspace::command_count, "Commands since the last reset.");
    f("last_command", &Workspace::last_command, "The last of them.");
    ServiceCounts::describe(f);
    ShellCounts::describe(f);
    f("reset_count", &Workspace::reset_count, "How often it was reset.");
    f("last_reset_at", &Workspace::last_reset_at, "When it was last reset.");
    f("last_error", &Workspace::last_error, "Why it is not as it should be.");
    f("lost_snapshots", &Workspace::lost_snapshots, kLostSnapshots);
    f("metadata", &Workspace::metadata,
      "Its machine's: boot_mode, accelerator, …; disk_mib: what /workspace holds at most.");
    f("workspace_reset", &Workspace::workspace_reset, "After a reset: the restored files.");
  }
};

/// The last part of a workspace's life, in which every reply names its end.
inline constexpr double kLastPartOfLife = 0.2;

/// A workspace's id on the command line and in every request.
template <class Request, class Fields>
void describe_workspace_id(Fields& f) {
  f("workspace_id", &Request::workspace_id, "Id of the workspace.", kRequired, kPositional,
    max_length(64));
}

/// The head of every reply about one workspace. In the last fifth of its life the reply says when
/// that ends.
struct WorkspaceReply {
  std::string workspace_id;
  std::optional<double> expires_at;
  std::optional<ExpiryAction> on_expiry;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_id", &WorkspaceReply::workspace_id, "The workspace.");
    f("expires_at", &WorkspaceReply::expires_at,
      "When the workspace expires if nothing happens in it before; null while that is far.");
    f("on_expiry", &WorkspaceReply::on_expiry, kOnExpiry, kAbsentWhenNull);
  }
};

/// The names that a network may reach.
template <class Request, class Fields>
void describe_allowed(Fields& f) {
  f("allow_domains", &Request::allow_domains,
    "Names that its network may reach, as example.com, *.example.com or example.com:22; without a "
    "port 443 and 80. None, and no preset: all public ones.",
    max_length(kMostAllowEntries));
  f("allow_presets", &Request::allow_presets,
    "Lists of such names: npm, pypi, crates, go, debian, github, … or the user's own.",
    max_length(64));
}

/// Makes a workspace and starts it: all or nothing. The environment is installed when missing.
/// resource_exhausted: the limit of machines and workspaces; the seed does not fit.
struct CreateWorkspace {
  static constexpr Method kMethod{"workspace.create"};
  using Reply = Workspace;
  std::string environment;
  std::uint32_t vcpu_count = 1;
  std::uint32_t mem_mib = 1024;
  std::uint32_t ttl_seconds = 600;
  NetworkPolicy network_policy = NetworkPolicy::kOff;
  std::vector<std::string> allow_domains;
  std::vector<std::string> allow_presets;
  bool learn = false;
  bool host_ca = false;
  std::optional<bool> package_cache;
  bool allow_host_compat = false;
  std::optional<std::string> seed_path;
  std::optional<SeedOrigin> origin;
  bool by_model = false;
  std::vector<GivenSecret> secrets;
  std::optional<std::string> name;
  std::map<std::string, std::string> labels;
  std::optional<std::string> project;
  std::optional<std::string> maker;
  BootPolicy boot = BootPolicy::kAuto;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &CreateWorkspace::environment, "Environment to boot, like debian:12.",
      kRequired, kPositional, max_length(128));
    f("vcpu_count", &CreateWorkspace::vcpu_count, "Virtual CPUs.", kVcpuRange);
    f("mem_mib", &CreateWorkspace::mem_mib, "Memory in MiB.", kMemMibRange);
    f("ttl_seconds", &CreateWorkspace::ttl_seconds, "Seconds without activity until it expires.",
      kTtlRange);
    f("network_policy", &CreateWorkspace::network_policy, kNetworkPolicy);
    describe_allowed<CreateWorkspace>(f);
    f("learn", &CreateWorkspace::learn, "Record the names and ports that its network uses.");
    f("host_ca", &CreateWorkspace::host_ca, kHostCa, kHidden);
    f("package_cache", &CreateWorkspace::package_cache, kPackageCache);
    f("allow_host_compat", &CreateWorkspace::allow_host_compat,
      "Run on the host, without a guest's isolation, when no guest can be booted.");
    f("seed_path", &CreateWorkspace::seed_path,
      "Directory or .tar/.tar.gz/.tgz archive on the host whose content /workspace begins with.",
      max_length(4096));
    f("origin", &CreateWorkspace::origin, "Whose project source seed_path is.", kHidden);
    f("by_model", &CreateWorkspace::by_model, kByModel, kHidden);
    f("secrets", &CreateWorkspace::secrets,
      "Secrets of the workspace. Its guest has each as /run/pyro-secrets/NAME; what it prints of "
      "them is shown as [REDACTED].",
      max_length(kMostSecrets));
    f("name", &CreateWorkspace::name, "A name for people, 1 to 64 printable characters.",
      max_length(256));
    f("labels", &CreateWorkspace::labels,
      "Labels, as {\"key\": \"value\"}: keys of 1 to 64 letters, digits, '.', '_' and '-', values "
      "up to 256 characters.",
      max_length(64));
    f("project", &CreateWorkspace::project, kProject, kHidden);
    f("maker", &CreateWorkspace::maker, kMaker, kHidden);
    f("boot", &CreateWorkspace::boot, "cold: never from a warm template.", kHidden);
  }
};

/// The workspaces in short.
struct WorkspaceEntry : WorkspaceNames, ServiceCounts, ShellCounts {
  std::string workspace_id;
  std::vector<std::string> lost_snapshots;
  std::string environment;
  WorkspaceState state = WorkspaceState::kCreated;
  double created_at = 0;
  double last_activity_at = 0;
  double expires_at = 0;
  std::optional<ExpiryAction> on_expiry;
  std::optional<double> deleted_at;
  std::uint64_t command_count = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_id", &WorkspaceEntry::workspace_id, "Id of the workspace.");
    WorkspaceNames::describe(f);
    f("environment", &WorkspaceEntry::environment, "Environment it boots.");
    f("state", &WorkspaceEntry::state, kWorkspaceState);
    f("created_at", &WorkspaceEntry::created_at, "Seconds since the epoch.");
    f("last_activity_at", &WorkspaceEntry::last_activity_at, "When it was last changed.");
    f("expires_at", &WorkspaceEntry::expires_at, "When it expires, or expired.");
    f("on_expiry", &WorkspaceEntry::on_expiry, kOnExpiry);
    f("deleted_at", &WorkspaceEntry::deleted_at, kDeletedAt, kAbsentWhenNull);
    f("command_count", &WorkspaceEntry::command_count, "Commands since the last reset.");
    ServiceCounts::describe(f);
    ShellCounts::describe(f);
    f("lost_snapshots", &WorkspaceEntry::lost_snapshots, kLostSnapshots);
  }
};

struct WorkspaceList : PageEnd {
  std::uint32_t count = 0;
  std::vector<WorkspaceEntry> workspaces;

  template <class Fields>
  static void describe(Fields& f) {
    f("count", &WorkspaceList::count, "How many there are.");
    f("workspaces", &WorkspaceList::workspaces, "Most recent activity first.");
    PageEnd::describe(f);
  }
};

struct ListWorkspaces {
  static constexpr Method kMethod{"workspace.list", Idempotent::kYes};
  using Reply = WorkspaceList;
  std::uint32_t offset = 0;
  std::optional<std::string> project;
  std::vector<std::string> handed_over;

  template <class Fields>
  static void describe(Fields& f) {
    describe_offset<ListWorkspaces>(f);
    f("project", &ListWorkspaces::project, "Only those of this project.", kHidden);
    f("handed_over", &ListWorkspaces::handed_over, "And these, by their ids.", kHidden);
  }
};

struct WorkspaceStatus {
  static constexpr Method kMethod{"workspace.status", Idempotent::kYes};
  using Reply = Workspace;
  std::string workspace_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<WorkspaceStatus>(f);
  }
};

/// Changes name and labels; the others remain.
struct UpdateWorkspace {
  static constexpr Method kMethod{"workspace.update", Idempotent::kYes};
  using Reply = Workspace;
  std::string workspace_id;
  std::optional<std::string> name;
  bool clear_name = false;
  std::map<std::string, std::string> labels;
  std::vector<std::string> clear_labels;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<UpdateWorkspace>(f);
    f("name", &UpdateWorkspace::name, "A new name, 1 to 64 printable characters.", max_length(256));
    f("clear_name", &UpdateWorkspace::clear_name, "Take the name away.");
    f("labels", &UpdateWorkspace::labels,
      "Labels to set, as {\"key\": \"value\"}; keys and values as in workspace_create.",
      max_length(64));
    f("clear_labels", &UpdateWorkspace::clear_labels, "Keys of labels to take away.",
      max_length(64));
  }
};

/// Rebuilds the whole sandbox, with /workspace from the baseline or a named snapshot.
/// From any state; when it fails the workspace is stopped, with last_error.
struct ResetWorkspace {
  static constexpr Method kMethod{"workspace.reset"};
  using Reply = Workspace;
  std::string workspace_id;
  std::string snapshot = "baseline";
  BootPolicy boot = BootPolicy::kAuto;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ResetWorkspace>(f);
    f("snapshot", &ResetWorkspace::snapshot, "baseline, or the name of a snapshot.",
      max_length(64));
    f("boot", &ResetWorkspace::boot, "cold: never from a warm template.", kHidden);
  }
};

/// Boots a stopped workspace again, with /workspace and everything on its disks as they were.
struct StartWorkspace {
  static constexpr Method kMethod{"workspace.start", Idempotent::kYes};
  using Reply = Workspace;
  std::string workspace_id;
  std::optional<std::string> maker;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<StartWorkspace>(f);
    f("maker", &StartWorkspace::maker, kMaker, kHidden);
  }
};

/// Ends the guest and keeps everything on its disks.
struct StopWorkspace {
  static constexpr Method kMethod{"workspace.stop", Idempotent::kYes};
  using Reply = Workspace;
  std::string workspace_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<StopWorkspace>(f);
  }
};

struct DeletedWorkspace : WorkspaceReply {
  bool deleted = false;
  std::string reason;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("deleted", &DeletedWorkspace::deleted, "Whether it is gone.");
    f("reason", &DeletedWorkspace::reason, "explicit_delete.");
  }
};

/// Ends the guest and removes every trace of the workspace, snapshots included.
struct DeleteWorkspace {
  static constexpr Method kMethod{"workspace.delete"};
  using Reply = DeletedWorkspace;
  std::string workspace_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<DeleteWorkspace>(f);
  }
};

using WorkspaceApi = Api<CreateWorkspace, ListWorkspaces, WorkspaceStatus, UpdateWorkspace,
                         ResetWorkspace, StartWorkspace, StopWorkspace, DeleteWorkspace>;

}  // namespace pyro::api
