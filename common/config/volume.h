#pragma once

#include <cstdint>

namespace pyro {

/// Capacity of a workspace volume. A machine template fixes it, so the makers of volumes and of
/// machines must agree.
inline constexpr std::uint64_t kWorkspaceDiskBytes = 8ULL << 30U;

}  // namespace pyro
