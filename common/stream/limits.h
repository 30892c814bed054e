#pragma once

#include <cstddef>

namespace pyro::stream {

/// What a sender puts into one chunk, and the most that a receiver takes in one.
inline constexpr std::size_t kChunkBytes = 64U << 10U;
inline constexpr std::size_t kLargestChunk = 1U << 20U;

}  // namespace pyro::stream
