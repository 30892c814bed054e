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

/// How much a tree holds.
struct TreeSize {
  std::uint64_t entry_count = 0;
  std::uint64_t bytes_written = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("entry_count", &TreeSize::entry_count, "Files, directories and links.");
    f("bytes_written", &TreeSize::bytes_written, "Bytes of the files' content.");
  }
};

/// A tree that was copied into a workspace.
struct CopiedTree : TreeSize {
  std::uint64_t skipped_count = 0;

  template <class Fields>
  static void describe(Fields& f) {
    TreeSize::describe(f);
    f("skipped_count", &CopiedTree::skipped_count,
      "Sockets, FIFOs and devices that were left out.");
  }
};

}  // namespace pyro::api
