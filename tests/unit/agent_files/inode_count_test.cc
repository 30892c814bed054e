#include "guest/agent/files/inode_count.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/process/child_process.h"
#include "tests/support/errors.h"
#include "tests/unit/agent_files/volume_support.h"

namespace pyro::agent::files {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;

class InodeCountTest : public VolumeTest {
 protected:
  /// A file system with what is in the tree.
  void make_image(const std::string& features, const std::string& size) {
    fs::remove(image());
    run_checked({.argv = {"mke2fs", "-q", "-t", "ext4", "-O", features, "-d", tree().string(),
                          image().string(), size}},
                Clock::now() + std::chrono::minutes(1), {});
  }
  fs::path image() const { return directory_ / "image"; }
  api::agent::VolumeUsage counted() const {
    return count_inodes(open_file(image(), O_RDONLY).get());
  }
};

/// The same as a walk through it, and mke2fs's own lost+found.
TEST_F(InodeCountTest, is_that_of_the_names_with_each_hard_link) {
  for (std::size_t i = 0; i < 3000; ++i) {
    put(tree() / ("d" + std::to_string(i % 40)) / std::to_string(i), std::string(i % 7, 'x'));
  }
  fs::create_hard_link(tree() / "d5/5", tree() / "hard");
  fs::create_symlink("d5/5", tree() / "soft");
  fs::create_symlink(std::string(300, 'l'), tree() / "long");
  ASSERT_EQ(::mkfifo((tree() / "fifo").c_str(), 0600), 0);
  fs::resize_file(tree() / "d6/6", std::uint64_t{5} << 30U);
  const auto walked = volume_.usage(open_file(directory_ / "workspace", O_RDONLY).get());
  EXPECT_EQ(walked.entry_count, 3000U + 40 + 3);
  for (const char* features : {"64bit", "^64bit", "^metadata_csum,^uninit_bg,^flex_bg"}) {
    for (const char* size : {"16M", "300M"}) {
      make_image(features, size);
      EXPECT_EQ(counted().entry_count, walked.entry_count + 1) << features << size;
      EXPECT_EQ(counted().bytes, walked.bytes) << features << size;
    }
  }
}

TEST_F(InodeCountTest, of_a_damaged_disk_is_refused) {
  make_image("64bit", "16M");
  const auto overwrite = [this](std::uint64_t at, std::string_view bytes) {
    make_image("64bit", "16M");
    const UniqueFd file = open_file(image(), O_WRONLY);
    ASSERT_EQ(::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(at)),
              static_cast<ssize_t>(bytes.size()));
  };
  const std::string zeros(4, '\0');
  const std::string ones(4, '\xFF');
  for (const std::uint64_t field : {0x38U, 0x28U, 0x58U, 0xFEU}) {
    for (const auto& bytes : {zeros, ones}) {
      overwrite(1024 + field, bytes);
      EXPECT_THAT(error_of([&] { counted(); }), Refused(ErrorCode::kInternal)) << field;
    }
  }
  overwrite(1024 + 0x18, ones);
  EXPECT_THAT(error_of([&] { counted(); }), Refused(ErrorCode::kInternal));
  fs::resize_file(image(), 1500);
  EXPECT_THAT(error_of([&] { counted(); }), Refused(ErrorCode::kInternal));
}

}  // namespace
}  // namespace pyro::agent::files
