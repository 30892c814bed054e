#include "services/workspace/snapshots/volume_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "common/base/error.h"
#include "common/base/reasons/workspace.h"
#include "common/base/unique_fd.h"

namespace pyro::workspace {
namespace {

// Of ext4's super block: kernel.org, Documentation/filesystems/ext4/super.rst.
constexpr off_t kSuperBlockAt = 1024;
constexpr std::size_t kBlocksCountAt = 0x4;
constexpr std::size_t kLogBlockSizeAt = 0x18;
constexpr std::size_t kMagicAt = 0x38;
constexpr std::uint16_t kMagic = 0xEF53;
constexpr std::uint32_t kMostLogBlockSize = 6;

template <class Number>
Number number_at(const std::array<char, 64>& block, std::size_t offset) {
  Number number = 0;
  std::memcpy(&number, block.data() + offset, sizeof number);
  return number;
}

}  // namespace

bool is_whole_volume(const std::filesystem::path& volume) {
  const UniqueFd file(::open(volume.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  std::array<char, 64> block{};
  if (::pread(file.get(), block.data(), block.size(), kSuperBlockAt) !=
      static_cast<ssize_t>(block.size())) {
    return false;
  }
  const auto log_block_size = number_at<std::uint32_t>(block, kLogBlockSizeAt);
  if (number_at<std::uint16_t>(block, kMagicAt) != kMagic || log_block_size > kMostLogBlockSize) {
    return false;
  }
  const std::uint64_t bytes = std::uint64_t{number_at<std::uint32_t>(block, kBlocksCountAt)}
                              << (10 + log_block_size);
  return static_cast<std::uint64_t>(info.st_size) >= bytes;
}

void require_baseline(const WorkspaceRecord& workspace, const std::filesystem::path& baseline) {
  if (is_whole_volume(baseline)) return;
  throw failed_precondition(reason::kVolumeLost,
                            "workspace {} has lost its baseline; it can neither be compared nor be "
                            "reset to it: commands, "
                            "files, export and named snapshots still work",
                            workspace.id());
}

}  // namespace pyro::workspace
