#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/work/work.h"
#include "services/files/changed_paths.h"
#include "services/files/guest_tree.h"
#include "services/files/volume/volume_reader.h"

namespace pyro::files {

/// Takes out of `changed` the paths below a repository of the baseline that its ignore rules leave
/// out: the guest's `.gitignore` files and its `.git/info/exclude`, as they are now. What the index
/// tracks, the baseline's or the guest's, stays, and so does `kept`. Returns how many of them
/// differ. git evaluates the rules below `scratch`, and sees nothing else of the guest.
/// failed_precondition: the rules or an index cannot be read (`ignore_rules_unreadable`).
std::uint32_t leave_out_ignored(GuestTree& guest, const volume::VolumeReader& baseline,
                                ChangedPaths& changed, const std::optional<std::string>& kept,
                                const std::filesystem::path& scratch, const Work& work);

}  // namespace pyro::files
