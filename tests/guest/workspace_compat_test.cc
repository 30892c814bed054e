#include "common/api/machine.h"
#include "common/api/workspace.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_services.h"
#include "common/api/workspace_shells.h"
#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/workspace.h"
#include "tests/guest/workspace_fixture.h"
#include "tests/support/errors.h"

namespace pyro::test {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

/// A host that can boot no guest.
class CompatWorkspaceTest : public WorkspaceFixture {
 protected:
  CompatWorkspaceTest() : WorkspaceFixture({{"PYRO_VM_QEMU", "no-such-vmm"}}) {}

  api::Workspace create_on_host() {
    return call(api::CreateWorkspace{.environment = kEnvironment,
                                     .allow_host_compat = true,
                                     .seed_path = small_seed().string()});
  }
};

TEST_F(CompatWorkspaceTest, nothing_runs_on_the_host_without_consent) {
  EXPECT_THAT(error_of([&] { create(small_seed()); }),
              Refused(ErrorCode::kFailedPrecondition,
                      HasSubstr("guest boot is unavailable and host compatibility mode is "
                                "disabled: ")));
  EXPECT_TRUE(fs::is_empty(paths_.workspaces_dir()));
}

TEST_F(CompatWorkspaceTest, everything_works_on_a_directory_of_the_host_and_says_so) {
  const auto made = create_on_host();
  const std::string id = made.workspace_id;
  EXPECT_EQ(made.execution_mode, api::ExecutionMode::kHostCompat);
  EXPECT_EQ(made.metadata.at("boot_mode"), "compat");
  const auto ran = run(id, "cat src/main.py && echo more >> README.md && echo $HOME");
  EXPECT_EQ(ran.execution_mode, api::ExecutionMode::kHostCompat);
  EXPECT_EQ(ran.exit_code, 0) << ran.stderr_text;
  EXPECT_THAT(ran.stdout_text, HasSubstr("print('hello')"));
  write(id, "written.txt", "by pyro\n");
  const auto changes = diff(id);
  ASSERT_EQ(changes.entries.size(), 2U);
  EXPECT_EQ(changes.entries[0].path, "README.md");
  EXPECT_EQ(changes.entries[1].status, api::DiffStatus::kAdded);
  snapshot(id, "s");
  EXPECT_EQ(reset(id).state, api::WorkspaceState::kStarted);
  EXPECT_FALSE(diff(id).changed);
  reset(id, "s");
  EXPECT_EQ(read(id, "written.txt"), "by pyro\n");
  call(api::StopWorkspace{.workspace_id = id});
  EXPECT_EQ(call(api::StartWorkspace{.workspace_id = id}).state, api::WorkspaceState::kStarted);
  EXPECT_EQ(read(id, "written.txt"), "by pyro\n");
  call(api::ExportPath{
      .workspace_id = id, .path = ".", .output_path = (directory_.path() / "out").string()});
  EXPECT_TRUE(fs::exists(directory_.path() / "out/src/main.py"));
  call(api::DeleteWorkspace{.workspace_id = id});
  EXPECT_TRUE(fs::is_empty(paths_.workspaces_dir()));
  EXPECT_TRUE(fs::is_empty(paths_.machines_dir()));
}

TEST_F(CompatWorkspaceTest, a_shell_is_refused_with_one_sentence) {
  const std::string id = create_on_host().workspace_id;
  EXPECT_THAT(
      error_of([&] { call(api::OpenShell{.workspace_id = id}); }),
      Refused(ErrorCode::kFailedPrecondition,
              ::testing::MatchesRegex("workspace '" + id + "' runs on the host itself[^.\n]*")));
  EXPECT_EQ(call(api::ListShells{.workspace_id = id}).count, 0U);
}

TEST_F(CompatWorkspaceTest, a_service_runs_on_the_host_for_a_person_and_is_refused_to_a_model) {
  const std::string id = create_on_host().workspace_id;
  api::StartService request{.workspace_id = id,
                            .service_name = "web",
                            .command = "echo said; touch ready; exec sleep 7777",
                            .ready_file = "ready",
                            .guests_only = true};
  EXPECT_THAT(error_of([&] { call(request); }), Refused(reason::kHostNotAllowed));
  EXPECT_EQ(call(api::ListServices{.workspace_id = id}).count, 0U);
  request.guests_only = false;
  const auto started = call(request);
  EXPECT_EQ(started.state, api::WorkspaceServiceState::kRunning);
  EXPECT_EQ(started.execution_mode, api::ExecutionMode::kHostCompat);
  EXPECT_EQ(call(api::ServiceLogs{.workspace_id = id, .service_name = "web"}).stdout_text,
            "said\n");
  EXPECT_EQ(call(api::StopService{.workspace_id = id, .service_name = "web"}).state,
            api::WorkspaceServiceState::kStopped);
}

TEST_F(CompatWorkspaceTest, sees_the_hosts_files_read_only_where_there_is_a_sandbox) {
  const auto made = create_on_host();
  ASSERT_EQ(made.metadata.at("sandbox"), "bubblewrap") << "scripts/setup installs it";
  const auto result = run(
      made.workspace_id, "pwd; touch /etc/pyro-was-here; touch /pyro-was-here; ls / | grep -c etc");
  EXPECT_EQ(result.stdout_text, "/workspace\n1\n") << result.stderr_text;
  EXPECT_FALSE(fs::exists("/etc/pyro-was-here"));
  EXPECT_FALSE(fs::exists("/pyro-was-here"));
}

}  // namespace
}  // namespace pyro::test
