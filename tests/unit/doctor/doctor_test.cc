#include "host-helpers/doctor/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/api/json_codec.h"
#include "common/base/files.h"
#include "host-helpers/doctor/host_checks.h"

namespace pyro::doctor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

HasProgram all_but(std::vector<std::string> missing) {
  return [missing](const std::string& name) {
    return std::find(missing.begin(), missing.end(), name) == missing.end();
  };
}

TEST(Packages, each_missing_program_names_its_package_in_one_apt_line) {
  const auto packages =
      check_packages(all_but({"qemu-system-x86_64", "pasta", "mke2fs"}), "qemu-system-x86_64");
  EXPECT_THAT(packages.missing, ElementsAre("qemu-system-x86", "e2fsprogs", "passt"));
  EXPECT_EQ(packages.install_command,
            "sudo apt-get install --no-install-recommends qemu-system-x86 e2fsprogs passt");
}

TEST(Packages, nothing_missing_gives_no_command) {
  const auto packages = check_packages(all_but({}), "qemu-system-x86_64");
  EXPECT_THAT(packages.missing, IsEmpty());
  EXPECT_EQ(packages.install_command, std::nullopt);
}

TEST(Kvm, a_device_is_told_by_existence_and_permission) {
  const TemporaryDirectory directory("/tmp", "pyro-test");
  EXPECT_FALSE(check_kvm(directory.path() / "none").exists);
  write_file_atomically(directory.path() / "kvm", "");
  EXPECT_TRUE(check_kvm(directory.path() / "kvm").writable);
}

/// With no pyro-supervisor to start: what doctor still says.
class DoctorWithoutStackTest : public testing::Test {
 protected:
  DoctorWithoutStackTest() {
    ::setenv("PYRO_STACK_FILE", "/nonexistent/stack.toml", 1);
    ::setenv("HOME", directory_.path().c_str(), 1);
  }
  Report ask(const Question& question) {
    StackClient stack(find_paths({.state_dir = directory_.path() / "s",
                                  .cache_dir = directory_.path() / "c",
                                  .runtime_dir = directory_.path() / "r"}));
    return examine(question, Config{}, stack, {});
  }

  TemporaryDirectory directory_{"/tmp", "pyro-test"};
};

TEST_F(DoctorWithoutStackTest, a_stack_that_does_not_start_is_an_issue_with_a_fix) {
  const Report report = ask({});
  EXPECT_FALSE(report.runtime_ok);
  EXPECT_FALSE(report.stack.running);
  const auto issue =
      std::find_if(report.issues.begin(), report.issues.end(), [](const Issue& candidate) {
        return candidate.problem.starts_with("the stack does not run");
      });
  ASSERT_NE(issue, report.issues.end());
  EXPECT_THAT(issue->problem, HasSubstr("/nonexistent/stack.toml"));
  EXPECT_THAT(report_text(report), HasSubstr("guests        cannot run"));
}

TEST_F(DoctorWithoutStackTest, another_platform_is_not_ok_for_a_reason) {
  const Report report = ask({.environment = "debian:12", .platform = "linux/arm64"});
  EXPECT_FALSE(report.runtime_ok);
  EXPECT_THAT(report.runtime_reason.value_or(""), HasSubstr("linux/arm64"));
  EXPECT_EQ(api::to_json(report)["platform"], "linux/arm64");
}

TEST(ReportText, issues_come_last_each_with_its_fix) {
  Report report;
  report.runtime_ok = true;
  report.issues.push_back({"it is broken", "mend it"});
  EXPECT_THAT(report_text(report), HasSubstr("issues\n- it is broken\n  fix: mend it\n"));
}

TEST(ReportText, the_daily_loop_says_where_it_stands_and_why) {
  Report report;
  report.daily_loop.environment = "debian:12";
  EXPECT_THAT(report_text(report), HasSubstr("\ndaily loop    debian:12 is cold\n"));
  report.daily_loop.status = api::Warmth::kWarm;
  EXPECT_THAT(report_text(report), HasSubstr("\ndaily loop    debian:12 is warm\n"));
  report.daily_loop.status = api::Warmth::kStale;
  report.daily_loop.reason = "the kernel changed";
  EXPECT_THAT(report_text(report),
              HasSubstr("\ndaily loop    debian:12 is stale: the kernel changed\n"));
}

}  // namespace
}  // namespace pyro::doctor
