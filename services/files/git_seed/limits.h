#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// What git may take of a host while it reads a repository, which may be hostile.
namespace pyro::files::git_limit {

inline constexpr std::size_t kIndexBytes = 1U << 30U;
/// Of 2,000,000 paths of usual length.
inline constexpr std::size_t kListingBytes = 256U << 20U;
/// A configuration, a list of commits.
inline constexpr std::size_t kTextBytes = 16U << 20U;
/// Ignore rules, attributes.
inline constexpr std::size_t kRulesBytes = 1U << 20U;
/// Objects may be anything, and become a FIFO without a writer.
inline constexpr std::chrono::minutes kTime(10);
inline constexpr std::chrono::minutes kPackingTime(60);

}  // namespace pyro::files::git_limit
