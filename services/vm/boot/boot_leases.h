#pragma once

#include <vector>

#include "common/api/environment.h"
#include "common/directory_lease/directory_lease.h"

namespace pyro::vm {

/// On the environment and the kernel that a machine boots from; none in host compatibility mode.
std::vector<DirectoryLease> take_boot_leases(const api::BootFiles& boot);

}  // namespace pyro::vm
