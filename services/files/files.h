#pragma once

#include "common/api/files.h"
#include "services/files/guest_tree.h"

/// Single files and lists of them.
namespace pyro::files {

api::FileList list_files(GuestTree& guest, const api::ListFiles& request);
api::FileContent read_part(GuestTree& guest, const api::ReadFile& request);
api::FileWritten write_whole(GuestTree& guest, const api::WriteFile& request);

}  // namespace pyro::files
