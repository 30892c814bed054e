#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/api/artifact.h"
#include "common/api/workspace.h"

/// Results copied out to the host. The workspace service answers them to doors; the files
/// service does the work (files.h).
namespace pyro::api {

struct Exported : WorkspaceReply, TreeSize {
  std::string workspace_path;
  std::string output_path;
  ArtifactType artifact_type = ArtifactType::kFile;
  std::uint64_t skipped_count = 0;
  std::vector<std::string> withheld;
  std::uint64_t executable_bits_dropped = 0;
  ExecutionMode execution_mode = ExecutionMode::kPending;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("workspace_path", &Exported::workspace_path, "What was exported.");
    f("output_path", &Exported::output_path, "Where it is on the host.");
    f("artifact_type", &Exported::artifact_type, "file, directory or symlink.");
    TreeSize::describe(f);
    f("skipped_count", &Exported::skipped_count,
      "Sockets, FIFOs and devices that were left out; over MCP also .git directories and withheld "
      "files.");
    f("withheld", &Exported::withheld,
      "Over MCP: names that programs on the host obey, left out; the first 20.");
    f("executable_bits_dropped", &Exported::executable_bits_dropped,
      "Over MCP: files that were executable in the workspace and are not on the host.");
    f("execution_mode", &Exported::execution_mode, "guest_serial, … or host_compat.");
  }
};

/// Copies a file or directory out to the host. already_exists: `output_path already exists: P`.
/// By a model: nothing goes into a git directory of the host, and none comes out.
/// host_path_refused: the output has a name that programs obey.
struct ExportPath {
  static constexpr Method kMethod{"workspace.export"};
  using Reply = Exported;
  std::string workspace_id;
  std::string path;
  std::string output_path;
  bool by_model = false;
  std::string guarded_below;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ExportPath>(f);
    f("path", &ExportPath::path, "File or directory below /workspace.", kRequired, kMayBeEmpty,
      kPositional, max_length(4096));
    f("output_path", &ExportPath::output_path,
      "Path on the host, which must not exist. Over MCP the default is below .pyro/exports of the "
      "project.",
      max_length(4096));
    f("by_model", &ExportPath::by_model, kByModel, kHidden);
    f("guarded_below", &ExportPath::guarded_below,
      "Directory of the host below which no name that programs obey and no executable bit is put; "
      "empty: both may be.",
      kHidden, max_length(4096));
  }
};

using ExportApi = Api<ExportPath>;

}  // namespace pyro::api
