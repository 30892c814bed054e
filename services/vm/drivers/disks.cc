#include "services/vm/drivers/disks.h"

#include "common/config/volume.h"
#include "common/disk/formatted_disk.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRecipe = "system-2.ext4";

}  // namespace

void make_system_disk(const fs::path& cache_dir, const fs::path& file) {
  make_formatted_disk(cache_dir, {.name = kRecipe, .bytes = kSystemDiskBytes}, file);
}

std::string_view system_disk_recipe() { return kRecipe; }

void make_rehearsal_workspace_disk(const fs::path& cache_dir, const fs::path& file) {
  make_formatted_disk(cache_dir, {.name = "rehearsal-1.ext4", .bytes = kWorkspaceDiskBytes}, file);
}

void clear_workspace_disk(const fs::path& file) {
  fs::resize_file(file, 0);
  fs::resize_file(file, kWorkspaceDiskBytes);
}

void make_blank_workspace_disk(const fs::path& file) {
  make_sparse_file(file, kWorkspaceDiskBytes);
}

}  // namespace pyro::vm
