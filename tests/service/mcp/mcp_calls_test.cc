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
    McpProcess server;
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

TEST_F(McpCalls, a_page_of_control_characters_fits_into_a_message) {
  tell("workspace.file_read.reply",
       api::to_json(api::FileContent{.size_bytes = api::kFileLimit,
                                     .max_bytes = api::kFileLimit,
                                     .content = std::string(api::kFileLimit, '\x01')})
           .dump());
  const auto [bytes, page] = answer("workspace_file_read", {{"workspace_id", "x"}, {"path", "a"}});
  EXPECT_LT(bytes, 10'000'000);
  EXPECT_EQ(page.at("truncated"), true);
  EXPECT_EQ(page.at("next_offset"), page.at("content").get<std::string>().size());
}

TEST_F(McpCalls, a_patch_of_megabytes_fits_into_a_message_and_one_entrys_is_whole_if_it_can_be) {
  const auto diff_of = [this](std::size_t bytes) {
    const std::string patch(bytes, 'x');
    tell("workspace.diff.reply",
         api::to_json(api::Diff{.entries = {{.path = "a", .text_patch = patch}}, .patch = patch})
             .dump());
    return answer("workspace_diff", {{"workspace_id", "x"}, {"path", "a"}});
  };
  const auto [bytes, large] = diff_of(4'000'000);
  EXPECT_LT(bytes, 3'000'000);
  EXPECT_EQ(large.at("patch_truncated"), true);
  EXPECT_THAT(large.at("hint").get<std::string>(), HasSubstr("workspace_export"));
  const Json whole = diff_of(400'000).second;
  EXPECT_FALSE(whole.contains("patch_truncated"));
  EXPECT_EQ(whole.at("patch").get<std::string>().size(), 400'000);
}

}  // namespace
}  // namespace pyro::test
