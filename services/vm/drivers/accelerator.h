#pragma once

#include <string>

namespace pyro::vm {

/// How a VMM runs a guest's instructions.
enum class Accelerator { kKvm, kTcg };

/// `kvm`, `tcg`: QEMU's own names, and metadata.accelerator.
std::string to_string(Accelerator accelerator);

}  // namespace pyro::vm
