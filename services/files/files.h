#pragma once

#include <memory>

#include "common/api/files.h"
#include "common/secrets/redactor.h"
#include "services/files/guest_tree.h"

/// Single files and lists of them.
namespace pyro::files {

api::FileList list_files(GuestTree& guest, const api::ListFiles& request);
/// `redactor`: of the secrets that the answer does not show, or null.
api::FileContent read_part(GuestTree& guest, const api::ReadFile& request,
                           std::shared_ptr<const Redactor> redactor = nullptr);
api::FileWritten write_whole(GuestTree& guest, const api::WriteFile& request);

}  // namespace pyro::files
