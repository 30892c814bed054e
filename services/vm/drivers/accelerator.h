#pragma once

#include <string>

namespace pyro::vm {

/// What a VMM runs a guest's instructions with.
enum class Accelerator { kKvm, kTcg };

/// `kvm`, `tcg`: QEMU's own names, and metadata.accelerator.
std::string to_string(Accelerator accelerator);

}  // namespace pyro::vm
