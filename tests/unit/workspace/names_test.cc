#include "services/workspace/names.h"

#include "tests/support/errors.h"

namespace pyro::workspace {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

bool accepts_name(const std::string& name) {
  return !error_of([&name] { check_name(name); }).has_value();
}

TEST(Names, may_be_anything_printable_of_up_to_64_characters) {
  EXPECT_TRUE(accepts_name("a"));
  EXPECT_TRUE(accepts_name("fix the parser (2nd try)"));
  std::string umlauts;
  for (int i = 0; i < 64; ++i) umlauts += "ü";
  EXPECT_TRUE(accepts_name(umlauts));
  EXPECT_FALSE(accepts_name(umlauts + "ü"));
  EXPECT_TRUE(accepts_name(std::string(64, 'x')));
  EXPECT_FALSE(accepts_name(std::string(65, 'x')));
}

TEST(Names, hold_no_control_characters_and_no_broken_utf8) {
  for (const char* name : {"", "   ", "a\nb", "a\tb", "a\x1b[31m", "\x7f", "a\xff"}) {
    EXPECT_THAT(error_of([name] { check_name(name); }),
                Refused(ErrorCode::kInvalidArgument, "name must be 1 to 64 printable characters"))
        << name;
  }
}

TEST(Labels, have_plain_keys_and_bounded_values) {
  EXPECT_FALSE(error_of([] { check_labels({{"team", ""}, {"a.b_c-9", std::string(256, 'v')}}); }));
  for (const std::string& key : {std::string(""), std::string("-a"), std::string("a b"),
                                 std::string("ä"), std::string(65, 'k')}) {
    EXPECT_THAT(error_of([&key] {
                  check_labels({{key, "v"}});
                }),
                Refused(ErrorCode::kInvalidArgument, HasSubstr("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")));
  }
  EXPECT_THAT(error_of([] {
                check_labels({{"k", std::string(257, 'v')}});
              }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("label 'k'")));
  EXPECT_THAT(error_of([] {
                check_labels({{"k", "a\nb"}});
              }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("printable")));
}

TEST(Identifiers, never_climb_out_of_a_directory) {
  for (const char* name : {"..", ".", "a/b", "/a", ".hidden", "", "a\n"}) {
    EXPECT_THAT(error_of([name] { check_identifier("snapshot_name", name); }),
                Refused(ErrorCode::kInvalidArgument, HasSubstr("snapshot_name")))
        << name;
  }
  EXPECT_FALSE(error_of([] { check_identifier("snapshot_name", "before-upgrade_1.2"); }));
}

}  // namespace
}  // namespace pyro::workspace
