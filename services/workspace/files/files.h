#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/api/files.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "common/config/paths.h"
#include "services/workspace/files/review_log.h"
#include "services/workspace/secrets/secrets.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// Files of started workspaces. The files service does the work; the review log hears of changes
/// and exports before they happen, and of their outcome within the same turn and use.
class Files {
 public:
  Files(Paths paths, Workspaces& workspaces, ReviewLog& reviews, Secrets& secrets,
        bus::Client& files)
      : paths_(std::move(paths)),
        workspaces_(workspaces),
        reviews_(reviews),
        secrets_(secrets),
        files_(files) {}

  api::PushedSync handle(const api::PushSync& request, bus::Call& call);
  api::Exported handle(const api::ExportPath& request, bus::Call& call);
  api::Diff handle(const api::DiffWorkspace& request, bus::Call& call);
  api::FileList handle(const api::ListFiles& request, bus::Call& call);
  api::FileContent handle(const api::ReadFile& request, bus::Call& call);
  api::FileWritten handle(const api::WriteFile& request, bus::Call& call);
  api::PatchApplied handle(const api::ApplyPatch& request, bus::Call& call);

 private:
  /// Asks the files service; `entry`, where there is one, is retracted when it says no.
  template <class Op>
  typename Op::Reply ask(const Workspaces::Started& started, const Op& request, const Work& work,
                         ReviewLog::Entry* entry = nullptr);
  template <class Op>
  typename Op::Reply read(const Op& request, const bus::Call& call);
  /// A change takes its turn, and moves the expiry. `paths_of` names what the reply says it wrote.
  template <class Op, class PathsOf>
  typename Op::Reply change(const Op& request, const bus::Call& call, const std::string& kind,
                            const std::vector<std::string>& asked_paths, const PathsOf& paths_of);

  Paths paths_;
  Workspaces& workspaces_;
  ReviewLog& reviews_;
  Secrets& secrets_;
  bus::Client& files_;
};

}  // namespace pyro::workspace
