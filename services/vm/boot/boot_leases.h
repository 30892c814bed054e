#pragma once

#include <vector>

#include "common/api/environment.h"
#include "common/directory_lease/directory_lease.h"

namespace pyro::vm {

/// Leases on a machine's environment and kernel; none in host compatibility mode.
std::vector<DirectoryLease> take_boot_leases(const api::BootFiles& boot);

}  // namespace pyro::vm
