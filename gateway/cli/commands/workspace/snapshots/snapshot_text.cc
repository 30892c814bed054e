#include "gateway/cli/commands/workspace/snapshots/snapshot_text.h"

#include <fmt/core.h>

#include <vector>

#include "common/base/text.h"
#include "gateway/cli/commands/workspace/parts_text.h"
#include "gateway/cli/text/human.h"
#include "gateway/cli/text/table.h"

namespace pyro::cli {
std::string created_snapshot_text(const api::CreatedSnapshot& created) {
  const auto& snapshot = created.snapshot;
  return fmt::format(
      "snapshot {0} holds {1}; to return to it: pyro workspace reset {2} --snapshot {0}\n",
      snapshot.snapshot_name, amount_text(snapshot.entry_count, snapshot.bytes_written),
      created.workspace_id);
}

std::string deleted_snapshot_text(const api::DeletedSnapshot& deleted) {
  return fmt::format("snapshot {} {}\n", deleted.snapshot_name,
                     deleted.deleted ? "is deleted" : "was not deleted");
}

std::string snapshot_list_text(const api::SnapshotList& list, double now) {
  std::vector<std::vector<std::string>> rows{{"NAME", "KIND", "CREATED", "ENTRIES", "SIZE"}};
  for (const auto& snapshot : list.snapshots) {
    rows.push_back({snapshot.snapshot_name, std::string(api::name_of(snapshot.kind)),
                    human_ago(snapshot.created_at, now), std::to_string(snapshot.entry_count),
                    human_size(snapshot.bytes_written)});
  }
  return table(rows);
}

}  // namespace pyro::cli
