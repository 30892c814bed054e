#include "common/api/prepare.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "tests/service/vm/vm_service.h"

namespace pyro::vm {
namespace {

using ::testing::HasSubstr;

/// What the service decides about templates before it needs a guest that can be saved.
class VmServiceTemplates : public VmService {};

TEST_F(VmServiceTemplates, an_environment_that_was_never_prepared_is_cold) {
  const auto loop = call(api::GetDailyLoop{.environment = "debian:12"});
  EXPECT_EQ(loop.status, api::Warmth::kCold);
  EXPECT_TRUE(loop.installed);
  EXPECT_EQ(loop.reason, "it was never prepared");
}

TEST_F(VmServiceTemplates, a_preparation_whose_record_cannot_be_read_is_stale) {
  const auto before = call(api::GetDailyLoop{.environment = "debian:12"});
  write_file_atomically(before.manifest_path, "{");
  const auto loop = call(api::GetDailyLoop{.environment = "debian:12"});
  EXPECT_EQ(loop.status, api::Warmth::kStale);
  EXPECT_THAT(loop.reason.value_or(""), HasSubstr("the record of its preparation cannot be read"));
}

TEST_F(VmServiceTemplates, a_configuration_that_keeps_machines_cold_prepares_none) {
  EXPECT_THAT(
      error_of([&] { call(api::PrepareTemplate{.request = {.environment = "debian:12"}}); }),
      Refused(ErrorCode::kFailedPrecondition, HasSubstr("vm.boot is cold")));
}

TEST_F(VmServiceTemplates, a_vmm_that_saves_no_guest_makes_no_template_and_the_next_start_is_cold) {
  settings_["PYRO_VM_BOOT"] = "auto";
  restart();
  EXPECT_TRUE(error_of([&] {
                call(api::PrepareTemplate{.request = {.environment = "debian:12"}});
              }).has_value());
  EXPECT_EQ(call(api::PruneTemplates{}).deleted_template_dirs.size(), 0U);
  EXPECT_EQ(status(started()).metadata.at("boot_mode"), "cold");
}

}  // namespace
}  // namespace pyro::vm
