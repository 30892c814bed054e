#pragma once

#include <cstdint>
#include <memory>

#include "common/api/disks.h"
#include "common/secrets/redactor.h"
#include "services/files/disk/disk_reader.h"
#include "services/files/host_output.h"
#include "services/files/pending_exports.h"

/// The operations on the disks of a stopped guest.
namespace pyro::files {

api::FileList list_disk(DiskReader& reader, const api::OnDisks<api::ListDisk>& request,
                        const Work& work);
/// `redactor`: of the secrets that the answer does not show, or null.
api::FileContent read_disk(DiskReader& reader, const api::OnDisks<api::ReadDisk>& request,
                           const Work& work, std::shared_ptr<const Redactor> redactor = nullptr);
/// Copies the disk that holds /workspace. Nothing is at the output path until all of it is.
/// disk_full, exports_full: beyond the limits; then nothing of it is left.
api::DiskExported export_disk(const PendingExports& exports, const ExportLimits& limits,
                              const api::OnDisks<api::ExportDisk>& request, const Work& work);

}  // namespace pyro::files
