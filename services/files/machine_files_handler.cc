#include "services/files/machine_files_handler.h"

#include <utility>

#include "services/files/diff.h"
#include "services/files/export.h"
#include "services/files/files.h"
#include "services/files/patch/workspace_patch.h"
#include "services/files/push.h"

namespace pyro::files {

MachineFilesHandler::MachineFilesHandler(std::filesystem::path exports,
                                         std::filesystem::path scratch, const ExportLimits& limits,
                                         Guests& guests, KnownSecrets& secrets)
    : exports_(std::move(exports)),
      scratch_(std::move(scratch)),
      limits_(limits),
      guests_(guests),
      secrets_(secrets) {
  exports_.remove_leftovers();
}

api::PushedSync MachineFilesHandler::handle(const api::OnMachine<api::PushSync>& request,
                                            bus::Call& call) {
  return guests_.with(request.vm_id, call, [&](GuestTree& guest, const Work& work) {
    return push(guest, request, work);
  });
}

api::Exported MachineFilesHandler::handle(const api::OnMachine<api::ExportPath>& request,
                                          bus::Call& call) {
  return guests_.with(request.vm_id, call, [&](GuestTree& guest, const Work& work) {
    return export_path(guest, exports_, limits_, request, work);
  });
}

api::Diff MachineFilesHandler::handle(const api::OnMachine<api::DiffWorkspace>& request,
                                      bus::Call& call) {
  const auto redactor = redactor_of(secrets_, request.secrets);
  return guests_.with(request.vm_id, call, [&](GuestTree& guest, const Work& work) {
    return diff_workspace(guest, request, scratch_, work, redactor.get());
  });
}

api::FileList MachineFilesHandler::handle(const api::OnMachine<api::ListFiles>& request,
                                          bus::Call& call) {
  return guests_.with(request.vm_id, call, [&](GuestTree& guest, const Work&) {
    return list_files(guest, request.request);
  });
}

api::FileContent MachineFilesHandler::handle(const api::OnMachine<api::ReadFile>& request,
                                             bus::Call& call) {
  const auto redactor = redactor_of(secrets_, request.secrets);
  return guests_.with_one_file(request.vm_id, call, [&](GuestTree& guest, const Work&) {
    return read_part(guest, request.request, redactor);
  });
}

api::FileWritten MachineFilesHandler::handle(const api::OnMachine<api::WriteFile>& request,
                                             bus::Call& call) {
  return guests_.with_one_file(request.vm_id, call, [&](GuestTree& guest, const Work&) {
    return write_whole(guest, request.request);
  });
}

api::PatchApplied MachineFilesHandler::handle(const api::OnMachine<api::ApplyPatch>& request,
                                              bus::Call& call) {
  return guests_.with(request.vm_id, call, [&](GuestTree& guest, const Work& work) {
    return patch_workspace(guest, request.request, scratch_, work);
  });
}

}  // namespace pyro::files
