#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace pyro::vm {

/// Capacity of the overlay's upper layer. Like a workspace volume it is sparse.
inline constexpr std::uint64_t kSystemDiskBytes = 8ULL << 30U;

/// Makes `file`, a sparse copy of an empty ext4 file system of kSystemDiskBytes with a small
/// journal. The original is in `cache_dir`, made once.
void make_system_disk(const std::filesystem::path& cache_dir, const std::filesystem::path& file);

/// The name of that original; it changes with the content.
std::string_view system_disk_recipe();

/// Makes `file`, blank and sparse, of kWorkspaceDiskBytes.
void make_blank_workspace_disk(const std::filesystem::path& file);

/// Makes a file system of kWorkspaceDiskBytes for a rehearsal instead of a blank disk.
void make_rehearsal_workspace_disk(const std::filesystem::path& cache_dir,
                                   const std::filesystem::path& file);
/// Makes it blank again, even while a VMM has it open.
void clear_workspace_disk(const std::filesystem::path& file);

}  // namespace pyro::vm
