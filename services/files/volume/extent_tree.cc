#include "services/files/volume/extent_tree.h"

#include <ext2fs/ext3_extents.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

namespace pyro::volume {
namespace {

/// Header and entries of a node are all of 12 bytes; a block ends with a checksum.
constexpr std::size_t kEntryBytes = sizeof(ext3_extent);
constexpr std::size_t kInodeEntries = sizeof(ext2_inode::i_block) / kEntryBytes - 1;
constexpr std::size_t kBlockEntries =
    (kBlockBytes - sizeof(ext3_extent_tail) - kEntryBytes) / kEntryBytes;
static_assert(sizeof(ext3_extent_idx) == kEntryBytes && sizeof(ext3_extent_header) == kEntryBytes);

std::uint16_t high_bits(blk64_t block) { return static_cast<std::uint16_t>(block >> 32U); }

/// A node; depth 0 names the file's blocks, any other the nodes one below.
void put_node(char* node, std::size_t capacity, std::uint16_t depth,
              std::span<const Extent> entries) {
  const ext3_extent_header header{.eh_magic = EXT3_EXT_MAGIC,
                                  .eh_entries = static_cast<std::uint16_t>(entries.size()),
                                  .eh_max = static_cast<std::uint16_t>(capacity),
                                  .eh_depth = depth};
  std::memcpy(node, &header, sizeof header);
  for (const Extent& entry : entries) {
    node += kEntryBytes;
    const auto low = static_cast<std::uint32_t>(entry.blocks.first);
    if (depth == 0) {
      const ext3_extent extent{.ee_block = entry.logical,
                               .ee_len = static_cast<std::uint16_t>(entry.blocks.count),
                               .ee_start_hi = high_bits(entry.blocks.first),
                               .ee_start = low};
      std::memcpy(node, &extent, sizeof extent);
    } else {
      const ext3_extent_idx index{
          .ei_block = entry.logical, .ei_leaf = low, .ei_leaf_hi = high_bits(entry.blocks.first)};
      std::memcpy(node, &index, sizeof index);
    }
  }
}

}  // namespace

void ExtentList::append(BlockWriter& writer, std::uint32_t logical, std::string_view blocks) {
  while (!blocks.empty()) {
    const BlockRun run = writer.take(static_cast<std::uint32_t>(
        std::min<std::size_t>(blocks.size() / kBlockBytes, EXT_INIT_MAX_LEN)));
    writer.write(run.first, blocks.substr(0, std::size_t{run.count} * kBlockBytes));
    blocks.remove_prefix(std::size_t{run.count} * kBlockBytes);
    blocks_ += run.count;
    Extent* last = extents_.empty() ? nullptr : &extents_.back();
    if (last != nullptr && last->logical + last->blocks.count == logical &&
        last->blocks.first + last->blocks.count == run.first &&
        last->blocks.count + run.count <= EXT_INIT_MAX_LEN) {
      last->blocks.count += run.count;
    } else {
      extents_.push_back({logical, run});
    }
    logical += run.count;
  }
}

void ExtentList::store(const Filesystem& filesystem, BlockWriter& writer, ext2_ino_t number,
                       Inode& inode) const {
  std::vector<Extent> level = extents_;
  std::uint64_t blocks = blocks_;
  std::uint16_t depth = 0;
  for (; level.size() > kInodeEntries; ++depth) {
    std::vector<Extent> above;
    for (std::span<const Extent> left = level; !left.empty();) {
      const auto entries = left.first(std::min(left.size(), kBlockEntries));
      std::string node(kBlockBytes, '\0');
      put_node(node.data(), kBlockEntries, depth, entries);
      check(ext2fs_extent_block_csum_set(filesystem, number,
                                         reinterpret_cast<ext3_extent_header*>(node.data())),
            "extent checksum");
      const BlockRun block = writer.take(1);
      writer.write(block.first, node);
      above.push_back({entries.front().logical, block});
      left = left.subspan(entries.size());
    }
    blocks += above.size();
    level = std::move(above);
  }
  put_node(reinterpret_cast<char*>(inode.fields.i_block), kInodeEntries, depth, level);
  inode.fields.i_flags |= EXT4_EXTENTS_FL;
  check(ext2fs_iblk_set(filesystem, inode.base(), blocks), "count blocks");
}

}  // namespace pyro::volume
