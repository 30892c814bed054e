#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "common/api/artifact.h"
#include "common/api/json_codec.h"
#include "common/api/workspace_diff.h"
#include "common/api/workspace_files.h"
#include "tests/service/supervisor/stack_fixture.h"
#include "tests/support/mcp_process.h"

namespace pyro::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::Json;
using testing::McpProcess;
using ::testing::Not;

/// What `pyro mcp serve` makes of the answers of services.
class McpCalls : public StackFixture {
 protected:
  McpCalls() { write_stack({{"vm", ""}, {"workspace", ""}}); }

  /// The size of the answer's line, and the answer.
  static std::pair<std::size_t, Json> answer(const std::string& tool, const Json& arguments) {
    McpProcess server({"--all-workspaces"});
    server.initialize();
    const Json reply = server.answer(server.begin(tool, arguments));
    return {reply.dump().size(), reply.at("result").at("structuredContent")};
  }
};

TEST_F(McpCalls, cut_output_sends_to_a_workspace_only_where_there_are_some) {
  const Json command = {{"environment", "debian:12"}, {"command", "long"}};
  const auto hint_with = [&command](const std::string& profile) {
    McpProcess server({"--profile", profile});
    server.initialize();
    return server.call("vm_run", command).at("hint").get<std::string>();
  };
  EXPECT_THAT(hint_with("workspace-core"), HasSubstr("workspace_exec"));
  EXPECT_THAT(hint_with("vm-run"), AllOf(HasSubstr("less output"), Not(HasSubstr("workspace"))));
}

TEST_F(McpCalls, a_patch_of_megabytes_is_cut_and_told_once) {
  const std::string patch(4'000'000, 'x');
  tell("workspace.diff.reply",
       api::to_json(api::Diff{.entries = {{.path = "a", .text_patch = patch}}, .patch = patch})
           .dump());
  const auto [bytes, diff] = answer("workspace_diff", {{"workspace_id", "x"}, {"path", "a"}});
  EXPECT_LT(bytes, 60'000) << "the text and the object";
  EXPECT_EQ(diff.at("patch_truncated"), true);
  EXPECT_FALSE(diff.at("entries").at(0).contains("text_patch"));
  EXPECT_THAT(diff.at("hint").get<std::string>(), HasSubstr("workspace_export"));
}

}  // namespace
}  // namespace pyro::test
