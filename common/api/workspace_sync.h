#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/api/workspace.h"

/// Files of the host copied into a workspace. The workspace service answers them to doors; the
/// files service does the work (files.h).
namespace pyro::api {

struct WorkspaceSync : CopiedTree {
  SeedMode mode = SeedMode::kDirectory;
  std::string source_path;
  std::string destination;

  template <class Fields>
  static void describe(Fields& f) {
    f("mode", &WorkspaceSync::mode, "directory or tar_archive.");
    f("source_path", &WorkspaceSync::source_path, "The directory or archive on the host.");
    f("destination", &WorkspaceSync::destination, "Where it went.");
    CopiedTree::describe(f);
  }
};

struct PushedSync : WorkspaceReply {
  ExecutionMode execution_mode = ExecutionMode::kPending;
  WorkspaceSync workspace_sync;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("execution_mode", &PushedSync::execution_mode, "guest_serial, … or host_compat.");
    f("workspace_sync", &PushedSync::workspace_sync, "The pushed tree.");
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

using SyncApi = Api<PushSync>;

}  // namespace pyro::api
