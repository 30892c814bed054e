#include <sys/stat.h>

#include <limits>
#include <thread>

#include "common/base/files.h"
#include "common/config/volume.h"
#include "tests/unit/volume/volume_fixture.h"

namespace pyro::volume {
namespace {

using ::pyro::testing::error_of;
using ::pyro::testing::Refused;
using ::testing::HasSubstr;

std::uint64_t allocated(const std::filesystem::path& file) {
  struct stat info {};
  ::stat(file.c_str(), &info);
  return static_cast<std::uint64_t>(info.st_blocks) * 512;
}

std::string noise(std::size_t bytes, std::uint32_t seed = 1) {
  std::string out(bytes, '\0');
  for (char& c : out) {
    seed = seed * 1664525U + 1013904223U;
    c = static_cast<char>(seed >> 24U);
  }
  return out;
}

TEST_F(Volume, a_blank_one_is_sound_and_takes_next_to_nothing) {
  expect_sound();
  EXPECT_EQ(std::filesystem::file_size(file()), kWorkspaceDiskBytes);
  EXPECT_LT(allocated(file()), 256U << 10U);
  EXPECT_THAT(debugfs("stat /tree"), HasSubstr("Mode:  0755"));
  EXPECT_THAT(debugfs("stat /.pyro"), HasSubstr("Mode:  0700"));
}

TEST_F(Volume, makers_at_the_same_time_share_one_original) {
  const std::filesystem::path cache = directory_ / "new-cache";
  {
    std::vector<std::jthread> makers;
    for (int i = 0; i < 4; ++i) {
      makers.emplace_back([&, i] { make_blank_volume(cache, directory_ / std::to_string(i)); });
    }
  }
  const auto listed = std::filesystem::directory_iterator(cache / "disks");
  EXPECT_EQ(std::distance(begin(listed), end(listed)), 2) << "the original and the lock";
  for (int i = 0; i < 4; ++i) {
    std::filesystem::rename(directory_ / std::to_string(i), file());
    expect_sound();
  }
}

TEST_F(Volume, an_empty_tree_needs_no_entry_at_all) {
  const tree::Totals totals = write({});
  EXPECT_EQ(totals.entries, 0U);
  expect_holds({directory("", 0755, kCtime)});
}

TEST_F(Volume, the_top_has_the_mode_and_time_of_its_entry) {
  const std::vector<Item> items{directory("", 01770, 5 * kSecond + 7)};
  write(items);
  expect_holds(items);
}

TEST_F(Volume, files_of_all_lengths_come_back) {
  std::vector<Item> items;
  for (const std::size_t size :
       std::initializer_list<std::size_t>{0, 1, 59, 60, 4095, 4096, 4097, 8192, 65535, 65536, 65537,
                                          69632, 1 << 20, (1 << 20) + 1, 5 << 20}) {
    items.push_back(regular("f" + std::to_string(size), noise(size)));
  }
  items.push_back(regular("text", "hello\n"));
  items.push_back(regular("zeros", std::string(10000, '\0')));
  expect_round_trip(items);
}

TEST_F(Volume, debugfs_reads_what_was_written) {
  const std::string content = noise(3 << 20);
  write({directory("a"), directory("a/b"), regular("a/b/c", content)});
  debugfs("dump /tree/a/b/c " + (directory_ / "dumped").string());
  EXPECT_TRUE(read_file(directory_ / "dumped") == content);
}

TEST_F(Volume, a_file_may_come_in_pieces_of_any_size) {
  const std::string content = noise(300'000);
  VolumeWriter writer(file(), kCtime);
  writer.entry(directory("").entry);
  writer.entry(regular("f", content).entry);
  std::size_t piece = 1;
  for (std::size_t at = 0; at < content.size(); at += piece, piece = piece * 3 % 100'003) {
    if (at > 0) piece = std::max<std::size_t>(piece, 1);
    writer.data(std::string_view(content).substr(at, piece));
  }
  writer.end_file();
  writer.finish();
  expect_holds({directory(""), regular("f", content)});
}

TEST_F(Volume, what_an_entry_says_of_its_size_does_not_matter) {
  Item item = regular("f", "four");
  item.entry.size = 1 << 30;
  VolumeWriter writer(file(), kCtime);
  writer.entry(directory("").entry);
  give(writer, item);
  writer.entry(regular("without", "").entry);
  EXPECT_EQ(writer.finish().bytes, 4U);
  expect_holds({directory(""), regular("f", "four"), regular("without", "")});
}

TEST_F(Volume, zeros_become_holes) {
  const std::string zeros(300U << 20U, '\0');
  expect_round_trip({regular("hole", zeros)});
  EXPECT_LT(allocated(file()), 1U << 20U);
}

TEST_F(Volume, a_file_longer_than_an_extent_comes_back) {
  expect_round_trip({regular("f", std::string((130U << 20U) + 5, 'x'))});
}

TEST_F(Volume, a_file_of_many_extents_comes_back) {
  // A hole every other 64 KiB: more extents than inode and one level of blocks hold.
  std::string content;
  for (std::uint32_t i = 0; i < 1500; ++i) content += noise(65536, i) + std::string(65536, '\0');
  expect_round_trip({regular("f", content)});
  EXPECT_THAT(debugfs("ex /tree/f"), HasSubstr(" 2/ 2"));
}

TEST_F(Volume, names_of_all_bytes_come_back) {
  expect_round_trip({regular("new\nline", "1"), regular("quo\"te'", "2"), regular("\xff\xfe", "3"),
                     regular(" ", "4"), regular("...", "5"), directory("\x80"),
                     regular("\x80/\x01", "6"), regular(std::string(255, 'n'), "7"),
                     directory(std::string(255, '\xc3')),
                     regular(std::string(255, '\xc3') + "/" + std::string(255, 'x'), "8")});
}

TEST_F(Volume, many_names_in_one_directory_are_indexed) {
  std::vector<Item> items{directory("many")};
  for (int i = 0; i < 5000; ++i) {
    items.push_back(regular("many/file number " + std::to_string(i), "x"));
  }
  expect_round_trip(items);
  EXPECT_THAT(debugfs("htree_dump /tree/many"), HasSubstr("Indirect levels: 0"));
}

TEST_F(Volume, an_index_has_two_levels_where_one_is_too_small) {
  std::vector<Item> items{directory("many")};
  for (int i = 0; i < 20000; ++i) {
    std::string name = std::to_string(i);
    name.insert(0, 255 - name.size(), 'n');
    items.push_back(regular("many/" + name, ""));
  }
  expect_round_trip(items);
  EXPECT_THAT(debugfs("htree_dump /tree/many"), HasSubstr("Indirect levels: 1"));
}

TEST_F(Volume, a_directory_grows_from_one_block_to_an_index) {
  // The lengths around what one block holds.
  for (int names = 335; names < 342; ++names) {
    std::filesystem::remove(file());
    make_blank_volume(directory_ / "cache", file());
    std::vector<Item> items;
    for (int i = 0; i < names; ++i) items.push_back(regular("f" + std::to_string(100 + i), ""));
    expect_round_trip(items);
  }
}

TEST_F(Volume, more_inodes_than_are_kept_in_memory_come_back) {
  VolumeWriter writer(file(), kCtime);
  for (int i = 0; i < 70'000; ++i) {
    const std::string parent = "d" + std::to_string(i / 1000);
    if (i % 1000 == 0) writer.entry(directory(parent).entry);
    writer.entry(regular(parent + "/" + std::to_string(i), "").entry);
  }
  EXPECT_EQ(writer.finish().entries, 70'070U);
  expect_sound();
  Recorder read;
  VolumeReader(file()).walk(read);
  EXPECT_EQ(read.items.size(), 70'071U);
}

TEST_F(Volume, deep_directories_come_back) {
  std::vector<Item> items;
  std::string path;
  for (int depth = 0; depth < 200; ++depth) {
    path += (depth == 0 ? "d" : "/d");
    items.push_back(directory(path));
  }
  items.push_back(regular(path + "/f", "deep"));
  expect_round_trip(items);
}

TEST_F(Volume, links_come_back_short_and_long) {
  std::vector<Item> items;
  for (const std::size_t size :
       std::initializer_list<std::size_t>{1, 58, 59, 60, 61, 300, 4094, 4095}) {
    items.push_back(symlink("l" + std::to_string(size), std::string(size, 't')));
  }
  items.push_back(symlink("out", "/etc/passwd"));
  expect_round_trip(items);
}

TEST_F(Volume, the_mode_of_a_link_is_the_one_that_linux_has) {
  Item link = symlink("l", "t");
  link.entry.mode = 0640;
  write({directory(""), link});
  expect_holds({directory(""), symlink("l", "t")});
}

TEST_F(Volume, modes_come_back) {
  expect_round_trip({regular("setuid", "x", 04755), regular("setgid", "x", 02755),
                     regular("none", "x", 0), regular("all", "x", 07777),
                     directory("sticky", 01777), directory("closed", 0)});
}

TEST_F(Volume, times_come_back_to_the_nanosecond) {
  std::vector<Item> items;
  const std::int64_t low = std::numeric_limits<std::int32_t>::min();
  for (const std::int64_t seconds :
       {low, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1} << 31U, std::int64_t{1} << 32U,
        std::int64_t{3} << 31U, std::int64_t{1} << 33U}) {
    for (const std::int64_t ns : {0, 1, 999'999'999}) {
      const std::string name = std::to_string(seconds) + "," + std::to_string(ns);
      items.push_back(regular(name, "", 0644, seconds * kSecond + ns));
      items.push_back(directory("d" + name, 0755, seconds * kSecond + ns));
      items.push_back(symlink("l" + name, "t", seconds * kSecond + ns));
    }
  }
  expect_round_trip(items);
}

TEST_F(Volume, a_time_before_what_ext4_knows_becomes_its_earliest) {
  write({directory(""), regular("f", "", 0644, std::numeric_limits<std::int64_t>::min())});
  expect_holds(
      {directory(""), regular("f", "", 0644, std::numeric_limits<std::int32_t>::min() * kSecond)});
}

TEST_F(Volume, everything_is_roots) {
  write({directory("d"), regular("d/f", "x"), symlink("d/l", "t")});
  for (const char* path : {"/tree", "/tree/d", "/tree/d/f", "/tree/d/l", "/.pyro"}) {
    EXPECT_THAT(debugfs(std::string("stat ") + path), HasSubstr("User:     0   Group:     0"));
  }
}

TEST_F(Volume, totals_count_what_went_by) {
  Item fifo = regular("fifo", "");
  fifo.entry.kind = tree::EntryKind::kOther;
  VolumeWriter writer(file(), kCtime);
  for (const Item& item :
       {directory(""), directory("d"), regular("d/f", "abc"), symlink("l", "t")}) {
    give(writer, item);
  }
  writer.entry(fifo.entry);
  const tree::Totals totals = writer.finish();
  EXPECT_EQ(totals.entries, 3U);
  EXPECT_EQ(totals.bytes, 3U);
  EXPECT_EQ(totals.skipped, 1U);
  expect_sound();
}

TEST_F(Volume, a_full_one_refuses) {
  run({"debugfs", "-w", "-R", "write /dev/null filler", file().string()});
  run({"debugfs", "-w", "-R", "fallocate filler 0 2055000", file().string()});
  expect_sound();
  const std::string content = noise(1 << 20);
  const auto refused = error_of([&] {
    VolumeWriter writer(file(), kCtime);
    for (int i = 0; i < 100; ++i) give(writer, regular("f" + std::to_string(i), content));
  });
  EXPECT_THAT(refused, Refused(ErrorCode::kResourceExhausted,
                               HasSubstr("the seed does not fit: a workspace holds at most ")));
}

TEST_F(Volume, one_that_is_nearly_full_takes_what_fits) {
  run({"debugfs", "-w", "-R", "write /dev/null filler", file().string()});
  run({"debugfs", "-w", "-R", "fallocate filler 0 2055000", file().string()});
  write({directory(""), regular("f", noise(20 << 20))});
  expect_holds({directory(""), regular("f", noise(20 << 20))});
}

TEST_F(Volume, an_abandoned_writer_leaves_no_trace_but_the_file) {
  VolumeWriter writer(file(), kCtime);
  give(writer, directory("d"));
  give(writer, regular("d/f", noise(1000)));
}

}  // namespace
}  // namespace pyro::volume
