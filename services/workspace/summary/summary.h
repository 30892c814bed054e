#pragma once

#include "common/api/workspace_summary.h"
#include "common/bus/call.h"
#include "services/workspace/commands/journal.h"
#include "services/workspace/files/files.h"
#include "services/workspace/files/review_log.h"
#include "services/workspace/services/services.h"
#include "services/workspace/shells/shells.h"
#include "services/workspace/snapshots/snapshot_store.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// The session of a workspace for a review, from what the other nouns keep of it.
class Summary {
 public:
  Summary(Workspaces& workspaces, const Journal& journal, const SnapshotStore& snapshots,
          const ReviewLog& reviews, const Services& services, const Shells& shells, Files& files)
      : workspaces_(workspaces),
        journal_(journal),
        snapshots_(snapshots),
        reviews_(reviews),
        services_(services),
        shells_(shells),
        files_(files) {}

  api::WorkspaceSummary handle(const api::SummarizeWorkspace& request, bus::Call& call);

 private:
  /// Where the files cannot be compared it says why.
  api::SummaryChanges changes_of(const api::Workspace& workspace, bus::Call& call);

  Workspaces& workspaces_;
  const Journal& journal_;
  const SnapshotStore& snapshots_;
  const ReviewLog& reviews_;
  const Services& services_;
  const Shells& shells_;
  Files& files_;
};

}  // namespace pyro::workspace
