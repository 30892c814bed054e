#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

#include "common/api/disks.h"
#include "common/bus/call.h"
#include "common/secrets/known_secrets.h"
#include "services/files/disk/disk_reader.h"
#include "services/files/host_output.h"
#include "services/files/pending_exports.h"

namespace pyro::files {

/// The operations on the disks of guests that do not run.
class DisksHandler {
 public:
  /// `exports`: records of current exports.
  DisksHandler(std::filesystem::path exports, const ExportLimits& limits,
               std::filesystem::path reader_program, KnownSecrets& secrets)
      : exports_(std::move(exports)),
        limits_(limits),
        reader_(std::move(reader_program)),
        secrets_(secrets) {}

  api::DiskExported handle(const api::OnDisks<api::ExportDisk>& request, bus::Call& call);
  api::FileList handle(const api::OnDisks<api::ListDisk>& request, bus::Call& call);
  api::FileContent handle(const api::OnDisks<api::ReadDisk>& request, bus::Call& call);

 private:
  PendingExports exports_;
  ExportLimits limits_;
  DiskReader reader_;
  KnownSecrets& secrets_;
};

}  // namespace pyro::files
