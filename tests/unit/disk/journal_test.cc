#include <fmt/core.h>

#include "tests/support/errors.h"
#include "tests/unit/disk/disk_fixture.h"

namespace pyro::files {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A block of a disk.
std::string block_of(const std::string& disk, std::uint64_t number) {
  const UniqueFd file = open_file(disk, O_RDONLY);
  std::string block(4096, '\0');
  EXPECT_EQ(::pread(file.get(), block.data(), block.size(), static_cast<off_t>(number * 4096)),
            4096);
  return block;
}

class Journal : public Disks {
 protected:
  /// The first block of a file or directory.
  std::uint64_t place_of(const std::string& path) {
    return std::stoull(run({"debugfs", "-R", "blocks " + path, disks_.workspace}));
  }

  /// Puts a copy of README.md's block, with another content, into the journal.
  void journal(const std::string& content, const std::string& options = "-c") {
    auto block = content;
    block.resize(4096);
    write_file_atomically(directory_ / "block", block);
    edit(disks_.workspace,
         {"jo " + options,
          fmt::format("jw -b {} {}", place_of("/tree/README.md"), (directory_ / "block").string()),
          "jc"});
  }
};

TEST_F(Journal, what_was_committed_is_shown_without_a_change_to_the_disk) {
  journal("# Changed\n");
  ASSERT_THAT(run({"dumpe2fs", "-h", disks_.workspace}), HasSubstr("needs_recovery"));
  const std::string before = block_of(disks_.workspace, place_of("/tree/README.md"));
  EXPECT_EQ(content("workspace/README.md"), "# Changed\n");
  EXPECT_EQ(block_of(disks_.workspace, place_of("/tree/README.md")), before);
  // As a mount would have it.
  run({"e2fsck", "-fy", disks_.workspace});
  EXPECT_EQ(content("workspace/README.md"), "# Changed\n");
}

TEST_F(Journal, the_last_of_several_transactions_counts) {
  journal("# First   ");
  journal("# Second  ");
  EXPECT_EQ(content("workspace/README.md"), "# Second  ");
}

TEST_F(Journal, without_checksums_it_is_read_as_well) {
  journal("# Plain   ", "");
  EXPECT_EQ(content("workspace/README.md"), "# Plain   ");
}

TEST_F(Journal, a_block_that_begins_as_one_of_the_journal_is_restored) {
  const std::string magic("\xc0\x3b\x39\x98 magic", 10);
  journal(magic);
  EXPECT_EQ(content("workspace/README.md"), magic);
}

TEST_F(Journal, a_revoked_block_is_not_replayed) {
  journal("# Revoked ");
  edit(disks_.workspace, {"jo -c", fmt::format("jw -r {}", place_of("/tree/README.md")), "jc"});
  EXPECT_EQ(content("workspace/README.md"), "# Project\n");
}

TEST_F(Journal, a_torn_transaction_did_not_happen) {
  journal("# Torn    ");
  const std::uint64_t start = std::stoull(run({"debugfs", "-R", "blocks <8>", disks_.workspace}));
  const UniqueFd file = open_file(disks_.workspace, O_RDWR);
  // The journal's third block is the copy: after its superblock and the descriptor.
  ASSERT_EQ(::pwrite(file.get(), "torn", 4, static_cast<off_t>((start + 2) * 4096 + 100)), 4);
  EXPECT_EQ(content("workspace/README.md"), "# Project\n");
}

TEST_F(Journal, a_journal_of_an_unknown_kind_is_refused_by_name) {
  journal("# Changed\n");
  const std::uint64_t start = std::stoull(run({"debugfs", "-R", "blocks <8>", disks_.workspace}));
  const UniqueFd file = open_file(disks_.workspace, O_RDWR);
  ASSERT_EQ(::pwrite(file.get(), "\x7f", 1, static_cast<off_t>(start * 4096 + 0x28)), 1);
  const auto refused = read("workspace/README.md");
  EXPECT_EQ(refused.outcome, DiskOutcome::kDamaged);
  EXPECT_THAT(refused.detail, HasSubstr("journal cannot be replayed"));
}

}  // namespace
}  // namespace pyro::files
