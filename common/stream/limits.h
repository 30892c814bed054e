#pragma once

#include <cstddef>

namespace pyro::stream {

/// The most that a sender puts into one chunk, and that a receiver takes.
inline constexpr std::size_t kChunkBytes = 64U << 10U;
inline constexpr std::size_t kLargestChunk = 1U << 20U;

}  // namespace pyro::stream
