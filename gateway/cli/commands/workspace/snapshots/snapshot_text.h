#pragma once

#include <string>

#include "common/api/workspace_snapshots.h"

namespace pyro::cli {

std::string created_snapshot_text(const api::CreatedSnapshot& created);
std::string deleted_snapshot_text(const api::DeletedSnapshot& deleted);
std::string snapshot_list_text(const api::SnapshotList& list, double now);

}  // namespace pyro::cli
