#pragma once

#include <cstddef>

namespace pyro::stream {

/// The largest chunk that a sender makes and a receiver accepts.
inline constexpr std::size_t kChunkBytes = 64U << 10U;
inline constexpr std::size_t kLargestChunk = 1U << 20U;

}  // namespace pyro::stream
