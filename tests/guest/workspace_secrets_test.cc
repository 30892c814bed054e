// Secrets of workspaces in real guests.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "common/api/workspace_disk.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_services.h"
#include "common/api/workspace_shells.h"
#include "common/base/files.h"
#include "tests/guest/workspace_fixture.h"

namespace pyro::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kValue = "s3cr3t-hunter22";

class WorkspaceSecretsTest : public WorkspaceFixture {
 protected:
  api::Workspace make() {
    api::CreateWorkspace request{.environment = kEnvironment};
    request.secrets = {{.name = "token", .value = kValue}};
    return call(request);
  }
  std::string id_ = make().workspace_id;
};

TEST_F(WorkspaceSecretsTest, are_files_for_root_alone_in_memory) {
  EXPECT_EQ(output_of(id_, "stat -c '%a %U' /run/pyro-secrets /run/pyro-secrets/token"),
            "700 root\n400 root\n");
  EXPECT_EQ(output_of(id_, "stat -f -c %T /run/pyro-secrets"), "tmpfs\n");
  EXPECT_EQ(output_of(id_, "wc -c < /run/pyro-secrets/token"), "15\n");
  EXPECT_EQ(output_of(id_, "cat /run/pyro-secrets/token"), "[REDACTED]");
  EXPECT_EQ(output_of(id_, "base64 /run/pyro-secrets/token"), "[REDACTED]\n");
}

TEST_F(WorkspaceSecretsTest, reach_programs_by_variables_and_come_back_redacted) {
  const auto result = call(api::ExecWorkspace{
      .workspace_id = id_,
      .command = "test \"$TOKEN\" = \"$(cat /run/pyro-secrets/token)\" && echo \"got $TOKEN\"; "
                 "for part in s3cr3t -hunter 22; do printf %s $part; sleep 0.1; done",
      .secret_env = {{"TOKEN", "token"}}});
  EXPECT_EQ(result.stdout_text, "got [REDACTED]\n[REDACTED]");
  EXPECT_EQ(run(id_, "echo \"${TOKEN-unset}\"").stdout_text, "unset\n");
}

TEST_F(WorkspaceSecretsTest, show_in_no_file_that_is_read_and_in_every_one_that_is_exported) {
  output_of(id_, "cp /run/pyro-secrets/token /workspace/copy; echo >> /workspace/copy");
  EXPECT_EQ(read(id_, "/workspace/copy"), "[REDACTED]\n");
  const auto changes = diff(id_);
  EXPECT_THAT(changes.patch, HasSubstr("+[REDACTED]\n"));
  EXPECT_THAT(changes.patch, Not(HasSubstr("hunter22")));
  const auto output = directory_.path() / "copy";
  call(api::ExportPath{.workspace_id = id_, .path = "copy", .output_path = output.string()});
  EXPECT_EQ(read_file(output), std::string(kValue) + "\n");
}

TEST_F(WorkspaceSecretsTest, are_there_again_after_a_reset_and_a_start_and_on_no_disk) {
  EXPECT_EQ(output_of(id_, "cat /run/pyro-secrets/token | wc -c"), "15\n");
  reset(id_);
  EXPECT_EQ(output_of(id_, "cat /run/pyro-secrets/token | wc -c"), "15\n");
  call(api::StopWorkspace{.workspace_id = id_});
  const auto list = call(api::ListDisk{.workspace_id = id_, .path = "/run", .recursive = true});
  for (const auto& entry : list.entries) EXPECT_THAT(entry.path, Not(HasSubstr("token")));
  call(api::StartWorkspace{.workspace_id = id_});
  EXPECT_EQ(output_of(id_, "cat /run/pyro-secrets/token | wc -c"), "15\n");
  EXPECT_EQ(output_of(id_, "mount | grep -c pyro-secrets"), "1\n");
}

TEST_F(WorkspaceSecretsTest, a_shell_has_them_and_shows_none) {
  const std::string shell =
      call(api::OpenShell{.workspace_id = id_, .secret_env = {{"TOKEN", "token"}}}).shell_id;
  call(api::WriteShell{.workspace_id = id_,
                       .shell_id = shell,
                       .input = "echo \"<$TOKEN>\"; echo \"$TOKEN\" | grep --color=always ret; "
                                "echo done-$((1+1))"});
  std::string plain;
  for (int look = 0; look < 100 && plain.find("done-2") == std::string::npos; ++look) {
    plain =
        call(api::ReadShell{
                 .workspace_id = id_, .shell_id = shell, .plain = true, .wait_for_idle_ms = 200})
            .output;
  }
  EXPECT_THAT(plain, HasSubstr("<[REDACTED]>"));
  EXPECT_THAT(plain, HasSubstr("done-2"));
  EXPECT_THAT(plain, Not(HasSubstr("hunter22")));
}

TEST_F(WorkspaceSecretsTest, outlive_the_service_that_knows_them) {
  ::kill(process_of("pyro-workspace"), SIGKILL);
  EXPECT_EQ(status(id_).secrets.size(), 1U);
  EXPECT_EQ(output_of(id_, "cat /run/pyro-secrets/token"), "[REDACTED]");
}

}  // namespace
}  // namespace pyro::test
