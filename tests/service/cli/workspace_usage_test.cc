#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/api/json_codec.h"
#include "common/base/text.h"
#include "tests/service/cli/cli_fixture.h"

namespace pyro::test {
namespace {

/// What is decided before any service is asked: no stack is defined here.
class WorkspaceUsageTest : public CliFixture {
 protected:
  /// The first line on standard error of a wrong command line.
  static std::string refusal(const std::string& words_after_workspace) {
    return refusal_of(split(words_after_workspace, ' '));
  }
  static std::string refusal_of(std::vector<std::string> words) {
    words.insert(words.begin(), "workspace");
    const auto result = run(words);
    EXPECT_EQ(result.status.code, 2) << join(words, " ");
    const bool json = std::find(words.begin(), words.end(), "--json") != words.end();
    if (json) {
      EXPECT_EQ(api::Json::parse(result.output)["error"]["code"], "invalid_argument");
    } else {
      EXPECT_EQ(result.output, "");
    }
    const auto lines = split(result.error_output, '\n');
    EXPECT_EQ(lines.size(), 3U) << result.error_output;
    EXPECT_THAT(lines.at(1), ::testing::StartsWith("Run `pyro"));
    return lines.front();
  }
};

TEST_F(WorkspaceUsageTest, help_of_every_command_has_examples) {
  for (const auto* words : {"",
                            "create",
                            "list",
                            "status",
                            "exec",
                            "logs",
                            "diff",
                            "summary",
                            "file",
                            "file list",
                            "file read",
                            "file write",
                            "patch",
                            "patch apply",
                            "sync",
                            "sync push",
                            "export",
                            "snapshot",
                            "snapshot create",
                            "snapshot delete",
                            "snapshot list",
                            "disk",
                            "disk list",
                            "disk read",
                            "disk export",
                            "reset",
                            "update",
                            "start",
                            "stop",
                            "delete"}) {
    std::vector<std::string> command{"workspace"};
    if (*words != '\0') {
      for (const auto& word : split(words, ' ')) command.push_back(word);
    }
    command.emplace_back("--help");
    const auto result = run(command);
    EXPECT_EQ(result.status.code, 0) << words;
    EXPECT_THAT(result.output, ::testing::HasSubstr("Examples:\n  ")) << words;
    EXPECT_EQ(result.error_output, "");
  }
}

TEST_F(WorkspaceUsageTest, an_id_that_is_missing_leads_to_the_list) {
  for (const auto* words : {"status",          "logs",
                            "summary",         "diff",
                            "start",           "stop",
                            "delete",          "update",
                            "reset",           "exec",
                            "sync push",       "export",
                            "file list",       "file read",
                            "file write",      "patch apply",
                            "snapshot create", "snapshot delete",
                            "snapshot list",   "disk list",
                            "disk read",       "disk export"}) {
    EXPECT_EQ(refusal(words), fmt::format("error: pyro workspace {} needs a workspace id; see "
                                          "pyro workspace list",
                                          words));
  }
  EXPECT_EQ(refusal("exec -- true"),
            "error: pyro workspace exec needs a workspace id; see pyro workspace list");
  EXPECT_EQ(refusal_of({"status", ""}), "error: workspace_id must not be empty");
}

TEST_F(WorkspaceUsageTest, other_parts_that_are_missing_are_named) {
  EXPECT_THAT(refusal("file"), ::testing::HasSubstr("there are: list, read, write"));
  EXPECT_EQ(refusal("create"), "error: pyro workspace create needs ENVIRONMENT");
  EXPECT_EQ(refusal("file read x"), "error: pyro workspace file read needs PATH");
  EXPECT_EQ(refusal("disk read x"), "error: pyro workspace disk read needs PATH");
  EXPECT_EQ(refusal("disk export x"), "error: pyro workspace disk export needs --output HOST_PATH");
  EXPECT_EQ(refusal("export x out"), "error: pyro workspace export needs --output HOST_PATH");
  EXPECT_EQ(refusal("snapshot create x"),
            "error: pyro workspace snapshot create needs SNAPSHOT_NAME");
  EXPECT_EQ(refusal("sync push x"), "error: pyro workspace sync push needs SOURCE_PATH");
}

TEST_F(WorkspaceUsageTest, unknown_words_are_named_with_a_guess) {
  EXPECT_EQ(refusal("lst"), "error: unknown command 'lst': did you mean 'list'?");
  EXPECT_EQ(refusal("file raed x y"), "error: unknown command 'raed': did you mean 'read'?");
  EXPECT_EQ(refusal("status x --jsn"), "error: unknown option '--jsn': did you mean '--json'?");
  EXPECT_EQ(refusal("list abc"), "error: pyro workspace list does not take 'abc'");
  EXPECT_EQ(refusal("--json list"),
            "error: --json stands after its command, as in: pyro workspace list --json");
  EXPECT_EQ(refusal("status x y"), "error: pyro workspace status does not take 'y'");
}

TEST_F(WorkspaceUsageTest, a_command_to_run_stands_after_the_dashes) {
  constexpr auto kExample = "as in: pyro workspace exec 0123456789ab -- git status";
  EXPECT_EQ(refusal("exec x ls"),
            fmt::format("error: the command to run stands after --, {}", kExample));
  EXPECT_EQ(refusal("exec x"),
            fmt::format("error: pyro workspace exec needs a command after --, {}", kExample));
  EXPECT_EQ(refusal("exec x --"),
            fmt::format("error: pyro workspace exec needs a command after --, {}", kExample));
  EXPECT_EQ(refusal("exec x --attach 0123456789ab -- ls"),
            "error: --attach shows an existing job: give no command after --");
  EXPECT_EQ(refusal("exec --attach 0123456789ab -- ls"),
            "error: --attach shows an existing job: give no command after --");
  EXPECT_EQ(refusal("exec x --attach 0123456789ab --timeout-seconds 5"),
            "error: --attach and --timeout-seconds exclude each other");
  EXPECT_EQ(refusal("exec x --attach"), "error: --attach needs a value");
  EXPECT_EQ(refusal("status x -- ls"), "error: `pyro workspace status` takes no command after --");
}

TEST_F(WorkspaceUsageTest, options_that_contradict_each_other_are_refused) {
  EXPECT_EQ(refusal("create debian:12 --json --id-only"),
            "error: --json and --id-only exclude each other");
  EXPECT_EQ(refusal("file read x y --json --content-only"),
            "error: --json and --content-only exclude each other");
  EXPECT_EQ(refusal("file write x y --text a --text-file b"),
            "error: --text and --text-file exclude each other");
  EXPECT_EQ(refusal("file write x y"), "error: give --text or --text-file");
  EXPECT_EQ(refusal("patch apply x"), "error: give --patch or --patch-file");
  EXPECT_EQ(refusal("update x --name a --clear-name"),
            "error: --name and --clear-name exclude each other");
  EXPECT_EQ(refusal("update x --label a=1 --clear-label a"),
            "error: label 'a' is both set and cleared");
  EXPECT_EQ(refusal("update x"),
            "error: nothing to update: give --name, --clear-name, --label or --clear-label");
}

TEST_F(WorkspaceUsageTest, values_out_of_their_limits_are_refused_by_name) {
  EXPECT_EQ(refusal("create debian:12 --vcpu-count 9"),
            "error: vcpu_count must be between 1 and 8, not 9");
  EXPECT_EQ(refusal("create debian:12 --ttl-seconds 59"),
            "error: ttl_seconds must be between 60 and 604800, not 59");
  EXPECT_EQ(refusal("create debian:12 --mem-mib lots"),
            "error: invalid value 'lots' for --mem-mib: expected a number");
  EXPECT_THAT(refusal("create debian:12 --network-policy on"),
              ::testing::HasSubstr("network_policy must be one of: off, cache-only, egress, "
                                   "egress+published-ports; not 'on'"));
  EXPECT_THAT(refusal("create debian:12 --label abc"),
              ::testing::HasSubstr("--label takes KEY=VALUE"));
  EXPECT_EQ(refusal("exec x --timeout-seconds 0 -- ls"),
            "error: timeout_seconds must be positive, not 0");
  EXPECT_EQ(refusal("file read x y --max-bytes 1048577"),
            "error: max_bytes must be between 1 and 1048576, not 1048577");
}

TEST_F(WorkspaceUsageTest, a_value_that_is_missing_or_given_twice_is_told_as_such) {
  EXPECT_EQ(refusal("file write x y --text"), "error: --text needs a value");
  EXPECT_EQ(refusal("create debian:12 --name a --name b"), "error: --name is given more than once");
}

TEST_F(WorkspaceUsageTest, an_empty_path_is_refused_and_not_the_working_directory) {
  EXPECT_EQ(refusal_of({"create", "debian:12", "--seed-path", ""}),
            "error: seed_path must not be empty");
  EXPECT_EQ(refusal_of({"create", "--seed-path=", "debian:12"}),
            "error: seed_path must not be empty");
  EXPECT_EQ(refusal_of({"sync", "push", "x", ""}), "error: source_path must not be empty");
  EXPECT_EQ(refusal_of({"export", "x", "y", "--output", ""}),
            "error: output_path must not be empty");
}

}  // namespace
}  // namespace pyro::test
