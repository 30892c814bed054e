#pragma once

#include <filesystem>
#include <string>

#include "common/api/files.h"
#include "common/bus/call.h"
#include "common/config/paths.h"
#include "common/service/service_host.h"
#include "services/files/guest_tree.h"
#include "services/files/pending_exports.h"

namespace pyro::files {

/// The files service: connects to the guest and passes each request to its noun.
class Service {
 public:
  /// Removes what a killed predecessor left behind.
  explicit Service(const ServiceHost& host);

  api::WorkspaceSeed handle(const api::BuildVolume& request, bus::Call& call);
  api::TreeSize handle(const api::CopyVolume& request, bus::Call& call);
  api::TreeSize handle(const api::FillWorkspace& request, bus::Call& call);
  api::PushedSync handle(const api::OnMachine<api::PushSync>& request, bus::Call& call);
  api::Exported handle(const api::OnMachine<api::ExportPath>& request, bus::Call& call);
  api::Diff handle(const api::OnMachine<api::DiffWorkspace>& request, bus::Call& call);
  api::FileList handle(const api::OnMachine<api::ListFiles>& request, bus::Call& call);
  api::FileContent handle(const api::OnMachine<api::ReadFile>& request, bus::Call& call);
  api::FileWritten handle(const api::OnMachine<api::WriteFile>& request, bus::Call& call);
  api::PatchApplied handle(const api::OnMachine<api::ApplyPatch>& request, bus::Call& call);

 private:
  GuestTree dial(const std::string& vm_id, const Work& work);

  Paths paths_;
  std::filesystem::path scratch_;  ///< of diffs, patches and Git seeds
  PendingExports exports_;
  GuestSlots slots_;
};

}  // namespace pyro::files
