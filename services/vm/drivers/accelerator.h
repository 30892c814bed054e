#pragma once

#include <string>
#include <string_view>

namespace pyro::vm {

/// How a VMM runs a guest's instructions.
enum class Accelerator { kKvm, kTcg };

/// The key of a machine's metadata for why it runs on TCG where /dev/kvm opens.
inline constexpr std::string_view kAcceleratorReason = "accelerator_reason";

/// `kvm`, `tcg`: QEMU's own names, and metadata.accelerator.
std::string to_string(Accelerator accelerator);

}  // namespace pyro::vm
