#include "services/files/disks_handler.h"

#include "common/log/log.h"
#include "services/files/disk/disk_files.h"

namespace pyro::files {

api::DiskExported DisksHandler::handle(const api::OnDisks<api::ExportDisk>& request,
                                       bus::Call& call) {
  const log::Context context(call.trace_id(), request.request.workspace_id);
  return export_disk(exports_, limits_, request, call.work());
}

api::FileList DisksHandler::handle(const api::OnDisks<api::ListDisk>& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.request.workspace_id);
  return list_disk(reader_, request, call.work());
}

api::FileContent DisksHandler::handle(const api::OnDisks<api::ReadDisk>& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.request.workspace_id);
  return read_disk(reader_, request, call.work(), redactor_of(secrets_, request.secrets));
}

}  // namespace pyro::files
