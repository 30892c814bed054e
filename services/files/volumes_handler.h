#pragma once

#include <cstdint>
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
  /// `scratch`: temporary files of calls. `keep_free_mib`: snapshots leave that on the disk.
  VolumesHandler(Paths paths, std::filesystem::path scratch, std::uint32_t keep_free_mib,
                 Guests& guests)
      : paths_(std::move(paths)),
        scratch_(std::move(scratch)),
        keep_free_mib_(keep_free_mib),
        guests_(guests) {}

  api::WorkspaceSeed handle(const api::BuildVolume& request, bus::Call& call);
  api::TreeSize handle(const api::CopyVolume& request, bus::Call& call);
  api::TreeSize handle(const api::FillWorkspace& request, bus::Call& call);

 private:
  Paths paths_;
  std::filesystem::path scratch_;
  std::uint32_t keep_free_mib_;
  Guests& guests_;
};

}  // namespace pyro::files
