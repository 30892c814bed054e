#pragma once

#include <cstdint>
#include <filesystem>

#include "common/api/files.h"
#include "common/bus/call.h"
#include "common/secrets/known_secrets.h"
#include "services/files/guests.h"
#include "services/files/host_output.h"
#include "services/files/pending_exports.h"

namespace pyro::files {

/// The operations on the files of a machine.
class MachineFilesHandler {
 public:
  /// Removes the leftovers of a killed predecessor's exports. `exports`: records of current
  /// exports; `scratch`: temporary files of calls.
  MachineFilesHandler(std::filesystem::path exports, std::filesystem::path scratch,
                      const ExportLimits& limits, Guests& guests, KnownSecrets& secrets);

  api::PushedSync handle(const api::OnMachine<api::PushSync>& request, bus::Call& call);
  api::Exported handle(const api::OnMachine<api::ExportPath>& request, bus::Call& call);
  api::Diff handle(const api::OnMachine<api::DiffWorkspace>& request, bus::Call& call);
  api::FileList handle(const api::OnMachine<api::ListFiles>& request, bus::Call& call);
  api::FileContent handle(const api::OnMachine<api::ReadFile>& request, bus::Call& call);
  api::FileWritten handle(const api::OnMachine<api::WriteFile>& request, bus::Call& call);
  api::PatchApplied handle(const api::OnMachine<api::ApplyPatch>& request, bus::Call& call);

 private:
  PendingExports exports_;
  std::filesystem::path scratch_;
  ExportLimits limits_;
  Guests& guests_;
  KnownSecrets& secrets_;
};

}  // namespace pyro::files
