#include "host-helpers/hosts/examine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hosts/scratch_home.h"

namespace pyro::hosts {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ExamineTest : public ::testing::Test {
 protected:
  ExamineTest() {
    home_.install("codex", "#!/bin/sh\necho codex-cli 1.2\n");
    home_.install("opencode", "#!/bin/sh\necho 1.2\n");
    home_.install("pyro", "#!/bin/sh\ntouch " + (home_ / "started").string() +
                              "\nread l; printf '{\"id\":0,\"result\":{}}\\n'; read l; read l; "
                              "printf '{\"id\":1,\"result\":{\"tools\":[{}]}}\\n'\n");
    entry_ = {
        .command = (home_ / "bin/pyro").string(), .args = {"mcp", "serve"}, .environment = {}};
  }
  HostReport examine(HostName name) {
    return examine_host(chat_host(name),
                        {.wanted = [this](const auto&) { return entry_; },
                         .describe_server = [](const auto&, auto&) {},
                         .repair_words = "--mode inspect"},
                        home_.here());
  }
  HostReport codex() { return examine(HostName::kCodex); }

  ScratchHome home_;
  Entry entry_;
};

TEST_F(ExamineTest, a_host_without_an_entry_is_missing_and_told_how_to_connect) {
  const auto report = codex();
  EXPECT_EQ(report.status, HostStatus::kMissing);
  EXPECT_EQ(report.version, "codex-cli 1.2");
  EXPECT_EQ(report.repair_command, "pyro host connect codex --mode inspect");
}

TEST_F(ExamineTest, a_host_that_is_not_there_is_unavailable) {
  const auto report = examine(HostName::kClaudeCode);
  EXPECT_EQ(report.status, HostStatus::kUnavailable);
  EXPECT_FALSE(report.installed);
  EXPECT_EQ(report.repair_command, std::nullopt);
}

TEST_F(ExamineTest, a_canonical_entry_that_starts_is_ok) {
  chat_host(HostName::kCodex).put({.entry = entry_}, home_.here());
  const auto report = codex();
  EXPECT_EQ(report.status, HostStatus::kOk) << report_text({{report}});
  EXPECT_EQ(report.start->tool_count, 1U);
  EXPECT_THAT(report.drift, IsEmpty());
  EXPECT_THAT(report_text({{report}}), HasSubstr("codex: ok (codex-cli 1.2)\n"));
}

TEST_F(ExamineTest, an_entry_that_differs_is_drifted_and_its_own_command_is_started) {
  home_.write(".codex/config.toml", "[mcp_servers.pyro]\ncommand = \"/nonexistent/p\"\n");
  const auto report = codex();
  EXPECT_EQ(report.status, HostStatus::kDrifted);
  EXPECT_FALSE(report.start->ok);
  EXPECT_THAT(report.drift, Contains(HasSubstr("command is \"/nonexistent/p\"")));
  EXPECT_EQ(report.repair_command, "pyro host repair codex --mode inspect");
}

TEST_F(ExamineTest, a_broken_file_is_drifted_with_its_line) {
  home_.write(".codex/config.toml", "a = 1\n[[\n");
  const auto report = codex();
  EXPECT_EQ(report.status, HostStatus::kDrifted);
  EXPECT_FALSE(report.configured);
  EXPECT_THAT(report.details,
              Contains(::testing::AllOf(HasSubstr("line 2"), HasSubstr("Codex does not start"))));
}

TEST_F(ExamineTest, a_program_that_a_projects_file_names_is_never_started) {
  chat_host(HostName::kOpenCode).put({.entry = entry_}, home_.here());
  home_.install("evil", "#!/bin/sh\ntouch " + (home_ / "owned").string() + "\n");
  home_.write("src/project/opencode.json",
              "{\"mcp\": {\"pyro\": {\"command\": [\"" + (home_ / "bin/evil").string() + "\"]}}}");
  const auto report = examine(HostName::kOpenCode);
  EXPECT_FALSE(home_.has("owned"));
  EXPECT_EQ(report.start.has_value(), false);
  EXPECT_EQ(report.status, HostStatus::kDrifted);
  EXPECT_EQ(report.scope, "project");
  EXPECT_THAT(report.details, Contains(HasSubstr("may name any program")));
  EXPECT_THAT(*report.repair_command,
              HasSubstr("--config-path " + (home_ / "src/project/opencode.json").string()));
  EXPECT_THAT(report.places, ElementsAre(::testing::Field(&EntryPlace::role, PlaceRole::kMerged),
                                         ::testing::Field(&EntryPlace::role, PlaceRole::kInForce)));
}

TEST_F(ExamineTest, values_of_variables_are_never_shown) {
  home_.write(".codex/config.toml",
              "[mcp_servers.pyro]\ncommand = \"/nonexistent/p\"\n"
              "env = { TOKEN = \"hunter2\", PYRO_STATE_DIR = \"hunter3\" }\n");
  const std::string text = api::to_json_text(codex());
  EXPECT_THAT(text, ::testing::Not(HasSubstr("hunter")));
  EXPECT_THAT(text, HasSubstr("PYRO_STATE_DIR"));
  home_.write(".codex/config.toml",
              "[mcp_servers.pyro]\ncommand = \"/nonexistent/p\"\n"
              "args = [\"--repo-url\", \"https://u:hunter2@example.org/x\"]\n");
  EXPECT_THAT(api::to_json_text(codex()), ::testing::Not(HasSubstr("hunter")));
}

}  // namespace
}  // namespace pyro::hosts
