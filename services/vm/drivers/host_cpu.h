#pragma once

#include <string>

namespace pyro::vm {

/// The processor's name and a digest of its features, from /proc/cpuinfo.
std::string host_cpu();

}  // namespace pyro::vm
