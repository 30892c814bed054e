#include "common/base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;
using testing::error_of;
using ::testing::HasSubstr;
using testing::Refused;
using testing::TestDirectory;

void write(const fs::path& path, std::string_view text) { std::ofstream(path) << text; }

struct stat status_of(const fs::path& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info;
}

std::size_t entries(const fs::path& directory) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

/// 16 MiB with 4 KiB of data in its middle and a hole at its end.
void make_sparse(const fs::path& path) {
  const UniqueFd fd = open_file(path, O_RDWR | O_CREAT);
  ASSERT_EQ(::ftruncate(fd.get(), 16 << 20), 0);
  const std::string data(4096, 'x');
  ASSERT_EQ(::pwrite(fd.get(), data.data(), data.size(), 8 << 20), 4096);
}

TEST(Files, reading_a_missing_file_names_it) {
  EXPECT_THAT(error_of([] { read_file("/nonexistent/x"); }),
              Refused(ErrorCode::kNotFound, "open '/nonexistent/x': No such file or directory"));
}

TEST(Files, a_file_over_the_limit_is_refused_and_one_at_the_limit_read) {
  const TestDirectory dir;
  write(dir / "f", "12345");
  EXPECT_EQ(read_file(dir / "f", 5), "12345");
  EXPECT_THAT(error_of([&] { read_file(dir / "f", 4); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("larger than 4 bytes")));
}

TEST(Files, a_tail_is_the_last_bytes_or_nothing) {
  const TestDirectory dir;
  write(dir / "f", "12345");
  EXPECT_EQ(read_tail(dir / "f", 2), "45");
  EXPECT_EQ(read_tail(dir / "f", 100), "12345");
  EXPECT_EQ(read_tail(dir / "missing", 100), "");
}

TEST(Files, an_atomic_write_replaces_content_and_mode_and_leaves_nothing_else) {
  const TestDirectory dir;
  write_file_atomically(dir / "f", "old");
  write_file_atomically(dir / "f", "new", 0640);
  EXPECT_EQ(read_file(dir / "f"), "new");
  EXPECT_EQ(status_of(dir / "f").st_mode & 07777U, 0640U);
  EXPECT_EQ(entries(dir.path()), 1U);
}

TEST(Files, a_failed_atomic_write_leaves_the_old_file_alone) {
  const TestDirectory dir;
  fs::create_directory(dir / "taken");
  write(dir / "taken/inside", "old");
  EXPECT_TRUE(error_of([&] { write_file_atomically(dir / "taken", "new"); }));
  EXPECT_EQ(read_file(dir / "taken/inside"), "old");
  EXPECT_EQ(entries(dir.path()), 1U) << "no temporary file is left";
}

TEST(Files, an_atomic_write_takes_a_name_without_a_directory) {
  const TestDirectory dir;
  const fs::path before = fs::current_path();
  fs::current_path(dir.path());
  Cleanup back([&before] { fs::current_path(before); });
  write_file_atomically("plain", "x");
  EXPECT_EQ(read_file(dir / "plain"), "x");
}

TEST(CopySparse, holes_stay_holes_and_data_is_the_same) {
  const TestDirectory dir;
  make_sparse(dir / "from");
  copy_sparse(dir / "from", dir / "to");
  EXPECT_EQ(read_file(dir / "to"), read_file(dir / "from"));
  EXPECT_LE(status_of(dir / "to").st_blocks * 512, 1 << 20);
}

TEST(CopySparse, goes_from_one_file_system_to_another) {
  const TestDirectory dir;
  const TemporaryDirectory other("/dev/shm", "pyro-test");
  make_sparse(dir / "from");
  copy_sparse(dir / "from", other.path() / "to");
  EXPECT_EQ(read_file(other.path() / "to"), read_file(dir / "from"));
  EXPECT_LE(status_of(other.path() / "to").st_blocks * 512, 1 << 20);
}

TEST(CopySparse, an_existing_target_is_refused_and_kept) {
  const TestDirectory dir;
  write(dir / "from", "new");
  write(dir / "to", "old");
  EXPECT_THAT(error_of([&] { copy_sparse(dir / "from", dir / "to"); }),
              Refused(ErrorCode::kAlreadyExists));
  EXPECT_EQ(read_file(dir / "to"), "old");
}

TEST(CopySparse, an_empty_file_becomes_an_empty_file) {
  const TestDirectory dir;
  write(dir / "from", "");
  copy_sparse(dir / "from", dir / "to");
  EXPECT_EQ(read_file(dir / "to"), "");
}

TEST(Locks, are_exclusive_until_they_are_released) {
  const TestDirectory dir;
  {
    const FileLock first = FileLock::attempt(dir / "lock");
    EXPECT_TRUE(first.held());
    EXPECT_FALSE(FileLock::attempt(dir / "lock").held());
  }
  EXPECT_TRUE(FileLock::attempt(dir / "lock").held());
}

TEST(Locks, end_with_the_process_that_holds_them) {
  const TestDirectory dir;
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const FileLock lock = FileLock::attempt(dir / "lock");
    [[maybe_unused]] const ssize_t n = ::write(ready[1], "1", 1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_FALSE(FileLock::attempt(dir / "lock").held());
  ::kill(holder, SIGKILL);
  EXPECT_TRUE(FileLock::wait(dir / "lock").held());
  ::waitpid(holder, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(PrivateDirectory, is_made_with_its_parents_for_its_owner_alone) {
  const TestDirectory dir;
  make_private_directory(dir / "a/b/c");
  EXPECT_EQ(status_of(dir / "a/b/c").st_mode & 07777U, 0700U);
  make_private_directory(dir / "a/b/c");
}

TEST(PrivateDirectory, that_others_may_write_to_is_refused) {
  const TestDirectory dir;
  fs::create_directory(dir / "open");
  ::chmod((dir / "open").c_str(), 0777);
  EXPECT_THAT(error_of([&] { make_private_directory(dir / "open"); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("chmod go-w")));
}

TEST(PrivateDirectory, that_is_a_link_or_a_file_is_refused) {
  const TestDirectory dir;
  fs::create_directory(dir / "real");
  fs::create_directory_symlink(dir / "real", dir / "link");
  write(dir / "file", "");
  for (const auto* name : {"link", "file"}) {
    EXPECT_THAT(error_of([&] { make_private_directory(dir / name); }),
                Refused(ErrorCode::kFailedPrecondition, HasSubstr("is not a directory")));
  }
}

TEST(PrivateDirectory, of_another_user_is_refused) {
  const TestDirectory dir;
  fs::path theirs = "/usr";  // root's, for everybody else
  if (::geteuid() == 0) {
    theirs = dir / "theirs";
    fs::create_directory(theirs);
    ASSERT_EQ(::chown(theirs.c_str(), 65534, 65534), 0);
  }
  EXPECT_THAT(error_of([&] { make_private_directory(theirs); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("belongs to another user")));
}

TEST(TemporaryDirectories, are_removed_with_their_content_unless_released) {
  const TestDirectory dir;
  fs::path kept;
  {
    const TemporaryDirectory gone(dir.path(), "gone");
    write(gone.path() / "f", "x");
    TemporaryDirectory renamed(dir.path(), "kept");
    kept = renamed.path();
    TemporaryDirectory moved = std::move(renamed);
    moved.release();
  }
  EXPECT_TRUE(fs::exists(kept));
  EXPECT_EQ(entries(dir.path()), 1U);
}

}  // namespace
}  // namespace pyro
