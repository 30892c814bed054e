#include <fcntl.h>
#include <unistd.h>

#include <random>

#include "common/base/files.h"
#include "tests/unit/volume/volume_fixture.h"

namespace pyro::volume {
namespace {

using ::pyro::testing::error_of;
using ::pyro::testing::Refused;
using ::testing::HasSubstr;

void walk_quietly(const std::filesystem::path& file) {
  Recorder recorder;
  VolumeReader(file).walk(recorder);
}

TEST_F(Volume, a_file_that_holds_no_file_system_is_refused) {
  write_file_atomically(directory_ / "text", std::string(100'000, 'x'));
  EXPECT_TRUE(error_of([&] { VolumeReader(directory_ / "text"); }));
  EXPECT_THAT(error_of([&] { VolumeReader(directory_ / "nothing"); }),
              Refused(ErrorCode::kNotFound));
}

TEST_F(Volume, a_file_system_of_another_kind_is_refused) {
  const std::filesystem::path other = directory_ / "other";
  write_file_atomically(other, std::string(1 << 20, '\0'));
  run({"mke2fs", "-q", "-t", "ext2", "-b", "1024", other.string()});
  EXPECT_THAT(error_of([&] { VolumeReader reader(other); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("is no workspace volume")));
}

TEST_F(Volume, a_volume_whose_journal_must_be_replayed_is_refused) {
  run({"debugfs", "-w", "-R", "feature needs_recovery", file().string()});
  EXPECT_THAT(error_of([&] { VolumeReader reader(file()); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("its journal is not empty")));
}

TEST_F(Volume, a_directory_that_holds_itself_ends_a_walk) {
  write({directory("d"), directory("d/e")});
  run({"debugfs", "-w", "-R", "link /tree/d /tree/d/e/again", file().string()});
  EXPECT_THAT(error_of([&] { walk_quietly(file()); }),
              Refused(ErrorCode::kInternal, HasSubstr("is above itself")));
}

TEST_F(Volume, a_file_of_an_impossible_size_is_refused) {
  write({regular("f", "x")});
  run({"debugfs", "-w", "-R", "sif /tree/f size 0x7fffffffffffffff", file().string()});
  EXPECT_THAT(error_of([&] { walk_quietly(file()); }),
              Refused(ErrorCode::kInternal, HasSubstr("a file of")));
}

TEST_F(Volume, damage_is_an_error_or_unnoticed_but_never_a_crash) {
  write({directory("d"), regular("d/f", std::string(100'000, 'x')),
         symlink("l", std::string(100, 't')), regular("g", "y")});
  // Metadata: superblock and descriptors, then inodes and directories by what is allocated.
  std::mt19937 random(7);
  const auto below = [&random](unsigned limit) { return static_cast<int>(random() % limit); };
  int noticed = 0;
  for (int round = 0; round < 300; ++round) {
    const UniqueFd fd = open_file(file(), O_RDWR);
    off_t at = 0;
    for (int skip = below(40); skip > 0; --skip) {
      const off_t data = ::lseek(fd.get(), at + 4096, SEEK_DATA);
      if (data < 0) break;
      at = data;
    }
    at = at / 4096 * 4096 + below(4096);
    char old = 0;
    ASSERT_EQ(::pread(fd.get(), &old, 1, at), 1);
    const char damage = static_cast<char>(old ^ (1 << below(8)));
    ASSERT_EQ(::pwrite(fd.get(), &damage, 1, at), 1);
    if (error_of([&] { walk_quietly(file()); })) ++noticed;
    ASSERT_EQ(::pwrite(fd.get(), &old, 1, at), 1);
  }
  EXPECT_GT(noticed, 0);
  walk_quietly(file());
}

}  // namespace
}  // namespace pyro::volume
