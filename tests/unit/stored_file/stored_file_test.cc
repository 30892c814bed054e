#include "common/stored_file/stored_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/api/message_table.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

class VerifyFiles : public testing::Test {
 protected:
  VerifyFiles() : directory_(fs::temp_directory_path(), "manifest") {
    write_file_atomically(path(), "content");
    files_ = {record_file(directory_.path(), "file", {})};
  }
  fs::path path() const { return directory_.path() / "file"; }
  Verdict verify() { return verify_files(directory_.path(), files_, {}); }
  void overwrite(std::string_view text) {
    ::chmod(path().c_str(), 0644);
    write_all(open_file(path(), O_WRONLY | O_TRUNC).get(), text);
  }

  TemporaryDirectory directory_;
  std::vector<StoredFile> files_;
};

TEST_F(VerifyFiles, that_nobody_touched_are_unchanged) { EXPECT_EQ(verify(), Verdict::kUnchanged); }

TEST_F(VerifyFiles, without_reading_them_when_no_mark_moved) {
  files_[0].sha256 = std::string(64, '0');
  EXPECT_EQ(verify(), Verdict::kUnchanged);
}

TEST_F(VerifyFiles, that_were_touched_or_copied_are_right_and_get_new_marks) {
  fs::copy_file(path(), directory_.path() / "copy");
  fs::rename(directory_.path() / "copy", path());
  EXPECT_EQ(verify(), Verdict::kRestamped);
  EXPECT_EQ(verify(), Verdict::kUnchanged);
}

TEST_F(VerifyFiles, with_other_content_of_the_same_length_and_time_are_wrong) {
  struct stat before {};
  ASSERT_EQ(::stat(path().c_str(), &before), 0);
  overwrite("CONTENT");
  const timespec times[] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, path().c_str(), times, 0), 0);
  EXPECT_EQ(verify(), Verdict::kWrong);
}

TEST_F(VerifyFiles, that_are_shorter_missing_or_links_are_wrong) {
  overwrite("cont");
  EXPECT_EQ(verify(), Verdict::kWrong);
  fs::remove(path());
  EXPECT_EQ(verify(), Verdict::kWrong);
  write_file_atomically(directory_.path() / "elsewhere", "content");
  fs::create_symlink(directory_.path() / "elsewhere", path());
  EXPECT_EQ(verify(), Verdict::kWrong);
}

TEST_F(VerifyFiles, tells_moved_marks_from_changed_content) {
  EXPECT_TRUE(marks_unchanged(directory_.path(), files_));
  EXPECT_EQ(find_changed_file(directory_.path(), files_, sha256_of_file, {}), std::nullopt);
  ::chmod(path().c_str(), 0600);
  EXPECT_FALSE(marks_unchanged(directory_.path(), files_));
  EXPECT_EQ(find_changed_file(directory_.path(), files_, sha256_of_file, {}), std::nullopt);
  overwrite("CONTENT");
  EXPECT_EQ(find_changed_file(directory_.path(), files_, sha256_of_file, {}), "file");
}

std::string sparse_digest(const fs::path& path) { return sha256_of_sparse_file(path, {}); }

TEST(SparseDigest, does_not_tell_a_hole_from_written_zeros) {
  const TemporaryDirectory directory(fs::temp_directory_path(), "sparse");
  const std::string data(10000, 'x');
  for (const char* name : {"holes", "zeros"}) {
    const UniqueFd fd = open_file(directory.path() / name, O_RDWR | O_CREAT);
    if (name == std::string("zeros")) write_all(fd.get(), std::string(3U << 20U, '\0'));
    ASSERT_EQ(::ftruncate(fd.get(), 3 << 20), 0);
    ASSERT_EQ(::pwrite(fd.get(), data.data(), data.size(), 1500000), 10000);
  }
  EXPECT_EQ(sparse_digest(directory.path() / "holes"), sparse_digest(directory.path() / "zeros"));
}

TEST(SparseDigest, tells_the_same_bytes_at_another_place_and_a_changed_byte) {
  const TemporaryDirectory directory(fs::temp_directory_path(), "sparse");
  const auto digest_with = [&directory](const std::string& page, off_t position) {
    const fs::path path = directory.path() / "file";
    const UniqueFd fd = open_file(path, O_RDWR | O_CREAT | O_TRUNC);
    EXPECT_EQ(::ftruncate(fd.get(), 3 << 20), 0);
    EXPECT_EQ(::pwrite(fd.get(), page.data(), page.size(), position),
              static_cast<ssize_t>(page.size()));
    return sparse_digest(path);
  };
  const std::string first = digest_with("page", 0);
  EXPECT_EQ(digest_with("page", 0), first);
  EXPECT_NE(digest_with("page", 4096), first);
  EXPECT_NE(digest_with("pagE", 0), first);
}

struct Named {
  std::string name;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &Named::name, "Its name.", api::kRequired);
  }
};

TEST(ReadRecord, is_empty_for_anything_but_a_whole_record) {
  const TemporaryDirectory directory(fs::temp_directory_path(), "record");
  const fs::path path = directory.path() / "r.json";
  EXPECT_FALSE(read_record<Named>(path));
  for (const char* text : {"", "{", "[]", "{\"name\": 1}", "{\"other\": \"x\"}"}) {
    write_file_atomically(path, text);
    EXPECT_FALSE(read_record<Named>(path)) << text;
  }
}

}  // namespace
}  // namespace pyro
