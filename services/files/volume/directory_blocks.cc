#include "services/files/volume/directory_blocks.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <tuple>

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"

namespace pyro::volume {
namespace {

constexpr std::size_t kHeadBytes = EXT2_DIR_ENTRY_HEADER_LEN;
constexpr std::size_t kLeafBytes = kBlockBytes - sizeof(ext2_dir_entry_tail);
/// Leaves of an index keep room for names to come, as e2fsck -D leaves it.
constexpr std::size_t kFillBytes = kLeafBytes * 4 / 5;

/// `.` and `..`, then the description of the index, then its entries.
constexpr std::size_t kRootInfoOffset = 24;
constexpr std::size_t kRootOffset = kRootInfoOffset + sizeof(ext2_dx_root_info);
/// A node begins with an unused name that spans the block.
constexpr std::size_t kNodeOffset = kHeadBytes;

constexpr std::size_t entry_limit(std::size_t offset) {
  return (kBlockBytes - offset - sizeof(ext2_dx_tail)) / sizeof(ext2_dx_entry);
}

struct HashedName {
  ext2_dirhash_t hash = 0;
  ext2_dirhash_t minor_hash = 0;
  const DirectoryName* entry = nullptr;
  auto key() const { return std::tie(hash, minor_hash, entry->name); }
};

/// A block that the index leads to: names from this hash on.
struct IndexedBlock {
  ext2_dirhash_t hash = 0;
  std::string block;
};

std::size_t entry_bytes(std::size_t name_bytes) { return (kHeadBytes + name_bytes + 3) & ~3UL; }

void put(std::string& block, std::size_t offset, const auto& value) {
  std::memcpy(block.data() + offset, &value, sizeof value);
}

/// Appends a name that reaches to `end`; 0: as far as it needs.
void append_name(std::string& block, std::string_view name, ext2_ino_t inode, std::uint8_t type,
                 std::size_t end = 0) {
  const std::size_t at = block.size();
  const std::size_t length = end == 0 ? entry_bytes(name.size()) : end - at;
  block.resize(at + length);
  put(block, at, inode);
  put(block, at + 4, static_cast<std::uint16_t>(length));
  put(block, at + 6, static_cast<std::uint8_t>(name.size()));
  put(block, at + 7, type);
  std::copy(name.begin(), name.end(), block.begin() + static_cast<std::ptrdiff_t>(at + kHeadBytes));
}

/// The last name, which begins at `last`, takes the rest of the block; then comes the checksum.
void end_leaf(const Filesystem& filesystem, ext2_ino_t own, std::string& block, std::size_t last) {
  block.resize(kBlockBytes);
  put(block, last + 4, static_cast<std::uint16_t>(kLeafBytes - last));
  ext2_dir_entry_tail tail{};
  ext2fs_initialize_dirent_tail(filesystem, &tail);
  put(block, kLeafBytes, tail);
  check(ext2fs_dir_block_csum_set(filesystem, own, reinterpret_cast<ext2_dir_entry*>(block.data())),
        "directory checksum");
}

std::vector<HashedName> hash_names(const Filesystem& filesystem,
                                   const std::vector<DirectoryName>& names) {
  const ext2_super_block& super = *filesystem->super;
  int version = super.s_def_hash_version;
  if ((super.s_flags & EXT2_FLAGS_UNSIGNED_HASH) != 0) version += EXT2_HASH_LEGACY_UNSIGNED;
  std::vector<HashedName> hashed;
  hashed.reserve(names.size());
  for (const DirectoryName& entry : names) {
    HashedName& name = hashed.emplace_back(HashedName{.entry = &entry});
    check(ext2fs_dirhash2(version, entry.name.data(), static_cast<int>(entry.name.size()), nullptr,
                          0, super.s_hash_seed, &name.hash, &name.minor_hash),
          "hash a name");
  }
  const auto key = [](const HashedName& name) { return name.key(); };
  std::ranges::sort(hashed, {}, key);
  const auto twice = std::ranges::adjacent_find(hashed, {}, key);
  if (twice != hashed.end()) {
    throw invalid_argument("'{}' comes twice", printable(twice->entry->name));
  }
  return hashed;
}

std::string dots(ext2_ino_t own, ext2_ino_t parent) {
  std::string block;
  append_name(block, ".", own, EXT2_FT_DIR);
  append_name(block, "..", parent, EXT2_FT_DIR);
  return block;
}

std::string single_block(const Filesystem& filesystem, ext2_ino_t own, ext2_ino_t parent,
                         std::span<const HashedName> names) {
  std::string block = dots(own, parent);
  std::size_t last = entry_bytes(1);
  for (const HashedName& name : names) {
    last = block.size();
    append_name(block, name.entry->name, name.entry->inode, name.entry->type);
  }
  end_leaf(filesystem, own, block, last);
  return block;
}

std::vector<IndexedBlock> make_leaves(const Filesystem& filesystem, ext2_ino_t own,
                                      std::span<const HashedName> names) {
  std::vector<IndexedBlock> leaves;
  ext2_dirhash_t last_hash = 0;
  while (!names.empty()) {
    // Names of one hash may lie in two leaves: the second says so in the hash's lowest bit.
    const bool continued = !leaves.empty() && names.front().hash == last_hash;
    IndexedBlock& leaf = leaves.emplace_back();
    leaf.hash = names.front().hash | (continued ? 1U : 0U);
    std::size_t last = 0;
    do {
      const DirectoryName& entry = *names.front().entry;
      last = leaf.block.size();
      last_hash = names.front().hash;
      append_name(leaf.block, entry.name, entry.inode, entry.type);
      names = names.subspan(1);
    } while (!names.empty() &&
             leaf.block.size() + entry_bytes(names.front().entry->name.size()) <= kFillBytes);
    end_leaf(filesystem, own, leaf.block, last);
  }
  return leaves;
}

/// Entries of the index from `offset` on, for the blocks that begin with number `first`.
void put_index(const Filesystem& filesystem, ext2_ino_t own, std::string& block, std::size_t offset,
               std::span<const IndexedBlock> blocks, std::uint32_t first) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    put(block, offset + i * sizeof(ext2_dx_entry),
        ext2_dx_entry{.hash = blocks[i].hash, .block = first + static_cast<std::uint32_t>(i)});
  }
  // The first entry needs no hash: limit and count lie there.
  put(block, offset,
      ext2_dx_countlimit{.limit = static_cast<std::uint16_t>(entry_limit(offset)),
                         .count = static_cast<std::uint16_t>(blocks.size())});
  check(ext2fs_dir_block_csum_set(filesystem, own, reinterpret_cast<ext2_dir_entry*>(block.data())),
        "directory checksum");
}

/// The blocks between the root and its leaves, which follow them.
std::vector<IndexedBlock> make_nodes(const Filesystem& filesystem, ext2_ino_t own,
                                     std::span<const IndexedBlock> leaves) {
  constexpr std::size_t kLimit = entry_limit(kNodeOffset);
  const std::size_t count = (leaves.size() + kLimit - 1) / kLimit;
  if (count > entry_limit(kRootOffset)) {
    throw resource_exhausted(reason::kTooLarge, "a directory holds too many names");
  }
  std::vector<IndexedBlock> nodes;
  auto first = static_cast<std::uint32_t>(1 + count);
  while (!leaves.empty()) {
    const auto below = leaves.first(std::min(leaves.size(), kLimit));
    IndexedBlock& node = nodes.emplace_back(IndexedBlock{.hash = below.front().hash});
    append_name(node.block, "", 0, 0, kBlockBytes);
    put_index(filesystem, own, node.block, kNodeOffset, below, first);
    first += static_cast<std::uint32_t>(below.size());
    leaves = leaves.subspan(below.size());
  }
  return nodes;
}

std::string index_root(const Filesystem& filesystem, ext2_ino_t own, ext2_ino_t parent,
                       std::span<const IndexedBlock> below, std::uint8_t levels) {
  std::string block;
  append_name(block, ".", own, EXT2_FT_DIR);
  append_name(block, "..", parent, EXT2_FT_DIR, kBlockBytes);
  put(block, kRootInfoOffset,
      ext2_dx_root_info{.hash_version = filesystem->super->s_def_hash_version,
                        .info_length = sizeof(ext2_dx_root_info),
                        .indirect_levels = levels});
  put_index(filesystem, own, block, kRootOffset, below, 1);
  return block;
}

}  // namespace

DirectoryBlocks lay_out_directory(const Filesystem& filesystem, ext2_ino_t own, ext2_ino_t parent,
                                  const std::vector<DirectoryName>& names) {
  const std::vector<HashedName> hashed = hash_names(filesystem, names);
  std::size_t needed = entry_bytes(1) + entry_bytes(2);
  for (const DirectoryName& entry : names) needed += entry_bytes(entry.name.size());
  if (needed <= kLeafBytes) return {single_block(filesystem, own, parent, hashed), false};

  const std::vector<IndexedBlock> leaves = make_leaves(filesystem, own, hashed);
  std::vector<IndexedBlock> nodes;
  if (leaves.size() > entry_limit(kRootOffset)) nodes = make_nodes(filesystem, own, leaves);
  std::string blocks = nodes.empty() ? index_root(filesystem, own, parent, leaves, 0)
                                     : index_root(filesystem, own, parent, nodes, 1);
  for (const IndexedBlock& node : nodes) blocks += node.block;
  for (const IndexedBlock& leaf : leaves) blocks += leaf.block;
  return {std::move(blocks), true};
}

}  // namespace pyro::volume
