#include "services/files/service.h"

#include "common/base/files.h"
#include "common/guest/machine_paths.h"
#include "common/log/log.h"
#include "services/files/copy_volume.h"
#include "services/files/diff.h"
#include "services/files/export.h"
#include "services/files/files.h"
#include "services/files/patch/workspace_patch.h"
#include "services/files/push.h"
#include "services/files/seed.h"

namespace pyro::files {
Service::Service(const ServiceHost& host)
    : paths_(host.paths()),
      scratch_(host.paths().state_dir / "files-scratch"),
      exports_(host.paths().state_dir / "exports") {
  std::filesystem::remove_all(scratch_);
  make_private_directory(scratch_);
  exports_.remove_leftovers();
}

GuestTree Service::dial(const std::string& vm_id, const Work& work) {
  return GuestTree::dial(MachinePaths(paths_, vm_id).link_socket, work, slots_.take(vm_id, work));
}

api::WorkspaceSeed Service::handle(const api::BuildVolume& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.volume);
  return build_volume(paths_.cache_dir, scratch_, request, call.work());
}

api::TreeSize Service::handle(const api::CopyVolume& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.vm_id);
  const Work& work = call.work();
  GuestTree guest = dial(request.vm_id, work);
  return copy_volume(guest,
                     {.disk = MachinePaths(paths_, request.vm_id).workspace_disk(),
                      .volume = request.volume,
                      .cache_dir = paths_.cache_dir},
                     work);
}

api::TreeSize Service::handle(const api::FillWorkspace& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.vm_id);
  const Work& work = call.work();
  GuestTree guest = dial(request.vm_id, work);
  return fill_workspace(guest, request, work);
}

api::PushedSync Service::handle(const api::OnMachine<api::PushSync>& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.vm_id);
  const Work& work = call.work();
  GuestTree guest = dial(request.vm_id, work);
  return push(guest, request, work);
}

api::Exported Service::handle(const api::OnMachine<api::ExportPath>& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.vm_id);
  const Work& work = call.work();
  GuestTree guest = dial(request.vm_id, work);
  return export_path(guest, exports_, request, work);
}

api::Diff Service::handle(const api::OnMachine<api::DiffWorkspace>& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.vm_id);
  const Work& work = call.work();
  GuestTree guest = dial(request.vm_id, work);
  return diff_workspace(guest, request, scratch_, work);
}

api::FileList Service::handle(const api::OnMachine<api::ListFiles>& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.vm_id);
  GuestTree guest = dial(request.vm_id, call.work());
  return list_files(guest, request.request);
}

api::FileContent Service::handle(const api::OnMachine<api::ReadFile>& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.vm_id);
  GuestTree guest = dial(request.vm_id, call.work());
  return read_part(guest, request.request);
}

api::FileWritten Service::handle(const api::OnMachine<api::WriteFile>& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.vm_id);
  GuestTree guest = dial(request.vm_id, call.work());
  return write_whole(guest, request.request);
}

api::PatchApplied Service::handle(const api::OnMachine<api::ApplyPatch>& request, bus::Call& call) {
  const log::Context context(call.trace_id(), request.vm_id);
  const Work& work = call.work();
  GuestTree guest = dial(request.vm_id, work);
  return patch_workspace(guest, request.request, scratch_, work);
}

}  // namespace pyro::files
