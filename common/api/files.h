#pragma once

#include <optional>
#include <string>

#include "common/api/workspace_diff.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_files.h"
#include "common/api/workspace_patch.h"
#include "common/api/workspace_secrets.h"
#include "common/api/workspace_sync.h"

/// Operations of the files service on volumes and trees. Only the workspace service calls them, no
/// door.
namespace pyro::api {

/// A workspace's file operation, with the machine that runs it. Keeps the operation's name, fields
/// and reply.
template <Operation Op>
struct OnMachine {
  static constexpr Method kMethod = Op::kMethod;
  using Reply = typename Op::Reply;
  std::string vm_id;
  std::string baseline;
  ExecutionMode execution_mode = ExecutionMode::kPending;
  Op request;
  std::optional<std::string> secrets;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &OnMachine::vm_id, "The machine that runs the workspace.", kRequired);
    f("baseline", &OnMachine::baseline, "Volume of the state at creation, a path.");
    f("secrets", &OnMachine::secrets, kSecretFile);
    f("execution_mode", &OnMachine::execution_mode, "The machine's, for the reply.");
    f("request", &OnMachine::request, "The request.", kRequired);
  }
};

/// Writes a new volume with a seed, or an empty one. A failure leaves no file.
/// not_found: `seed_path P does not exist`.
struct BuildVolume {
  static constexpr Method kMethod{"files.build_volume"};
  using Reply = WorkspaceSeed;
  std::string volume;
  std::optional<std::string> seed_path;
  std::optional<SeedOrigin> origin;
  bool by_model = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("volume", &BuildVolume::volume, "Path of the volume to make; must not exist.", kRequired,
      max_length(4096));
    f("seed_path", &BuildVolume::seed_path, "What it holds.", max_length(4096));
    f("origin", &BuildVolume::origin, "Whose project source seed_path is.", kHidden);
    f("by_model", &BuildVolume::by_model, kByModel, kHidden);
  }
};

/// Copies the volume of a running machine at one moment. A failure leaves no file and thaws the
/// guest's file system.
struct CopyVolume {
  static constexpr Method kMethod{"files.copy_volume"};
  using Reply = TreeSize;
  std::string vm_id;
  std::string volume;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &CopyVolume::vm_id, "The machine.", kRequired);
    f("volume", &CopyVolume::volume, "Path of the copy; must not exist.", kRequired,
      max_length(4096));
  }
};

/// Copies the content of a volume into the empty /workspace of a machine in host compatibility
/// mode.
struct FillWorkspace {
  static constexpr Method kMethod{"files.fill_workspace"};
  using Reply = TreeSize;
  std::string vm_id;
  std::string volume;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &FillWorkspace::vm_id, "The machine.", kRequired);
    f("volume", &FillWorkspace::volume, "Path of the volume.", kRequired, max_length(4096));
  }
};

using VolumesApi = Api<BuildVolume, CopyVolume, FillWorkspace>;
using MachineFilesApi =
    Api<OnMachine<PushSync>, OnMachine<ExportPath>, OnMachine<DiffWorkspace>, OnMachine<ListFiles>,
        OnMachine<ReadFile>, OnMachine<WriteFile>, OnMachine<ApplyPatch>>;

}  // namespace pyro::api
