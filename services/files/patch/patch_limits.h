#pragma once

#include <cstdint>

namespace pyro::files {

/// The largest file to patch, and the most that the files of a patch have together, in bytes; of
/// the files afterwards as well.
inline constexpr std::uint64_t kPatchedFileLimit = 16U << 20U;
inline constexpr std::uint64_t kPatchedFilesLimit = 64U << 20U;

}  // namespace pyro::files
