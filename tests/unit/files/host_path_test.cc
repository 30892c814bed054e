#include "services/files/host_path.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "common/base/files.h"
#include "tests/support/errors.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

class HostPath : public ::testing::Test {
 protected:
  HostPath() {
    fs::create_directory(path("real"));
    fs::create_symlink("real", path("link"));
    write_file_atomically(path("real/file"), "x");
  }
  std::string path(const char* below) const { return (directory_.path() / below).string(); }

  TemporaryDirectory directory_{"/tmp", "pyro-host-path"};
};

TEST_F(HostPath, directories_that_are_missing_are_made_and_those_that_are_there_are_not) {
  for (const Links links : {Links::kFollow, Links::kRefuse}) {
    const UniqueFd made = make_host_directory(path("real/a/b"), links);
    const UniqueFd file(::openat(made.get(), "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    EXPECT_TRUE(file);
    EXPECT_TRUE(fs::exists(path("real/a/b/f")));
  }
}

TEST_F(HostPath, the_root_is_a_path_as_any_other) {
  for (const Links links : {Links::kFollow, Links::kRefuse}) {
    EXPECT_TRUE(make_host_directory("/", links));
    EXPECT_TRUE(open_host_path("/", O_RDONLY | O_DIRECTORY, links));
  }
}

TEST_F(HostPath, a_link_on_the_way_is_followed_or_refused) {
  EXPECT_TRUE(make_host_directory(path("link/c"), Links::kFollow));
  EXPECT_TRUE(fs::is_directory(path("real/c")));
  EXPECT_TRUE(open_host_path(path("link/file"), O_RDONLY, Links::kFollow));
  const auto link = Refused(ErrorCode::kInvalidArgument, HasSubstr("symbolic link"));
  EXPECT_THAT(error_of([&] { make_host_directory(path("link"), Links::kRefuse); }), link);
  EXPECT_THAT(error_of([&] { make_host_directory(path("link/d/e"), Links::kRefuse); }), link);
  EXPECT_FALSE(fs::exists(path("real/d")));
  EXPECT_THAT(error_of([&] { open_host_path(path("link/file"), O_RDONLY, Links::kRefuse); }), link);
  EXPECT_THAT(error_of([&] { open_host_path(path("link"), O_RDONLY, Links::kRefuse); }), link);
  EXPECT_TRUE(open_host_path(path("link"), O_PATH | O_NOFOLLOW, Links::kRefuse)) << "itself";
}

TEST_F(HostPath, what_is_in_the_way_of_a_directory_is_told) {
  for (const Links links : {Links::kFollow, Links::kRefuse}) {
    EXPECT_THAT(error_of([&] { make_host_directory(path("real/file/x"), links); }),
                Refused(ErrorCode::kFailedPrecondition, HasSubstr("real/file': Not a directory")));
    EXPECT_FALSE(open_host_path(path("nowhere/at/all"), O_RDONLY, links));
    EXPECT_EQ(errno, ENOENT);
  }
}

}  // namespace
}  // namespace pyro::files
