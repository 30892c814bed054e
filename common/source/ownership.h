#pragma once

#include <sys/types.h>

#include <filesystem>
#include <initializer_list>

namespace pyro::source {

/// Whether files of `owner` are as trusted as this user's: `owner` is this user, or the user who
/// became root by sudo(8), the only trusted source of `sudo_uid`.
bool is_trusted_owner(uid_t owner, uid_t self, const char* sudo_uid);

/// failed_precondition, with the ways out: one of `parts` of the repository of `work_tree` belongs
/// to another user. Symbolic links count as themselves; a missing part has no owner.
void refuse_foreign(const std::filesystem::path& work_tree,
                    std::initializer_list<std::filesystem::path> parts);

}  // namespace pyro::source
