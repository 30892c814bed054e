#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/api/field.h"
#include "common/api/prepare.h"
#include "common/api/workspace_commands.h"
#include "common/api/workspace_snapshots.h"

/// Operations on what is in /workspace. The workspace service answers them to doors; the files
/// service does the work, on a machine that the workspace service names (files.h).
namespace pyro::api {

inline constexpr std::uint64_t kFileLimit = 1048576;

enum class ArtifactType { kFile, kDirectory, kSymlink, kOther };
constexpr std::array<std::pair<ArtifactType, std::string_view>, 4> enum_names(ArtifactType) {
  return {{{ArtifactType::kFile, "file"},
           {ArtifactType::kDirectory, "directory"},
           {ArtifactType::kSymlink, "symlink"},
           {ArtifactType::kOther, "other"}}};
}

struct WorkspaceSync {
  SeedMode mode = SeedMode::kDirectory;
  std::string source_path;
  std::string destination;
  std::uint64_t entry_count = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t skipped_count = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("mode", &WorkspaceSync::mode, "directory or tar_archive.");
    f("source_path", &WorkspaceSync::source_path, "The directory or archive on the host.");
    f("destination", &WorkspaceSync::destination, "Where it went.");
    f("entry_count", &WorkspaceSync::entry_count, "Files, directories and links.");
    f("bytes_written", &WorkspaceSync::bytes_written, "Bytes of the files' content.");
    f("skipped_count", &WorkspaceSync::skipped_count,
      "Sockets, FIFOs and devices that were left out.");
  }
};

struct PushedSync {
  std::string workspace_id;
  std::optional<double> expires_at;
  ExecutionMode execution_mode = ExecutionMode::kPending;
  WorkspaceSync workspace_sync;

  template <class Fields>
  static void describe(Fields& f) {
    describe_reply_workspace_id<PushedSync>(f);
    f("execution_mode", &PushedSync::execution_mode, "guest_serial, … or host_compat.");
    f("workspace_sync", &PushedSync::workspace_sync, "What was pushed.");
  }
};

/// Adds and overwrites files from a directory or archive of the host: whole or not at all.
struct PushSync {
  static constexpr Method kMethod{"workspace.sync_push"};
  using Reply = PushedSync;
  std::string workspace_id;
  std::string source_path;
  std::string dest = "/workspace";
  bool by_model = false;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<PushSync>(f);
    f("source_path", &PushSync::source_path, "Directory or .tar/.tar.gz/.tgz archive on the host.",
      kRequired, kPositional, max_length(4096));
    f("dest", &PushSync::dest, "Directory below /workspace that it goes to.", max_length(4096));
    f("by_model", &PushSync::by_model, kByModel, kHidden);
  }
};

struct Exported {
  std::string workspace_id;
  std::optional<double> expires_at;
  std::string workspace_path;
  std::string output_path;
  ArtifactType artifact_type = ArtifactType::kFile;
  std::uint64_t entry_count = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t skipped_count = 0;
  ExecutionMode execution_mode = ExecutionMode::kPending;

  template <class Fields>
  static void describe(Fields& f) {
    describe_reply_workspace_id<Exported>(f);
    f("workspace_path", &Exported::workspace_path, "What was exported.");
    f("output_path", &Exported::output_path, "Where it is on the host.");
    f("artifact_type", &Exported::artifact_type, "file, directory or symlink.");
    f("entry_count", &Exported::entry_count, "Files, directories and links.");
    f("bytes_written", &Exported::bytes_written, "Bytes of the files' content.");
    f("skipped_count", &Exported::skipped_count,
      "Sockets, FIFOs and devices that were left out; over MCP also what lies in .git "
      "directories.");
    f("execution_mode", &Exported::execution_mode, "guest_serial, … or host_compat.");
  }
};

/// Copies a file or directory out to the host. already_exists: `output_path already exists: P`.
/// By a model: nothing goes into a .git directory of the host, and none comes out.
struct ExportPath {
  static constexpr Method kMethod{"workspace.export"};
  using Reply = Exported;
  std::string workspace_id;
  std::string path;
  std::string output_path;
  bool by_model = false;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ExportPath>(f);
    f("path", &ExportPath::path, "File or directory below /workspace.", kRequired, kMayBeEmpty,
      kPositional, max_length(4096));
    f("output_path", &ExportPath::output_path, "Path on the host, which must not exist.", kRequired,
      max_length(4096));
    f("by_model", &ExportPath::by_model, kByModel, kHidden);
  }
};

enum class DiffStatus { kAdded, kModified, kDeleted, kTypeChanged };
constexpr std::array<std::pair<DiffStatus, std::string_view>, 4> enum_names(DiffStatus) {
  return {{{DiffStatus::kAdded, "added"},
           {DiffStatus::kModified, "modified"},
           {DiffStatus::kDeleted, "deleted"},
           {DiffStatus::kTypeChanged, "type_changed"}}};
}

struct DiffEntry {
  std::string path;
  DiffStatus status = DiffStatus::kModified;
  ArtifactType artifact_type = ArtifactType::kFile;
  std::optional<std::string> text_patch;
  std::optional<std::string> path_bytes;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &DiffEntry::path, "Path relative to /workspace.");
    f("status", &DiffEntry::status, "added, modified, deleted or type_changed.");
    f("artifact_type", &DiffEntry::artifact_type,
      "What it is now, or was when it was deleted: file, directory (an empty one) or symlink.");
    f("text_patch", &DiffEntry::text_patch,
      "Its part of the patch, for text files; null for others and for changes of mode alone.");
    f("path_bytes", &DiffEntry::path_bytes,
      "The path's bytes in base64, when it is not valid UTF-8.");
  }
};

struct DiffSummary {
  std::uint32_t total = 0;
  std::uint32_t added = 0;
  std::uint32_t modified = 0;
  std::uint32_t deleted = 0;
  std::uint32_t type_changed = 0;
  std::uint32_t text_patched = 0;
  std::uint32_t non_text = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("total", &DiffSummary::total, "Changed paths.");
    f("added", &DiffSummary::added, "Those that are new.");
    f("modified", &DiffSummary::modified, "Those whose content, mode or target changed.");
    f("deleted", &DiffSummary::deleted, "Those that are gone.");
    f("type_changed", &DiffSummary::type_changed, "Those that are of another type now.");
    f("text_patched", &DiffSummary::text_patched, "Entries with a text_patch.");
    f("non_text", &DiffSummary::non_text, "Entries without one.");
  }
};

struct Diff {
  std::string workspace_id;
  std::optional<double> expires_at;
  bool changed = false;
  DiffSummary summary;
  std::vector<DiffEntry> entries;
  std::string patch;
  std::vector<std::string> patch_omits;

  template <class Fields>
  static void describe(Fields& f) {
    describe_reply_workspace_id<Diff>(f);
    f("changed", &Diff::changed, "Whether anything differs from the state at creation.");
    f("summary", &Diff::summary, "How much.");
    f("entries", &Diff::entries, "What, sorted by path: those that were asked for.");
    f("patch", &Diff::patch, "One git-format patch of the entries, for git apply.");
    f("patch_omits", &Diff::patch_omits,
      "Paths that the patch leaves out because they are too large for it: export those.");
  }
};

/// /workspace against its state at creation: all of it, or the entries that are asked for. The
/// summary is of all of it. not_found: `workspace path is not changed: P`.
struct DiffWorkspace {
  static constexpr Method kMethod{"workspace.diff", Idempotent::kYes};
  using Reply = Diff;
  std::string workspace_id;
  std::optional<std::string> path;
  std::uint32_t offset = 0;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<DiffWorkspace>(f);
    f("path", &DiffWorkspace::path, "Only the entry of this path.", max_length(4096));
    f("offset", &DiffWorkspace::offset, "Entries to leave out at the beginning.");
  }
};

struct FileEntry {
  std::string path;
  ArtifactType artifact_type = ArtifactType::kFile;
  std::uint64_t size_bytes = 0;
  std::optional<std::string> link_target;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &FileEntry::path, "Absolute path in the guest.");
    f("artifact_type", &FileEntry::artifact_type, "file, directory, symlink or other.");
    f("size_bytes", &FileEntry::size_bytes, "Bytes of a file's content, else 0.");
    f("link_target", &FileEntry::link_target, "Of a symlink: where it points.");
  }
};

struct FileList {
  std::string workspace_id;
  std::optional<double> expires_at;
  std::string path;
  ArtifactType artifact_type = ArtifactType::kDirectory;
  std::vector<FileEntry> entries;

  template <class Fields>
  static void describe(Fields& f) {
    describe_reply_workspace_id<FileList>(f);
    f("path", &FileList::path, "What was listed, as an absolute path.");
    f("artifact_type", &FileList::artifact_type, "What it is itself.");
    f("entries", &FileList::entries, "Sorted by path; for a file, the file itself.");
  }
};

/// resource_exhausted: more than 65,536 entries.
struct ListFiles {
  static constexpr Method kMethod{"workspace.file_list", Idempotent::kYes};
  using Reply = FileList;
  std::string workspace_id;
  std::string path = "/workspace";
  bool recursive = false;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ListFiles>(f);
    f("path", &ListFiles::path, "Directory or file below /workspace.", kPositional,
      max_length(4096));
    f("recursive", &ListFiles::recursive, "Directories below it as well.");
  }
};

struct FileContent {
  std::string workspace_id;
  std::optional<double> expires_at;
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t max_bytes = 0;
  std::string content;
  bool truncated = false;
  std::optional<std::uint64_t> next_offset;

  template <class Fields>
  static void describe(Fields& f) {
    describe_reply_workspace_id<FileContent>(f);
    f("path", &FileContent::path, "Absolute path in the guest.");
    f("offset", &FileContent::offset, "Where the content begins in the file, in bytes.");
    f("size_bytes", &FileContent::size_bytes, "Size of the whole file.");
    f("max_bytes", &FileContent::max_bytes, "What was asked for.");
    f("content", &FileContent::content,
      "The content; bytes that are not UTF-8 come as replacement characters.");
    f("truncated", &FileContent::truncated, "More follows after it.");
    f("next_offset", &FileContent::next_offset,
      "Only when truncated: where the next page begins, in bytes.", kAbsentWhenNull);
  }
};

struct ReadFile {
  static constexpr Method kMethod{"workspace.file_read", Idempotent::kYes};
  using Reply = FileContent;
  std::string workspace_id;
  std::string path;
  std::uint64_t max_bytes = 65536;
  std::uint64_t offset = 0;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ReadFile>(f);
    f("path", &ReadFile::path, "File below /workspace.", kRequired, kMayBeEmpty, kPositional,
      max_length(4096));
    f("max_bytes", &ReadFile::max_bytes,
      "At most this many bytes. When more follows, the page ends with a whole character.",
      range(1, kFileLimit));
    f("offset", &ReadFile::offset, "Where to begin, in bytes.");
  }
};

struct FileWritten {
  std::string workspace_id;
  std::optional<double> expires_at;
  std::string path;
  std::uint64_t size_bytes = 0;
  std::uint64_t bytes_written = 0;

  template <class Fields>
  static void describe(Fields& f) {
    describe_reply_workspace_id<FileWritten>(f);
    f("path", &FileWritten::path, "Absolute path in the guest.");
    f("size_bytes", &FileWritten::size_bytes, "Size of the file now.");
    f("bytes_written", &FileWritten::bytes_written, "Bytes written.");
  }
};

/// Replaces a file as a whole, and makes the directories above it.
struct WriteFile {
  static constexpr Method kMethod{"workspace.file_write", Idempotent::kYes};
  using Reply = FileWritten;
  std::string workspace_id;
  std::string path;
  std::string text;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<WriteFile>(f);
    f("path", &WriteFile::path, "File below /workspace.", kRequired, kMayBeEmpty, kPositional,
      max_length(4096));
    f("text", &WriteFile::text, "Its new content, UTF-8; may be empty.", kRequired, kMayBeEmpty,
      max_length(kFileLimit));
  }
};

struct PatchSummary {
  std::uint32_t total = 0;
  std::uint32_t added = 0;
  std::uint32_t modified = 0;
  std::uint32_t deleted = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("total", &PatchSummary::total, "Changed files.");
    f("added", &PatchSummary::added, "Those that are new.");
    f("modified", &PatchSummary::modified, "Those that changed.");
    f("deleted", &PatchSummary::deleted, "Those that are gone.");
  }
};

struct PatchEntry {
  std::string path;
  DiffStatus status = DiffStatus::kModified;
  std::optional<std::int64_t> offset_lines;

  template <class Fields>
  static void describe(Fields& f) {
    f("path", &PatchEntry::path, "Path relative to /workspace.");
    f("status", &PatchEntry::status, "added, modified or deleted.");
    f("offset_lines", &PatchEntry::offset_lines,
      "How many lines from where the patch said its first displaced hunk was applied.");
  }
};

struct PatchApplied {
  std::string workspace_id;
  std::optional<double> expires_at;
  bool changed = false;
  PatchSummary summary;
  std::vector<PatchEntry> entries;

  template <class Fields>
  static void describe(Fields& f) {
    describe_reply_workspace_id<PatchApplied>(f);
    f("changed", &PatchApplied::changed, "Whether anything was changed.");
    f("summary", &PatchApplied::summary, "How much.");
    f("entries", &PatchApplied::entries, "What, sorted by path.");
  }
};

/// Applies a unified diff of text files: all of it or nothing.
/// failed_precondition: `patch context does not match for P`.
struct ApplyPatch {
  static constexpr Method kMethod{"workspace.patch_apply"};
  using Reply = PatchApplied;
  std::string workspace_id;
  std::string patch;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ApplyPatch>(f);
    f("patch", &ApplyPatch::patch, "The patch, a unified diff.", kRequired, max_length(kFileLimit));
  }
};

struct EditEvent {
  std::string kind;
  double recorded_at = 0;
  std::vector<std::string> paths;

  template <class Fields>
  static void describe(Fields& f) {
    f("kind", &EditEvent::kind, "file_write, patch_apply or sync_push.");
    f("recorded_at", &EditEvent::recorded_at, "Seconds since the epoch.");
    f("paths", &EditEvent::paths, "What it wrote to.");
  }
};

struct ExportEvent {
  std::string workspace_path;
  std::string output_path;
  ArtifactType artifact_type = ArtifactType::kFile;
  double recorded_at = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("workspace_path", &ExportEvent::workspace_path, "What was exported.");
    f("output_path", &ExportEvent::output_path, "Where to.");
    f("artifact_type", &ExportEvent::artifact_type, "file, directory or symlink.");
    f("recorded_at", &ExportEvent::recorded_at, "Seconds since the epoch.");
  }
};

struct SummaryOutcome {
  std::uint64_t command_count = 0;
  std::optional<CommandSummary> last_command;
  std::uint32_t service_count = 0;
  std::uint32_t running_service_count = 0;
  std::uint32_t export_count = 0;
  std::uint32_t snapshot_count = 0;
  std::uint32_t reset_count = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("command_count", &SummaryOutcome::command_count, "Commands since the last reset.");
    f("last_command", &SummaryOutcome::last_command, "The last of them.");
    f("service_count", &SummaryOutcome::service_count, "Its services.");
    f("running_service_count", &SummaryOutcome::running_service_count, "Those that run.");
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

/// A service of the workspace, in the summary. There are none yet.
struct SummaryService {
  std::string service_name;
  std::string state;

  template <class Fields>
  static void describe(Fields& f) {
    f("service_name", &SummaryService::service_name, "Its name.");
    f("state", &SummaryService::state, "running, stopped, exited or failed.");
  }
};

struct SummaryServices {
  std::vector<SummaryService> current;
  std::vector<SummaryService> recent;

  template <class Fields>
  static void describe(Fields& f) {
    f("current", &SummaryServices::current, "Services as they stand.");
    f("recent", &SummaryServices::recent, "Services that were started or stopped last.");
  }
};

/// The session for a review: what was run, edited, changed and exported.
struct WorkspaceSummary {
  std::string workspace_id;
  std::optional<double> expires_at;
  std::optional<std::string> name;
  std::map<std::string, std::string> labels;
  std::string environment;
  MachineState state = MachineState::kCreated;
  double last_activity_at = 0;
  double session_started_at = 0;
  SummaryOutcome outcome;
  SummaryCommands commands;
  SummaryEdits edits;
  SummaryChanges changes;
  SummaryServices services;
  SummaryArtifacts artifacts;
  SummarySnapshots snapshots;

  template <class Fields>
  static void describe(Fields& f) {
    describe_reply_workspace_id<WorkspaceSummary>(f);
    f("name", &WorkspaceSummary::name, "Its name, if it has one.");
    f("labels", &WorkspaceSummary::labels, "Its labels.");
    f("environment", &WorkspaceSummary::environment, "Environment it boots.");
    f("state", &WorkspaceSummary::state, "created, started or stopped.");
    f("last_activity_at", &WorkspaceSummary::last_activity_at, "When it was last changed.");
    f("session_started_at", &WorkspaceSummary::session_started_at, "Creation or last reset.");
    f("outcome", &WorkspaceSummary::outcome, "The session in numbers.");
    f("commands", &WorkspaceSummary::commands, "What was run.");
    f("edits", &WorkspaceSummary::edits, "What was written from outside.");
    f("changes", &WorkspaceSummary::changes, "How the files differ from the state at creation.");
    f("services", &WorkspaceSummary::services, "Its services.");
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

using WorkspaceApi =
    Api<CreateWorkspace, ListWorkspaces, WorkspaceStatus, UpdateWorkspace, ExecWorkspace, PollExec,
        CancelExec, FindExec, AttachExec, WorkspaceLogs, ResetWorkspace, StartWorkspace,
        StopWorkspace, DeleteWorkspace, CreateSnapshot, DeleteSnapshot, ListSnapshots, PushSync,
        ExportPath, DiffWorkspace, ListFiles, ReadFile, WriteFile, ApplyPatch, SummarizeWorkspace,
        PrepareEnvironment>;

}  // namespace pyro::api
