#include "tests/unit/volume/volume_fixture.h"

namespace pyro::volume {
namespace {

using ::pyro::testing::error_of;
using ::pyro::testing::Refused;
using ::testing::HasSubstr;

class RefusedTree : public Volume {
 protected:
  void expect_refused(const std::vector<Item>& items, const std::string& message) const {
    EXPECT_THAT(error_of([&] { write(items); }),
                Refused(ErrorCode::kInvalidArgument, HasSubstr(message)));
  }
};

TEST_F(RefusedTree, paths_that_are_not_clean) {
  for (const char* path : {".", "..", "d/", "d/.", "d/..", "d//f", "/f"}) {
    SCOPED_TRACE(path);
    EXPECT_THAT(error_of([&] {
                  write({directory("d"), regular(path, "")});
                }),
                Refused(ErrorCode::kInvalidArgument));
  }
  expect_refused({regular(std::string("a\0b", 3), "")}, "is no path of a tree");
  expect_refused({regular(std::string(256, 'n'), "")}, "is no path of a tree");
}

TEST_F(RefusedTree, names_without_their_directory) {
  expect_refused({regular("d/f", "")}, "'d' is no directory of the tree");
  expect_refused({regular("d", ""), regular("d/f", "")}, "'d' is no directory of the tree");
  expect_refused({symlink("d", "/"), regular("d/f", "")}, "'d' is no directory of the tree");
}

TEST_F(RefusedTree, names_that_come_twice) {
  expect_refused({directory("d"), directory("d")}, "'d' comes twice");
  expect_refused({regular("f", ""), regular("f", "")}, "'f' comes twice");
  expect_refused({directory("d"), regular("d", "")}, "'d' comes twice");
}

TEST_F(RefusedTree, what_is_no_entry_at_all) {
  Item absent = regular("f", "");
  absent.entry.kind = tree::EntryKind::kAbsent;
  expect_refused({absent}, "'f' is nothing that a tree holds");
  expect_refused({regular("", "")}, "must be a directory");
  expect_refused({symlink("l", "")}, "symlink l has an empty target");
  expect_refused({symlink("l", std::string(4096, 't'))}, "symlink l");
  EXPECT_THAT(error_of([&] { VolumeWriter(file(), kCtime).data("x"); }),
              Refused(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace pyro::volume
