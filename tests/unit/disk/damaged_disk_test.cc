#include <fmt/core.h>

#include <array>
#include <cstring>
#include <functional>
#include <random>

#include "tests/unit/disk/disk_fixture.h"

namespace pyro::files {
namespace {

using ::testing::HasSubstr;

/// One of the outcomes that a disk may come to; nothing is thrown.
void look_everywhere(const std::function<DiskAnswer(const std::string&)>& list,
                     const std::function<DiskAnswer(const std::string&)>& read, int& damaged) {
  for (const auto& found : {list(""), list("workspace"), read("workspace/src/main.c"),
                            read("etc/changed"), read("bin/tool")}) {
    if (found.outcome == DiskOutcome::kDamaged) ++damaged;
  }
}

TEST_F(Disks, what_is_no_disk_is_damaged) {
  put(disks_.workspace, std::string(100'000, 'x'));
  EXPECT_EQ(list("workspace").outcome, DiskOutcome::kDamaged);
  put(disks_.workspace, "");
  EXPECT_EQ(list("workspace").outcome, DiskOutcome::kDamaged);
}

TEST_F(Disks, a_directory_that_holds_itself_ends_a_list) {
  edit(disks_.workspace, {"link /tree/src /tree/src/again"});
  EXPECT_EQ(list("workspace").outcome, DiskOutcome::kDone);
  const auto round = list("workspace", true);
  EXPECT_EQ(round.outcome, DiskOutcome::kDamaged);
  EXPECT_THAT(round.detail, HasSubstr("is above itself"));
}

TEST_F(Disks, a_link_of_an_impossible_length_is_damage) {
  edit(disks_.workspace, {"sif /tree/hosts size 0x7fffffff"});
  EXPECT_EQ(list("workspace").outcome, DiskOutcome::kDamaged);
}

TEST_F(Disks, a_name_with_a_slash_is_damage) {
  const UniqueFd file = open_file(disks_.workspace, O_RDWR);
  std::string all = read_file(disks_.workspace, 64U << 20U);
  const std::size_t at = all.find("README.md");
  ASSERT_NE(at, std::string::npos);
  edit(disks_.workspace, {"feature ^metadata_csum"});
  ASSERT_EQ(::pwrite(file.get(), "../../..d", 9, static_cast<off_t>(at)), 9);
  const auto found = list("workspace");
  EXPECT_EQ(found.outcome, DiskOutcome::kDamaged);
  EXPECT_THAT(found.detail, HasSubstr("name that is none"));
}

/// An extent tree whose leaves all name one block: a directory of more than 300,000 blocks in a
/// disk of 8,000.
TEST_F(Disks, a_directory_without_an_end_is_damage) {
  constexpr std::uint32_t kEntries = 340;
  constexpr std::uint32_t kIndexes = 3;
  constexpr std::uint32_t kLeaves = kIndexes * kEntries;
  std::filesystem::create_directories(directory_ / "endless/tree/d");
  put(directory_ / "endless/tree/spare", std::string(4096 * (kIndexes + kLeaves + 1), 's'));
  make(disks_.workspace, directory_ / "endless", "^metadata_csum,^64bit");
  const auto spare = static_cast<std::uint32_t>(
      std::stoul(run({"debugfs", "-R", "blocks /tree/spare", disks_.workspace})));
  const UniqueFd file = open_file(disks_.workspace, O_RDWR);
  const auto write = [&](std::uint32_t block, std::string bytes) {
    bytes.resize(4096);
    ASSERT_EQ(::pwrite(file.get(), bytes.data(), bytes.size(), off_t{block} * 4096), 4096);
  };
  /// Its entries: {first block of the directory, what two further words say}.
  const auto node = [](std::uint16_t depth, const std::vector<std::array<std::uint32_t, 3>>& all) {
    const std::array<std::uint16_t, 6> header{0xF30A, static_cast<std::uint16_t>(all.size()),
                                              static_cast<std::uint16_t>(depth == 2 ? 4 : kEntries),
                                              depth};
    std::string block(reinterpret_cast<const char*>(header.data()), sizeof header);
    for (const auto& entry : all) {
      block.append(reinterpret_cast<const char*>(entry.data()), sizeof entry);
    }
    return block;
  };
  const std::uint32_t first_leaf = spare + kIndexes;
  const std::uint32_t empty = first_leaf + kLeaves;
  std::vector<std::array<std::uint32_t, 3>> top;
  for (std::uint32_t i = 0; i < kIndexes; ++i) {
    std::vector<std::array<std::uint32_t, 3>> index;
    for (std::uint32_t j = 0; j < kEntries; ++j) {
      const std::uint32_t leaf = i * kEntries + j;
      std::vector<std::array<std::uint32_t, 3>> extents;
      for (std::uint32_t k = 0; k < kEntries; ++k)
        extents.push_back({leaf * kEntries + k, 1, empty});
      index.push_back({leaf * kEntries, first_leaf + leaf, 0});
      write(first_leaf + leaf, node(0, extents));
    }
    top.push_back({i * kEntries * kEntries, spare + i, 0});
    write(spare + i, node(1, index));
  }
  // One empty entry as long as the block.
  write(empty, std::string("\0\0\0\0\0\x10", 6));
  const std::string root = node(2, top);
  std::vector<std::string> requests;
  for (std::size_t i = 0; i * 4 < root.size(); ++i) {
    std::uint32_t word = 0;
    std::memcpy(&word, root.data() + i * 4, 4);
    requests.push_back(fmt::format("sif /tree/d block[{}] {}", i, word));
  }
  edit(disks_.workspace, requests);
  const auto found = list("workspace/d");
  EXPECT_EQ(found.outcome, DiskOutcome::kDamaged);
  EXPECT_THAT(found.detail, HasSubstr("a directory without an end"));
}

TEST_F(Disks, damage_is_an_answer_but_never_a_crash) {
  std::mt19937 random(11);
  const auto below = [&random](unsigned limit) { return static_cast<int>(random() % limit); };
  int damaged = 0;
  for (int round = 0; round < 400; ++round) {
    const std::string* all[] = {&disks_.environment, &disks_.system, &disks_.workspace};
    const UniqueFd fd = open_file(*all[round % 3], O_RDWR);
    off_t at = 0;
    for (int skip = below(30); skip > 0; --skip) {
      const off_t data = ::lseek(fd.get(), at + 4096, SEEK_DATA);
      if (data < 0) break;
      at = data;
    }
    at = at / 4096 * 4096 + below(4096);
    char old = 0;
    ASSERT_EQ(::pread(fd.get(), &old, 1, at), 1);
    const char damage = static_cast<char>(old ^ (1 << below(8)));
    ASSERT_EQ(::pwrite(fd.get(), &damage, 1, at), 1);
    look_everywhere([this](const std::string& path) { return list(path, true); },
                    [this](const std::string& path) { return read(path); }, damaged);
    ASSERT_EQ(::pwrite(fd.get(), &old, 1, at), 1);
  }
  EXPECT_GT(damaged, 0);
  EXPECT_EQ(list("", true).outcome, DiskOutcome::kDone);
}

}  // namespace
}  // namespace pyro::files
