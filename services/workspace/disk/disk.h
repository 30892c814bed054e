#pragma once

#include "common/api/disks.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "services/workspace/files/review_log.h"
#include "services/workspace/machines.h"
#include "services/workspace/secrets/secrets.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// The disks of stopped workspaces, also of those that start no more. The files service reads and
/// copies them; the workspace's turn keeps it stopped meanwhile.
class Disk {
 public:
  Disk(Workspaces& workspaces, Machines& machines, ReviewLog& reviews, Secrets& secrets,
       bus::Client& files)
      : workspaces_(workspaces),
        machines_(machines),
        reviews_(reviews),
        secrets_(secrets),
        files_(files) {}

  api::DiskExported handle(const api::ExportDisk& request, bus::Call& call);
  api::FileList handle(const api::ListDisk& request, bus::Call& call);
  api::FileContent handle(const api::ReadDisk& request, bus::Call& call);

 private:
  template <class Op>
  typename Op::Reply ask(const WorkspaceRecord& record, const Op& request,
                         const api::DiskPaths& disks, const Work& work);
  std::unique_ptr<ReviewLog::Entry> begin_export(const WorkspaceRecord& record,
                                                 const api::ExportDisk& request);
  /// An event for the review, as the export of a path is.
  api::DiskExported export_disk(const WorkspaceRecord& record, const api::ExportDisk& request,
                                const api::DiskPaths& disks, const Work& work);
  template <class Op>
  typename Op::Reply answer(const Op& request, const bus::Call& call);
  /// not_stopped, no_disk, machine_lost: there is nothing to read.
  api::DiskPaths disks_of(const std::string& workspace_id, std::string_view method,
                          const Work& work);

  Workspaces& workspaces_;
  Machines& machines_;
  ReviewLog& reviews_;
  Secrets& secrets_;
  bus::Client& files_;
};

}  // namespace pyro::workspace
