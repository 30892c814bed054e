#pragma once

#include <filesystem>
#include <utility>

#include "common/api/files.h"
#include "common/bus/call.h"
#include "common/config/paths.h"
#include "services/files/guests.h"

namespace pyro::files {

/// The operations on volumes: the seed of a workspace, and its snapshots.
class VolumesHandler {
 public:
  /// `scratch`: temporary files of calls.
  VolumesHandler(Paths paths, std::filesystem::path scratch, Guests& guests)
      : paths_(std::move(paths)), scratch_(std::move(scratch)), guests_(guests) {}

  api::WorkspaceSeed handle(const api::BuildVolume& request, bus::Call& call);
  api::TreeSize handle(const api::CopyVolume& request, bus::Call& call);
  api::TreeSize handle(const api::FillWorkspace& request, bus::Call& call);

 private:
  Paths paths_;
  std::filesystem::path scratch_;
  Guests& guests_;
};

}  // namespace pyro::files
