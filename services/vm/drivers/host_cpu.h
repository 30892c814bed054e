#pragma once

#include <string>

namespace pyro::vm {

/// The processor's name and a digest of its features, as /proc/cpuinfo has them.
std::string host_cpu();

}  // namespace pyro::vm
