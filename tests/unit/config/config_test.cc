#include "common/config/config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/environment.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro {
namespace {

using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using testing::Refused;
using testing::TestDirectory;
using testing::WithVariable;

class ConfigTest : public ::testing::Test {
 protected:
  Config load(const std::string& toml, const std::vector<std::string>& settings = {}) {
    std::ofstream(dir_ / "config.toml") << toml;
    return load_config(dir_ / "config.toml", settings);
  }
  std::optional<Error> refusal(const std::string& toml,
                               const std::vector<std::string>& settings = {}) {
    return error_of([&] { load(toml, settings); });
  }
  TestDirectory dir_;
};

TEST_F(ConfigTest, a_missing_file_means_the_defaults) {
  EXPECT_EQ(load_config(dir_ / "missing.toml").limits.max_active, LimitsConfig().max_active);
}

TEST_F(ConfigTest, the_environment_goes_over_the_file_and_flags_over_both) {
  const std::string file = "[limits]\nmax_active = 2\n[vm]\naccelerator = \"tcg\"\n";
  EXPECT_EQ(load(file).limits.max_active, 2U);
  EXPECT_EQ(load(file).vm.accelerator, AcceleratorChoice::kTcg);
  const WithVariable variable("PYRO_LIMITS_MAX_ACTIVE", "3");
  EXPECT_EQ(load(file).limits.max_active, 3U);
  EXPECT_EQ(load(file, {"limits.max_active=4"}).limits.max_active, 4U);
  EXPECT_EQ(load(file, {"limits.max_active=4", "limits.max_active=5"}).limits.max_active, 5U);
  EXPECT_EQ(load(file).vm.accelerator, AcceleratorChoice::kTcg) << "the rest is as it was";
}

TEST_F(ConfigTest, unknown_keys_and_sections_are_refused_by_name_and_source) {
  EXPECT_THAT(
      refusal("[limits]\nmax_actve = 2\n"),
      Refused(ErrorCode::kInvalidArgument,
              AllOf(HasSubstr("config.toml"), HasSubstr("unknown key 'limits.max_actve'"))));
  EXPECT_THAT(refusal("[limit]\nmax_active = 2\n"),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("unknown section 'limit'")));
  EXPECT_THAT(refusal("limits = 3\n"),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("'limits' must be a section")));
  EXPECT_THAT(refusal("", {"limits.max_actve=2"}),
              Refused(ErrorCode::kInvalidArgument,
                      "setting 'limits.max_actve=2': unknown key 'limits.max_actve'"));
  EXPECT_THAT(refusal("", {"max_active=2"}),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("must look like")));
  EXPECT_THAT(refusal("[limits]\nmax_active = 2\n", {"limits=2.5"}),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("must look like")));
}

TEST_F(ConfigTest, bad_values_are_refused_by_name_and_source) {
  EXPECT_THAT(
      refusal("[limits]\nmax_active = 0\n"),
      Refused(ErrorCode::kInvalidArgument,
              AllOf(HasSubstr("config.toml"), HasSubstr("max_active must be between 1 and 256"))));
  EXPECT_THAT(refusal("[limits]\nmax_active = \"many\"\n"),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("max_active must be an integer")));
  EXPECT_THAT(refusal("[vm]\naccelerator = \"warp\"\n"),
              Refused(ErrorCode::kInvalidArgument,
                      HasSubstr("accelerator must be one of: auto, kvm, tcg")));
  EXPECT_THAT(refusal("[log]\nlevel = \"loud\"\n"),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("must be one of: debug")));
  EXPECT_THAT(refusal("", {"limits.max_active=many"}),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("max_active must be an integer")));
  const WithVariable variable("PYRO_LIMITS_MAX_ACTIVE", "-1");
  EXPECT_THAT(refusal(""), Refused(ErrorCode::kInvalidArgument,
                                   HasSubstr("environment variable PYRO_LIMITS_MAX_ACTIVE")));
}

TEST_F(ConfigTest, machines_boot_cold_when_the_short_variable_or_a_setting_says_so) {
  EXPECT_EQ(load("").vm.boot, api::BootPolicy::kAuto);
  EXPECT_EQ(load("[vm]\nboot = \"cold\"\n").vm.boot, api::BootPolicy::kCold);
  EXPECT_EQ(load("", {"vm.boot=cold"}).vm.boot, api::BootPolicy::kCold);
  const WithVariable variable("PYRO_BOOT", "cold");
  EXPECT_EQ(load("").vm.boot, api::BootPolicy::kCold);
  EXPECT_EQ(load("[vm]\nboot = \"auto\"\n").vm.boot, api::BootPolicy::kCold);
  EXPECT_EQ(load("", {"vm.boot=auto"}).vm.boot, api::BootPolicy::kAuto);
}

TEST_F(ConfigTest, another_way_to_boot_is_refused_by_the_name_of_its_source) {
  EXPECT_THAT(
      refusal("", {"vm.boot=warm"}),
      Refused(ErrorCode::kInvalidArgument, AllOf(HasSubstr("setting 'vm.boot=warm'"),
                                                 HasSubstr("boot must be one of: auto, cold"))));
  const WithVariable variable("PYRO_BOOT", "luke");
  EXPECT_THAT(refusal(""), Refused(ErrorCode::kInvalidArgument,
                                   AllOf(HasSubstr("environment variable PYRO_BOOT"),
                                         HasSubstr("boot must be one of: auto, cold"))));
}

TEST_F(ConfigTest, text_that_is_no_toml_is_refused_with_its_line) {
  EXPECT_THAT(refusal("[limits]\nmax_active = = 2\n"),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("line 2")));
}

TEST_F(ConfigTest, a_number_stays_text_where_text_is_wanted) {
  EXPECT_EQ(load("", {"environments.mirror=12"}).environments.mirror, "12");
  EXPECT_EQ(load("", {"environments.mirror=http://a/b?c=d"}).environments.mirror, "http://a/b?c=d");
}

}  // namespace
}  // namespace pyro
