#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace pyro {

/// A blank disk: formatted once, then copied.
struct DiskRecipe {
  std::string_view
      name;  ///< of the original's file; ends with a version, which changes with the content
  std::uint64_t bytes = 0;
  /// Adds the common content of all copies to the formatted original.
  std::function<void(const std::filesystem::path&)> complete{};
};

/// Makes `file` (0600, sparse), a copy of an empty ext4 file system of 4 KiB blocks with a journal
/// of 8 MiB, an inode per 16 KiB and almost no blocks in use. The original is in `cache_dir`/disks;
/// its first user makes it.
void make_formatted_disk(const std::filesystem::path& cache_dir, const DiskRecipe& recipe,
                         const std::filesystem::path& file);

/// Makes `file` (0600), a hole of that length. It must not exist.
void make_sparse_file(const std::filesystem::path& file, std::uint64_t bytes);

}  // namespace pyro
