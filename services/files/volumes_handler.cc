#include "services/files/volumes_handler.h"

#include "services/files/copy_volume.h"
#include "services/files/push.h"
#include "services/files/seed.h"

namespace pyro::files {

api::WorkspaceSeed VolumesHandler::handle(const api::BuildVolume& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.volume);
  return build_volume(paths_.cache_dir, scratch_, request, call.work());
}

api::TreeSize VolumesHandler::handle(const api::CopyVolume& request, bus::Call& call) {
  return guests_.with(request.vm_id, call, [&](GuestTree& guest, const Work& work) {
    return copy_volume(guest,
                       {.disk = MachinePaths(paths_, request.vm_id).workspace_disk(),
                        .volume = request.volume,
                        .cache_dir = paths_.cache_dir,
                        .keep_free_mib = keep_free_mib_},
                       work);
  });
}

api::TreeSize VolumesHandler::handle(const api::FillWorkspace& request, bus::Call& call) {
  return guests_.with(request.vm_id, call, [&](GuestTree& guest, const Work& work) {
    return fill_workspace(guest, request, work);
  });
}

}  // namespace pyro::files
