#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace pyro::vm {

/// Capacity of the overlay's upper layer. Like a workspace volume it is sparse: it takes what was
/// written to it.
inline constexpr std::uint64_t kSystemDiskBytes = 8ULL << 30U;

/// Makes `file`, a sparse copy of an empty ext4 file system of kSystemDiskBytes with a small
/// journal. The original is made once, in `cache_dir`.
void make_system_disk(const std::filesystem::path& cache_dir, const std::filesystem::path& file);

/// The name of that original: it changes when what is in it does.
std::string_view system_disk_recipe();

/// Makes `file`, blank and sparse, of kWorkspaceDiskBytes.
void make_blank_workspace_disk(const std::filesystem::path& file);

/// Instead of a blank one: a file system of kWorkspaceDiskBytes to rehearse with.
void make_rehearsal_workspace_disk(const std::filesystem::path& cache_dir,
                                   const std::filesystem::path& file);
/// Makes it blank again, also while a VMM has it open.
void clear_workspace_disk(const std::filesystem::path& file);

}  // namespace pyro::vm
