#pragma once

#include <string>

#include "common/api/workspace_diff.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_files.h"
#include "common/api/workspace_patch.h"
#include "common/api/workspace_snapshots.h"
#include "common/api/workspace_sync.h"

/// Replies about what is in /workspace as a person reads them; what a guest said is printable.
namespace pyro::cli {

/// For standard error, beside the patch: how much changed, and what the patch does not show.
std::string diff_note(const api::Diff& diff);

std::string file_list_text(const api::FileList& list);

/// The content, printable, with a newline at its end; file_read_note says what it is a part of.
std::string file_text(const api::FileContent& content);

/// For standard error: the size, and how to read on after a part; "" for a whole file.
std::string file_read_note(const api::FileContent& content);

std::string file_written_text(const api::FileWritten& written);
std::string patch_applied_text(const api::PatchApplied& applied);
std::string pushed_text(const api::PushedSync& pushed);
std::string exported_text(const api::Exported& exported);
std::string created_snapshot_text(const api::CreatedSnapshot& created);
std::string deleted_snapshot_text(const api::DeletedSnapshot& deleted);
std::string snapshot_list_text(const api::SnapshotList& list, double now);

}  // namespace pyro::cli
