#pragma once

#include <string>

#include "common/api/files.h"
#include "services/files/guest_tree.h"
#include "services/files/host_output.h"
#include "services/files/pending_exports.h"

namespace pyro::files {

/// An export holds at most this much.
inline constexpr std::uint64_t kExportBytes = 8ULL << 30U;
inline constexpr std::uint64_t kExportEntries = 1'000'000;

/// Answers ExportPath. Nothing is at the output path until all of it is. Holes stay holes.
/// disk_full, exports_full: beyond the limits; then nothing of it is left.
api::Exported export_path(GuestTree& guest, const PendingExports& exports,
                          const ExportLimits& limits,
                          const api::OnMachine<api::ExportPath>& request, const Work& work);

}  // namespace pyro::files
