#include "common/ownership/owned_directories.h"

#include <gmock/gmock.h>

#include "common/base/files.h"
#include "tests/support/as_nobody.h"
#include "tests/support/temporary.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;
using testing::TestDirectory;

constexpr const char* kId = "0123456789ab";

class OwnedDirectoriesTest : public ::testing::Test {
 protected:
  TestDirectory directory_;
  OwnedDirectories ours_{directory_.path(), "machine", "a"};
  OwnedDirectories other_{directory_.path(), "machine", "b"};
};

TEST_F(OwnedDirectoriesTest, what_is_made_here_is_garbage_once_no_record_names_it) {
  write_file_atomically(ours_.make(kId) / "system.ext4", "x");
  EXPECT_EQ(ours_.owner_of_id(kId), Owner::kThisRegistry);
  EXPECT_TRUE(ours_.remove_garbage(ours_.path_of(kId)));
  EXPECT_FALSE(fs::exists(ours_.path_of(kId)));
}

TEST_F(OwnedDirectoriesTest, what_another_registry_made_is_left_alone) {
  ours_.make(kId);
  EXPECT_EQ(other_.owner_of_id(kId), Owner::kOtherRegistry);
  EXPECT_FALSE(other_.remove_garbage(other_.path_of(kId)));
  ASSERT_EQ(other_.strays({"a"}).size(), 1U);
  EXPECT_EQ(other_.strays({"a"})[0].obstacle, std::nullopt);
  EXPECT_EQ(other_.strays({"c"})[0].obstacle, "it belongs to another state directory");
  other_.mark(kId);
  EXPECT_EQ(other_.owner_of_id(kId), Owner::kThisRegistry);
  EXPECT_TRUE(other_.strays({"a"}).empty());
}

TEST_F(OwnedDirectoriesTest, what_has_no_marker_of_its_own_is_left_alone) {
  const auto unmarked = directory_ / kId;
  fs::create_directory(unmarked);
  write_file_atomically(unmarked / "letter", "x");
  fs::copy(ours_.make("0000000000aa"), directory_ / "0000000000aa.saved",
           fs::copy_options::recursive);
  fs::create_directory_symlink(directory_ / "0000000000aa", directory_ / "0000000000bb");
  const auto damaged = ours_.make("0000000000cc");
  write_file_atomically(damaged / OwnerMarker::kFileName, "");
  OwnedDirectories(directory_.path(), "workspace", "a").make("0000000000dd");
  write_file_atomically(directory_ / "0000000000ee", "a file");
  fs::create_directory(directory_ / "letters");
  for (const char* name : {kId, "0000000000aa.saved", "0000000000bb", "0000000000cc",
                           "0000000000dd", "0000000000ee", "letters"}) {
    EXPECT_EQ(ours_.owner_of(directory_ / name), Owner::kUnknown) << name;
    EXPECT_FALSE(ours_.remove_garbage(directory_ / name)) << name;
    EXPECT_TRUE(fs::exists(directory_ / name)) << name;
  }
  EXPECT_EQ(ours_.strays({"b"}).size(), 7U);
}

TEST_F(OwnedDirectoriesTest, what_a_killed_process_had_just_begun_is_nobodys) {
  fs::create_directory(directory_ / kId);
  write_file_atomically(directory_ / kId / ".pyro-owner.tmp-01234567", "");
  EXPECT_EQ(ours_.owner_of_id(kId), Owner::kNobody);
  EXPECT_TRUE(ours_.remove_garbage(directory_ / kId));
  EXPECT_FALSE(fs::exists(directory_ / kId));
}

TEST_F(OwnedDirectoriesTest, a_removal_that_is_cut_short_leaves_the_marker) {
  const auto made = ours_.make(kId);
  fs::create_directory(made / "stuck");
  write_file_atomically(made / "stuck/file", "x");
  for (const auto& open : {directory_.path(), made}) fs::permissions(open, fs::perms::all);
  fs::permissions(made / "stuck", fs::perms::owner_read | fs::perms::owner_exec);
  std::error_code failed;
  {
    const testing::AsNobody nobody;
    remove_marked_directory(made, failed);
  }
  EXPECT_TRUE(failed);
  EXPECT_EQ(ours_.owner_of_id(kId), Owner::kThisRegistry);
  fs::permissions(made / "stuck", fs::perms::owner_all);
  remove_marked_directory(made);
  EXPECT_FALSE(fs::exists(made));
}

}  // namespace
}  // namespace pyro
