#pragma once

#include <cstdint>

namespace pyro {

/// Capacity of a workspace volume. A machine template fixes it, so volumes and machines must agree.
inline constexpr std::uint64_t kWorkspaceDiskBytes = 8ULL << 30U;

}  // namespace pyro
