#pragma once

#include <cstdint>

namespace pyro {

/// Capacity of a workspace volume. A machine template fixes it, so that whoever makes a volume and
/// whoever makes a machine mean the same.
inline constexpr std::uint64_t kWorkspaceDiskBytes = 8ULL << 30U;

}  // namespace pyro
