#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

#include "common/api/disks.h"
#include "common/bus/call.h"
#include "common/secrets/known_secrets.h"
#include "services/files/disk/disk_reader.h"
#include "services/files/pending_exports.h"

namespace pyro::files {

/// The operations on the disks of guests that do not run.
class DisksHandler {
 public:
  /// `exports`: records of current exports; `keep_free_mib`: exports leave that on the disk.
  DisksHandler(std::filesystem::path exports, std::uint32_t keep_free_mib,
               std::filesystem::path reader_program, KnownSecrets& secrets)
      : exports_(std::move(exports)),
        keep_free_mib_(keep_free_mib),
        reader_(std::move(reader_program)),
        secrets_(secrets) {}

  api::DiskExported handle(const api::OnDisks<api::ExportDisk>& request, bus::Call& call);
  api::FileList handle(const api::OnDisks<api::ListDisk>& request, bus::Call& call);
  api::FileContent handle(const api::OnDisks<api::ReadDisk>& request, bus::Call& call);

 private:
  PendingExports exports_;
  std::uint32_t keep_free_mib_;
  DiskReader reader_;
  KnownSecrets& secrets_;
};

}  // namespace pyro::files
