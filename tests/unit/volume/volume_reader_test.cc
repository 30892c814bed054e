#include <limits>

#include "tests/unit/volume/volume_fixture.h"

namespace pyro::volume {
namespace {

using ::pyro::testing::error_of;
using ::pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::Field;

TEST_F(Volume, has_times_that_it_cannot_hold_as_the_nearest_it_can) {
  constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
  constexpr auto kFirst = std::numeric_limits<std::int64_t>::min();
  write({regular("late", "", 0644, kLast), regular("early", "", 0644, kFirst)});
  const VolumeReader reader(file());
  EXPECT_EQ(reader.find("late").mtime_ns, kLast);
  EXPECT_EQ(reader.find("early").mtime_ns, std::numeric_limits<std::int32_t>::min() * kSecond);
}

class WrittenVolume : public Volume {
 protected:
  WrittenVolume() {
    write({directory("", 0755, 1), directory("d", 0700, 2), regular("d/b", "content", 04755, 3),
           regular("d/a", ""), symlink("d/out", "/etc"), symlink("loop", "d"), regular("d.x", "")});
  }
};

TEST_F(WrittenVolume, says_which_ctime_is_unchanged) {
  EXPECT_EQ(VolumeReader(file()).unchanged_ctime_ns(), kCtime);
}

TEST_F(WrittenVolume, finds_an_entry_with_all_that_is_known_of_it) {
  const tree::Entry found = VolumeReader(file()).find("d/b");
  EXPECT_EQ(found.path, "d/b");
  EXPECT_EQ(found.kind, tree::EntryKind::kFile);
  EXPECT_EQ(found.mode, 04755U);
  EXPECT_EQ(found.mtime_ns, 3);
  EXPECT_EQ(found.ctime_ns, kCtime);
  EXPECT_EQ(found.size, 7U);
  EXPECT_GT(found.inode, 11U);
}

TEST_F(WrittenVolume, finds_the_tree_itself) {
  const tree::Entry found = VolumeReader(file()).find("");
  EXPECT_EQ(found.path, "");
  EXPECT_EQ(found.kind, tree::EntryKind::kDirectory);
  EXPECT_EQ(found.mtime_ns, 1);
}

TEST_F(WrittenVolume, what_is_not_there_is_absent) {
  const VolumeReader reader(file());
  for (const char* path : {"x", "d/x", "d/b/x", "x/y", "D"}) {
    EXPECT_EQ(reader.find(path).kind, tree::EntryKind::kAbsent) << path;
    EXPECT_EQ(reader.find(path).path, path);
  }
}

TEST_F(WrittenVolume, nothing_leads_out_of_the_tree) {
  const VolumeReader reader(file());
  for (const char* path : {"..", ".", "../.pyro", "d/../../.pyro", "d/..", "/d", "d/", "d//b", "/",
                           "d/out/passwd", "loop/b"}) {
    EXPECT_EQ(reader.find(path).kind, tree::EntryKind::kAbsent) << path;
  }
}

TEST_F(WrittenVolume, lists_a_directory_in_order) {
  const VolumeReader reader(file());
  EXPECT_THAT(reader.list(""),
              ElementsAre(Field(&tree::Entry::path, "d"), Field(&tree::Entry::path, "d.x"),
                          Field(&tree::Entry::path, "loop")));
  EXPECT_THAT(reader.list("d"),
              ElementsAre(Field(&tree::Entry::path, "d/a"), Field(&tree::Entry::path, "d/b"),
                          Field(&tree::Entry::link_target, "/etc")));
}

TEST_F(WrittenVolume, lists_only_directories_and_reads_only_files) {
  const VolumeReader reader(file());
  const auto ignore = [](std::string_view) {};
  for (const char* path : {"x", "d/b", "loop", "..", "d/out"}) {
    EXPECT_THAT(error_of([&] { reader.list(path); }), Refused(ErrorCode::kNotFound)) << path;
  }
  for (const char* path : {"x", "d", "", "loop", "d/out"}) {
    EXPECT_THAT(error_of([&] { reader.read(path, ignore); }), Refused(ErrorCode::kNotFound))
        << path;
  }
}

TEST_F(WrittenVolume, reads_a_file) {
  std::string content;
  VolumeReader(file()).read("d/b", [&](std::string_view piece) { content += piece; });
  EXPECT_EQ(content, "content");
}

TEST_F(WrittenVolume, a_walk_ends_each_file_once) {
  Recorder recorder;
  VolumeReader(file()).walk(recorder);
  EXPECT_EQ(recorder.items.size(), 7U);
  EXPECT_EQ(recorder.ended, 3U);
}

TEST_F(WrittenVolume, what_a_sink_throws_comes_through) {
  EXPECT_THAT(error_of([&] {
                VolumeReader(file()).read("d/b", [](std::string_view) { throw cancelled("stop"); });
              }),
              Refused(ErrorCode::kCancelled, "stop"));
}

}  // namespace
}  // namespace pyro::volume
