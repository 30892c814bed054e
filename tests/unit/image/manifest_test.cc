#include "services/image/manifest.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/image/expect_error.h"

namespace pyro::image {
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

TEST(ReadRecord, is_empty_for_anything_but_a_whole_record) {
  const TemporaryDirectory directory(fs::temp_directory_path(), "record");
  const fs::path path = directory.path() / "r.json";
  EXPECT_FALSE(read_record<Reference>(path));
  for (const char* text : {"", "{", "[]", "{\"environment\": 1}", "{\"environment\": \"x\"}"}) {
    write_file_atomically(path, text);
    EXPECT_FALSE(read_record<Reference>(path)) << text;
  }
}

}  // namespace
}  // namespace pyro::image
