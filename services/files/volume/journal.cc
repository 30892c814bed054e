#include "services/files/volume/journal.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/error.h"
#include "services/files/volume/filesystem.h"

namespace pyro::volume {
namespace {

// kernel.org, Documentation/filesystems/ext4/journal.rst. All numbers are big-endian.
constexpr std::uint32_t kMagic = 0xC03B3998;
enum BlockType : std::uint32_t { kDescriptor = 1, kCommit = 2, kSuperblockV2 = 4, kRevoke = 5 };
constexpr std::uint32_t kHas64Bit = 0x2;
constexpr std::uint32_t kHasChecksumV2 = 0x8;
constexpr std::uint32_t kHasChecksumV3 = 0x10;
/// Revocations and commits without a wait change nothing here.
constexpr std::uint32_t kKnownFeatures = 0x1 | kHas64Bit | 0x4 | kHasChecksumV2 | kHasChecksumV3;
constexpr std::uint32_t kTagEscaped = 0x1;
constexpr std::uint32_t kTagSameUuid = 0x2;
constexpr std::uint32_t kTagLast = 0x8;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kUuidBytes = 16;
constexpr std::size_t kChecksumTail = 4;
constexpr std::size_t kCommitChecksumAt = 16;
/// The longest journal that is read: ours have 8 MiB.
constexpr std::uint32_t kMostBlocks = 1U << 18U;

using Block = std::array<char, kBlockBytes>;

std::uint32_t number_at(const Block& block, std::size_t at) {
  std::array<unsigned char, 4> bytes{};
  std::memcpy(bytes.data(), block.data() + at, bytes.size());
  return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U |
         std::uint32_t{bytes[2]} << 8U | bytes[3];
}

std::uint32_t crc(std::uint32_t seed, const void* data, std::size_t size) {
  return ext2fs_crc32c_le(seed, static_cast<const unsigned char*>(data), size);
}

Error unknown_kind(std::string_view what) {
  return failed_precondition("the disk's journal cannot be replayed: {}", what);
}

/// The journal of a file system, by its own block numbers.
class Journal {
 public:
  explicit Journal(ext2_filsys filesystem);

  ReplayedBlocks replay();

 private:
  /// What a transaction says before it is committed.
  struct Transaction {
    std::vector<std::pair<std::uint64_t, ReplayedBlock>> blocks;
    std::vector<std::uint64_t> revoked;
  };

  std::uint64_t place_of(std::uint32_t block);
  void read(std::uint32_t block, Block& into);
  std::uint32_t next(std::uint32_t block);
  bool has_checksums() const { return (features_ & (kHasChecksumV2 | kHasChecksumV3)) != 0; }
  /// Of a block whose own checksum lies at `at`.
  bool is_whole(Block block, std::size_t at) const;
  std::size_t tag_bytes() const;
  /// The block that follows it; nullopt: it does not end in order.
  std::optional<std::uint32_t> take_descriptor(const Block& block, std::uint32_t at,
                                               Transaction& transaction);
  void take_revocations(const Block& block, Transaction& transaction) const;
  bool take_transaction(std::uint32_t& at, std::uint32_t sequence, Transaction& transaction);

  ext2_filsys filesystem_;
  ext2_inode inode_{};
  std::uint32_t features_ = 0;
  std::uint32_t blocks_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t start_ = 0;
  std::uint32_t sequence_ = 0;
  std::uint32_t seed_ = 0;
  std::uint32_t steps_ = 0;
};

Journal::Journal(ext2_filsys filesystem) : filesystem_(filesystem) {
  if (filesystem->blocksize != kBlockBytes) throw unknown_kind("other blocks");
  if (filesystem->super->s_journal_inum != EXT2_JOURNAL_INO)
    throw unknown_kind("it lies elsewhere");
  check(ext2fs_read_inode(filesystem, EXT2_JOURNAL_INO, &inode_), "read the journal's inode");
  Block super{};
  read(0, super);
  if (number_at(super, 0) != kMagic || number_at(super, 4) != kSuperblockV2 ||
      number_at(super, 0xC) != kBlockBytes) {
    throw unknown_kind("its beginning is damaged");
  }
  blocks_ = number_at(super, 0x10);
  first_ = number_at(super, 0x14);
  sequence_ = number_at(super, 0x18);
  start_ = number_at(super, 0x1C);
  features_ = number_at(super, 0x28);
  if ((features_ & ~kKnownFeatures) != 0) throw unknown_kind("it has features of another kernel");
  if (blocks_ > kMostBlocks || first_ == 0 || first_ >= blocks_ || start_ >= blocks_ ||
      (start_ != 0 && start_ < first_)) {
    throw unknown_kind("its beginning is damaged");
  }
  seed_ = crc(~0U, super.data() + 0x30, kUuidBytes);
}

std::uint64_t Journal::place_of(std::uint32_t block) {
  blk64_t place = 0;
  check(ext2fs_bmap2(filesystem_, EXT2_JOURNAL_INO, &inode_, nullptr, 0, block, nullptr, &place),
        "find a block of the journal");
  if (place == 0 || place >= ext2fs_blocks_count(filesystem_->super)) {
    throw unknown_kind("a block of it is missing");
  }
  return place;
}

void Journal::read(std::uint32_t block, Block& into) {
  check(io_channel_read_blk64(filesystem_->io, place_of(block), 1, into.data()),
        "read the journal");
}

std::uint32_t Journal::next(std::uint32_t block) {
  ++steps_;
  return block + 1 == blocks_ ? first_ : block + 1;
}

bool Journal::is_whole(Block block, std::size_t at) const {
  if (!has_checksums()) return true;
  const std::uint32_t expected = number_at(block, at);
  std::memset(block.data() + at, 0, kChecksumTail);
  return crc(seed_, block.data(), block.size()) == expected;
}

std::size_t Journal::tag_bytes() const {
  if ((features_ & kHasChecksumV3) != 0) return 16;
  const std::size_t bytes = (features_ & kHasChecksumV2) != 0 ? 14 : 12;
  return (features_ & kHas64Bit) != 0 ? bytes : bytes - 4;
}

std::optional<std::uint32_t> Journal::take_descriptor(const Block& block, std::uint32_t at,
                                                      Transaction& transaction) {
  const bool v3 = (features_ & kHasChecksumV3) != 0;
  const std::size_t end = kBlockBytes - (has_checksums() ? kChecksumTail : 0);
  for (std::size_t tag = kHeaderBytes; tag + tag_bytes() <= end && steps_ <= blocks_;) {
    std::uint64_t target = number_at(block, tag);
    // Before version 3 the flags share their number with half a checksum.
    const std::uint32_t flags = number_at(block, tag + 4) & (v3 ? ~0U : 0xFFFFU);
    if ((features_ & kHas64Bit) != 0) target |= std::uint64_t{number_at(block, tag + 8)} << 32U;
    at = next(at);
    if (v3) {
      Block data{};
      read(at, data);
      std::array<char, 4> sequence{};
      std::memcpy(sequence.data(), block.data() + 8, sequence.size());
      const std::uint32_t seeded = crc(seed_, sequence.data(), sequence.size());
      if (crc(seeded, data.data(), data.size()) != number_at(block, tag + 12)) return std::nullopt;
    }
    transaction.blocks.emplace_back(
        target, ReplayedBlock{.block = place_of(at), .escaped = (flags & kTagEscaped) != 0});
    if ((flags & kTagLast) != 0) return next(at);
    tag += tag_bytes() + ((flags & kTagSameUuid) != 0 ? 0 : kUuidBytes);
  }
  return std::nullopt;
}

void Journal::take_revocations(const Block& block, Transaction& transaction) const {
  const std::size_t width = (features_ & kHas64Bit) != 0 ? 8 : 4;
  const std::size_t end = std::min<std::size_t>(number_at(block, kHeaderBytes), kBlockBytes);
  for (std::size_t at = kHeaderBytes + 4; at + width <= end; at += width) {
    const std::uint64_t high = width == 8 ? std::uint64_t{number_at(block, at)} << 32U : 0;
    transaction.revoked.push_back(high | number_at(block, at + width - 4));
  }
}

/// False: there is none, or it was not committed.
bool Journal::take_transaction(std::uint32_t& at, std::uint32_t sequence,
                               Transaction& transaction) {
  while (steps_ <= blocks_) {
    Block block{};
    read(at, block);
    if (number_at(block, 0) != kMagic || number_at(block, 8) != sequence) return false;
    switch (number_at(block, 4)) {
      case kDescriptor: {
        if (!is_whole(block, kBlockBytes - kChecksumTail)) return false;
        const auto after = take_descriptor(block, at, transaction);
        if (!after) return false;
        at = *after;
        break;
      }
      case kRevoke:
        if (!is_whole(block, kBlockBytes - kChecksumTail)) return false;
        take_revocations(block, transaction);
        at = next(at);
        break;
      case kCommit:
        if (!is_whole(block, kCommitChecksumAt)) return false;
        at = next(at);
        return true;
      default:
        return false;
    }
  }
  return false;
}

ReplayedBlocks Journal::replay() {
  ReplayedBlocks replayed;
  std::uint32_t at = start_;
  if (at == 0) return replayed;
  /// The number of the last transaction that revoked a block holds for those before it, too.
  std::unordered_map<std::uint64_t, std::uint32_t> revoked;
  std::vector<Transaction> transactions;
  for (Transaction one;
       take_transaction(at, sequence_ + static_cast<std::uint32_t>(transactions.size()), one);
       one = {}) {
    for (const std::uint64_t block : one.revoked) {
      revoked[block] = static_cast<std::uint32_t>(transactions.size());
    }
    transactions.push_back(std::move(one));
  }
  for (std::uint32_t i = 0; i < transactions.size(); ++i) {
    for (const auto& [block, copy] : transactions[i].blocks) {
      const auto found = revoked.find(block);
      if (found == revoked.end() || found->second < i) replayed[block] = copy;
    }
  }
  return replayed;
}

}  // namespace

ReplayedBlocks replay_journal(ext2_filsys filesystem) { return Journal(filesystem).replay(); }

}  // namespace pyro::volume
