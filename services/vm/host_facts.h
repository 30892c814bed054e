#pragma once

#include <string>

namespace pyro::vm {

/// The id of this boot of the host: what was probed holds until the next one.
std::string host_boot_id();

/// `uname -r`
std::string host_kernel_release();

}  // namespace pyro::vm
