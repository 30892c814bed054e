#pragma once

#include <cstdint>

namespace pyro::vm::qemu {

/// The host's TSC rate in kHz, measured once per process against CLOCK_MONOTONIC_RAW over 50 ms.
std::uint64_t host_tsc_khz();

}  // namespace pyro::vm::qemu
