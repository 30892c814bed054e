#include "common/network/presets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "common/base/reasons/network.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro::network {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PresetsTest : public ::testing::Test {
 protected:
  PresetsTest() {
    write_file_atomically(directory_ / "shipped",
                          "[npm]\ndescription = \"npm\"\nallow = [\"Registry.npmjs.org\"]\n"
                          "[pypi]\nallow = [\"pypi.org\"]\n");
  }
  void own(const std::string& text) const { write_file_atomically(directory_ / "own", text); }

  TestDirectory directory_;
  Presets presets_{directory_ / "shipped", directory_ / "own"};
};

TEST_F(PresetsTest, are_found_by_name_with_entries_in_one_form) {
  const auto found = presets_.named({"npm"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].description, "npm");
  EXPECT_THAT(found[0].allow, ElementsAre("registry.npmjs.org"));
}

TEST_F(PresetsTest, of_the_user_come_beside_and_in_the_place_of_ours) {
  own("[npm]\nallow = [\"npm.example.com\"]\n[ours]\nallow = [\"git.example.com:22\"]\n");
  EXPECT_EQ(presets_.all().size(), 3U);
  EXPECT_THAT(presets_.named({"npm"})[0].allow, ElementsAre("npm.example.com"));
  EXPECT_THAT(presets_.named({"ours"})[0].allow, ElementsAre("git.example.com:22"));
}

TEST_F(PresetsTest, an_unknown_one_is_told_with_those_that_there_are) {
  EXPECT_THAT(error_of([&] { presets_.named({"cargo"}); }), Refused(reason::kPresetMissing));
  EXPECT_THAT(error_of([&] { presets_.named({"cargo"}); }),
              Refused(ErrorCode::kNotFound, HasSubstr("npm, pypi")));
}

TEST_F(PresetsTest, a_file_that_allows_an_address_or_has_another_field_is_refused_by_its_name) {
  own("[bad]\nallow = [\"10.0.0.1\"]\n");
  EXPECT_THAT(error_of([&] { presets_.named({"bad"}); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("own")));
  own("[bad]\nallow = [\"example.com\"]\ndeny = []\n");
  EXPECT_THAT(error_of([&] { presets_.all(); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("preset 'bad'")));
}

/// What the packages ship is of the one form, so that `network show` prints what is written there.
TEST(ShippedPresets, can_be_read) {
  const Presets shipped(PYRO_PRESETS_FILE, "/nowhere");
  EXPECT_GE(shipped.all().size(), 6U);
  for (const char* name : {"npm", "pypi", "crates", "go", "debian", "github"}) {
    EXPECT_FALSE(shipped.named({name}).front().allow.empty()) << name;
  }
}

}  // namespace
}  // namespace pyro::network
