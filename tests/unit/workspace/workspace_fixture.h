#pragma once

#include <gmock/gmock.h>

#include "common/registry/registry.h"
#include "services/workspace/workspace_paths.h"
#include "services/workspace/workspace_record.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro::workspace {

/// A registry, and the directories of workspaces.
class WorkspaceTest : public ::testing::Test {
 protected:
  WorkspaceTest() { std::filesystem::create_directories(paths_.workspaces_dir()); }

  WorkspaceRecord record_of(const std::string& id, std::uint32_t session = 0) const {
    std::filesystem::create_directories(WorkspacePaths(paths_, id).directory);
    WorkspaceRecord record{.workspace = {.workspace_id = id}, .session = session};
    record.workspace.created_at = 1000;
    record.workspace.workspace_seed = {{{.entry_count = 3, .bytes_written = 30}}};
    return record;
  }

  testing::TestDirectory directory_;
  Paths paths_{.state_dir = directory_.path()};
  Registry registry_{directory_ / "registry.db"};
};

}  // namespace pyro::workspace
