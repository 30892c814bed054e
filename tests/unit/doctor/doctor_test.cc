#include "host-helpers/doctor/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/api/json_codec.h"
#include "common/api/prepare.h"
#include "common/base/files.h"
#include "host-helpers/doctor/host_checks.h"
#include "tests/support/git_repository.h"
#include "tests/support/temporary.h"

namespace pyro::doctor {
namespace {

using pyro::testing::TestDirectory;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

HasProgram all_but(const std::vector<std::string>& missing) {
  return [missing](const std::string& name) {
    return std::find(missing.begin(), missing.end(), name) == missing.end();
  };
}

TEST(Packages, each_missing_program_names_its_package_in_one_apt_line) {
  const auto packages =
      check_packages(all_but({"qemu-system-x86_64", "git", "mke2fs"}), "qemu-system-x86_64");
  EXPECT_THAT(packages.missing, ElementsAre("qemu-system-x86", "e2fsprogs", "git"));
  EXPECT_EQ(packages.install_command,
            "sudo apt-get install --no-install-recommends qemu-system-x86 e2fsprogs git");
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

TEST(ProjectSource, is_what_a_server_started_there_would_use) {
  const TemporaryDirectory directory("/tmp", "pyro-test");
  const auto& top = directory.path();
  EXPECT_EQ(check_project_source({}, top).kind, std::nullopt);
  EXPECT_THAT(check_project_source({}, top).sentence, HasSubstr("begins empty"));
  const pyro::testing::GitRepository project(top / "project");
  const auto healthy = check_project_source({}, project.root());
  EXPECT_EQ(healthy.kind, "project_path");
  EXPECT_EQ(healthy.ref, project.root().string());
  EXPECT_THAT(healthy.sentence, HasSubstr("the Git-tracked files of '" + project.root().string()));
  EXPECT_EQ(healthy.error, std::nullopt);
  EXPECT_EQ(check_project_source({.repo_url = "https://u:t0ken@example.org/x"}, top).ref,
            "https://example.org/x");
  write_file_atomically(project / ".git/HEAD", "nothing\n");
  const auto broken = check_project_source({}, project.root());
  EXPECT_EQ(broken.kind, "project_path");
  EXPECT_THAT(broken.error.value_or(""), HasSubstr("HEAD holds no commit's id"));
  EXPECT_THAT(broken.fix.value_or(""), HasSubstr("--no-project-source"));
  EXPECT_THAT(check_project_source({.repo_ref = "main"}, top).error.value_or(""),
              HasSubstr("--repo-ref requires --repo-url"));
}

/// With no pyro-supervisor to start: what doctor still says.
class DoctorWithoutStackTest : public ::testing::Test {
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

TEST(ReportText, a_guest_that_was_tried_with_kvm_is_told_with_its_age_and_its_time) {
  Report report;
  report.kvm = {.exists = true, .readable = true, .writable = true};
  report.accelerator = "tcg";
  report.accelerator_reason = "no answer";
  EXPECT_THAT(report_text(report), HasSubstr("readable: yes, writable: yes\n"));
  report.capabilities =
      api::HostCapabilities{.kvm_probed_at = now_epoch_seconds() - 121, .kvm_probe_seconds = 20};
  EXPECT_THAT(report_text(report), HasSubstr("accelerator   tcg (no answer)\n"));
  EXPECT_THAT(report_text(report),
              HasSubstr("writable: yes, a guest was tried with it 2 min ago for at most 20 s\n"));
}

TEST(ReportText, what_was_repaired_is_told_with_the_next_step) {
  Report report;
  EXPECT_THAT(report_text(report), ::testing::Not(HasSubstr("repaired")));
  report.recovery.adopted = {"0123456789ab"};
  EXPECT_THAT(report_text(report), HasSubstr("repaired      workspaces 0123456789ab are back, "
                                             "stopped: `pyro workspace start ID`"));
}

TEST(ReportText, the_project_source_is_told_or_why_it_cannot_be_used) {
  Report report;
  report.project_source.sentence = "a workspace begins with x";
  EXPECT_THAT(report_text(report), HasSubstr("\nsource        a workspace begins with x\n"));
  report.project_source.error = "it is broken";
  EXPECT_THAT(report_text(report), HasSubstr("\nsource        cannot be used: it is broken\n"));
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

api::HostCapabilities confined(const std::string& form) {
  return {.confinement = form, .confinement_reason = "no namespaces here"};
}

TEST(Doctor, names_a_vmm_that_is_less_than_confined_as_an_issue_with_its_reason) {
  const auto landlock = judge_confinement(confined("landlock"));
  ASSERT_TRUE(landlock);
  EXPECT_EQ(landlock->problem,
            "QEMU is confined only by Landlock and seccomp (no namespaces here)");
  EXPECT_FALSE(landlock->fix.empty());
  EXPECT_THAT(judge_confinement(confined("seccomp"))->problem,
              HasSubstr("confined only by seccomp"));
  const auto off = judge_confinement(confined("off"));
  ASSERT_TRUE(off);
  EXPECT_THAT(off->problem, HasSubstr("QEMU is not confined"));
  EXPECT_THAT(off->fix, HasSubstr("PYRO_VM_CONFINEMENT"));
}

TEST(Doctor, names_what_lets_this_host_make_namespaces) {
  const TestDirectory settings;
  const auto set = [&](const std::string& name, const std::string& value) {
    std::filesystem::create_directories((settings / name).parent_path());
    write_file_atomically(settings / name, value + "\n");
  };
  EXPECT_THAT(allow_namespaces(settings.path()), HasSubstr("a container or a security module"));
  set("kernel/apparmor_restrict_unprivileged_userns", "1");
  EXPECT_THAT(allow_namespaces(settings.path()),
              AllOf(HasSubstr("share/pyro/apparmor/pyro'"), HasSubstr("apparmor_parser -r")));
  set("kernel/unprivileged_userns_clone", "0");
  EXPECT_THAT(allow_namespaces(settings.path()), HasSubstr("unprivileged_userns_clone=1"));
  set("user/max_user_namespaces", "0");
  EXPECT_THAT(allow_namespaces(settings.path()), HasSubstr("max_user_namespaces="));
}

TEST(Doctor, is_content_with_a_vmm_that_sees_only_its_files) {
  EXPECT_FALSE(judge_confinement(confined("full")));
  EXPECT_FALSE(judge_confinement(confined("namespaces")));
  // No guest can boot: that is the issue.
  EXPECT_FALSE(judge_confinement(confined("")));
}

}  // namespace
}  // namespace pyro::doctor
