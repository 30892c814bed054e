#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

/// Types of entries in a tree, and how much of a file one message may carry.
namespace pyro::api {

enum class ArtifactType { kFile, kDirectory, kSymlink, kOther };
constexpr std::array<std::pair<ArtifactType, std::string_view>, 4> enum_names(ArtifactType) {
  return {{{ArtifactType::kFile, "file"},
           {ArtifactType::kDirectory, "directory"},
           {ArtifactType::kSymlink, "symlink"},
           {ArtifactType::kOther, "other"}}};
}

inline constexpr std::uint64_t kFileLimit = 1048576;

}  // namespace pyro::api
