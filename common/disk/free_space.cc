#include "common/disk/free_space.h"

#include "common/base/error.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"

namespace pyro {

void require_free_disk(const std::filesystem::path& directory, std::uint32_t keep_mib) {
  std::error_code failed;
  const auto space = std::filesystem::space(directory, failed);
  const std::uint64_t keep = std::uint64_t{keep_mib} << 20U;
  if (failed || space.available >= keep) return;
  throw resource_exhausted(
      reason::kDiskFull,
      "the disk of '{}' has {} left, and pyro leaves {} free (limits.keep_free_mib): delete "
      "workspaces or snapshots that are no longer needed, or files of the host",
      directory.string(), human_size(space.available), human_size(keep));
}

}  // namespace pyro
