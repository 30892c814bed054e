#pragma once

#include <sys/types.h>

#include <filesystem>
#include <initializer_list>

namespace pyro::source {

/// Whether what `owner` wrote is as good as what this user did: it is this user, or the one who
/// became root by sudo(8), which alone sets `sudo_uid` to be believed.
bool is_trusted_owner(uid_t owner, uid_t self, const char* sudo_uid);

/// failed_precondition, with the ways out: one of `parts` of the repository of `work_tree` belongs
/// to another user. Symbolic links count as themselves; what is not there is nobody's.
void refuse_foreign(const std::filesystem::path& work_tree,
                    std::initializer_list<std::filesystem::path> parts);

}  // namespace pyro::source
