#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace pyro {

/// A blank disk that is made once and copied from then on.
struct DiskRecipe {
  std::string_view
      name;  ///< of the original's file; ends with a version: other content, other name
  std::uint64_t bytes = 0;
  /// Puts into the formatted original what every copy shall hold.
  std::function<void(const std::filesystem::path&)> complete{};
};

/// Makes `file` (0600, sparse), a copy of an empty ext4 file system of 4 KiB blocks with a journal
/// of 8 MiB, an inode per 16 KiB and next to nothing on disk. The original lies in
/// `cache_dir`/disks and its first user makes it.
void make_formatted_disk(const std::filesystem::path& cache_dir, const DiskRecipe& recipe,
                         const std::filesystem::path& file);

/// Makes `file` (0600), which must not exist: a hole of that length.
void make_sparse_file(const std::filesystem::path& file, std::uint64_t bytes);

}  // namespace pyro
