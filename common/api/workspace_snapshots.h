#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/api/workspace.h"

/// Operations on the snapshots of a workspace. Owner: workspace service.
namespace pyro::api {

enum class SnapshotKind { kBaseline, kNamed };
constexpr std::array<std::pair<SnapshotKind, std::string_view>, 2> enum_names(SnapshotKind) {
  return {{{SnapshotKind::kBaseline, "baseline"}, {SnapshotKind::kNamed, "named"}}};
}

struct Snapshot : TreeSize {
  std::string snapshot_name;
  SnapshotKind kind = SnapshotKind::kNamed;
  double created_at = 0;
  bool deletable = true;

  template <class Fields>
  static void describe(Fields& f) {
    f("snapshot_name", &Snapshot::snapshot_name, "Its name.");
    f("kind", &Snapshot::kind, "baseline or named.");
    f("created_at", &Snapshot::created_at, "Seconds since the epoch.");
    TreeSize::describe(f);
    f("deletable", &Snapshot::deletable, "False for the baseline.");
  }
};

struct CreatedSnapshot : WorkspaceReply {
  Snapshot snapshot;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("snapshot", &CreatedSnapshot::snapshot, "The new snapshot.");
  }
};

/// Keeps /workspace as it is now under a name. already_exists: the name is taken.
struct CreateSnapshot {
  static constexpr Method kMethod{"workspace.snapshot_create"};
  using Reply = CreatedSnapshot;
  std::string workspace_id;
  std::string snapshot_name;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<CreateSnapshot>(f);
    f("snapshot_name", &CreateSnapshot::snapshot_name,
      "Name of the snapshot: letters, digits, '.', '_' and '-'.", kRequired, kPositional,
      max_length(64));
  }
};

struct DeletedSnapshot : WorkspaceReply {
  std::string snapshot_name;
  bool deleted = false;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("snapshot_name", &DeletedSnapshot::snapshot_name, "The snapshot.");
    f("deleted", &DeletedSnapshot::deleted, "Whether it is gone.");
  }
};

/// failed_precondition: `cannot delete the baseline snapshot`.
struct DeleteSnapshot {
  static constexpr Method kMethod{"workspace.snapshot_delete"};
  using Reply = DeletedSnapshot;
  std::string workspace_id;
  std::string snapshot_name;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<DeleteSnapshot>(f);
    f("snapshot_name", &DeleteSnapshot::snapshot_name, "Name of the snapshot.", kRequired,
      kPositional, max_length(64));
  }
};

struct SnapshotList : WorkspaceReply {
  std::uint32_t count = 0;
  std::vector<Snapshot> snapshots;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("count", &SnapshotList::count, "How many, the baseline included.");
    f("snapshots", &SnapshotList::snapshots, "The baseline first, then by age.");
  }
};

struct ListSnapshots {
  static constexpr Method kMethod{"workspace.snapshot_list", Idempotent::kYes};
  using Reply = SnapshotList;
  std::string workspace_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ListSnapshots>(f);
  }
};

using SnapshotsApi = Api<CreateSnapshot, DeleteSnapshot, ListSnapshots>;

}  // namespace pyro::api
