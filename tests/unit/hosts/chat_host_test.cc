#include "host-helpers/hosts/chat_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/reasons/hosts.h"
#include "host-helpers/hosts/render.h"
#include "tests/support/errors.h"
#include "tests/unit/hosts/scratch_home.h"

namespace pyro::hosts {
namespace {

using api::Json;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kWorks = "#!/bin/sh\nexit 0\n";
const ChatHost& codex() { return chat_host(HostName::kCodex); }
const ChatHost& opencode() { return chat_host(HostName::kOpenCode); }

std::vector<std::string> sentences(const ChatHost& host, const Json& found,
                                   const Entry& wanted = kServe) {
  std::vector<std::string> all;
  for (const auto& difference : differences(host, found, wanted)) {
    all.push_back(difference.sentence);
  }
  return all;
}

TEST(ChatHosts, the_canonical_entry_of_each_host_is_whole) {
  const Entry entry{.command = "/p", .args = {"mcp", "serve"}, .environment = {{"A", "1"}}};
  EXPECT_EQ(rendered_config("codex", entry),
            "[mcp_servers.pyro]\ncommand = \"/p\"\nargs = [\"mcp\", \"serve\"]\n"
            "startup_timeout_sec = 60\ntool_timeout_sec = 3600\n"
            "default_tools_approval_mode = \"approve\"\n\n[mcp_servers.pyro.env]\nA = \"1\"\n");
  EXPECT_EQ(Json::parse(rendered_config("opencode", entry)),
            Json::parse(R"({"$schema": "https://opencode.ai/config.json", "mcp": {"pyro": {
              "type": "local", "command": ["/p", "mcp", "serve"], "timeout": 120000,
              "environment": {"A": "1"}}}})"));
  EXPECT_EQ(Json::parse(rendered_config("claude-code", entry)),
            Json::parse(R"({"mcpServers": {"pyro": {"type": "stdio", "command": "/p",
              "args": ["mcp", "serve"], "env": {"A": "1"}, "timeout": 3600000}}})"));
  EXPECT_EQ(Json::parse(rendered_config("vscode", kServe)),
            Json::parse(R"({"servers": {"pyro": {"type": "stdio", "command": "/opt/a b/pyro",
              "args": ["mcp", "serve"]}}})"));
  for (const auto* kind : {"cursor", "claude-desktop", "generic"}) {
    EXPECT_EQ(Json::parse(rendered_config(kind, kServe)),
              Json::parse(R"({"mcpServers": {"pyro": {"command": "/opt/a b/pyro",
                "args": ["mcp", "serve"]}}})"));
  }
}

TEST(ChatHosts, what_a_host_would_expand_is_refused_by_that_host_alone) {
  const Entry dollar{.command = "/p", .args = {"${HOME}"}, .environment = {}};
  const Entry braces{.command = "/p", .args = {"{env:HOME}"}, .environment = {}};
  for (const auto* kind : {"claude-code", "cursor", "vscode"}) {
    EXPECT_THAT(error_of([&] { rendered_config(kind, dollar); }),
                Refused(ErrorCode::kInvalidArgument, HasSubstr("replace '${' in")))
        << kind;
  }
  EXPECT_NO_THROW(rendered_config("codex", dollar));
  EXPECT_NO_THROW(rendered_config("claude-code", braces));
  EXPECT_THAT(error_of([&] { rendered_config("opencode", braces); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("'{env:'")));
}

TEST(ChatHosts, each_difference_that_keeps_a_server_from_working_is_named) {
  Json found = codex().canonical(kServe);
  EXPECT_THAT(sentences(codex(), found), IsEmpty());
  found["tool_timeout_sec"] = 7200.5;
  found["required"] = true;
  found["env"] = {{"MINE", "1"}};
  EXPECT_THAT(sentences(codex(), found), IsEmpty());
  found["command"] = "pyro";
  found["startup_timeout_sec"] = 5;
  found["enabled"] = false;
  found["cwd"] = "/x";
  found["env"]["PYRO_STATE_DIR"] = "secret";
  found.erase("default_tools_approval_mode");
  EXPECT_THAT(
      sentences(codex(), found),
      ElementsAre("command is \"pyro\", not \"/opt/a b/pyro\"", "startup_timeout_sec is 5, not 60",
                  "default_tools_approval_mode is missing; it is \"approve\"",
                  "the variable PYRO_STATE_DIR is set", "enabled is false: Codex does not start it",
                  "cwd is set: the server would not see the session's project"));
  EXPECT_THAT(sentences(opencode(), {{"type", "local"},
                                     {"command", "/p mcp serve"},
                                     {"timeout", 1},
                                     {"disabled", true},
                                     {"env", {{"A", "b"}}}}),
              ElementsAre(HasSubstr("command is \"/p mcp serve\""), HasSubstr("timeout is 1"),
                          HasSubstr("disabled is true"), HasSubstr("its key is environment")));
}

TEST(Codex, repair_changes_what_differs_and_keeps_the_users_words) {
  const ScratchHome home;
  home.install("codex", kWorks);
  home.write(".codex/config.toml",
             "# top\n[mcp_servers.pyro] # mine\ncommand = \"pyro\" # short\nargs = []\n"
             "required = true\nenabled = false\n\n[other]\na = 1\n");
  EXPECT_TRUE(codex().put({.entry = kServe}, home.here()).changed);
  EXPECT_EQ(
      home.read(".codex/config.toml"),
      "# top\n[mcp_servers.pyro] # mine\ncommand = \"/opt/a b/pyro\" # short\n"
      "args = [\"mcp\", \"serve\"]\nrequired = true\nstartup_timeout_sec = 60\n"
      "tool_timeout_sec = 3600\ndefault_tools_approval_mode = \"approve\"\n\n[other]\na = 1\n");
  EXPECT_FALSE(codex().put({.entry = kServe}, home.here()).changed);
}

TEST(Codex, a_file_that_codex_refuses_is_as_it_was) {
  const ScratchHome home;
  home.install("codex", "#!/bin/sh\necho 'invalid type: integer `5`' >&2\nexit 1\n");
  home.write(".codex/config.toml", "a = 1\n");
  const auto refused = error_of([&] { codex().put({.entry = kServe}, home.here()); });
  EXPECT_THAT(refused, Refused(reason::kHostFailed));
  EXPECT_THAT(refused->message(), HasSubstr("invalid type: integer `5`"));
  EXPECT_EQ(home.read(".codex/config.toml"), "a = 1\n");
  std::filesystem::remove(home / ".codex/config.toml");
  EXPECT_THAT(error_of([&] { codex().put({.entry = kServe}, home.here()); }),
              Refused(reason::kHostFailed));
  EXPECT_FALSE(home.has(".codex/config.toml"));
}

TEST(Codex, a_host_that_is_not_there_is_refused_and_nothing_is_made) {
  const ScratchHome home;
  EXPECT_THAT(error_of([&] { codex().put({.entry = kServe}, home.here()); }),
              Refused(reason::kHostMissing));
  EXPECT_FALSE(home.has(".codex"));
  EXPECT_TRUE(codex().put({.entry = kServe, .config_path = home / "x.toml"}, home.here()).changed);
}

TEST(Codex, a_broken_file_is_refused_by_connect_and_set_aside_by_repair) {
  const ScratchHome home;
  home.install("codex", kWorks);
  home.write(".codex/config.toml", "a = 1\nb =\n");
  const auto refused = error_of([&] { codex().put({.entry = kServe}, home.here()); });
  EXPECT_THAT(refused, Refused(reason::kSettingsBroken));
  EXPECT_THAT(refused->message(), HasSubstr("line 2"));
  EXPECT_EQ(home.read(".codex/config.toml"), "a = 1\nb =\n");
  const auto done = codex().put({.entry = kServe, .set_aside_broken = true}, home.here());
  ASSERT_TRUE(done.backup_path);
  EXPECT_EQ(read_file(*done.backup_path), "a = 1\nb =\n");
  EXPECT_EQ(home.read(".codex/config.toml"), rendered_config("codex", kServe));
}

TEST(Codex, a_projects_file_counts_once_the_project_is_trusted) {
  const ScratchHome home;
  home.write("src/project/.codex/config.toml", "[mcp_servers.pyro]\ncommand = \"evil\"\n");
  home.write(".codex/config.toml", "[mcp_servers.pyro]\ncommand = \"mine\"\n");
  const auto command = [&] {
    auto places = codex().places(home.here(), std::nullopt);
    read_places(Syntax::kToml, places);
    return (*entry_in_force(codex(), places))["command"];
  };
  EXPECT_EQ(command(), "mine");
  home.write(".codex/config.toml", "[mcp_servers.pyro]\ncommand = \"mine\"\n[projects.\"" +
                                       home.project().string() +
                                       "\"]\ntrust_level = \"trusted\"\n");
  EXPECT_EQ(command(), "evil");
}

TEST(Codex, the_file_is_where_codex_home_says) {
  ScratchHome home;
  home.install("codex", kWorks);
  home.variables["CODEX_HOME"] = (home / "elsewhere").string();
  codex().put({.entry = kServe}, home.here());
  EXPECT_TRUE(home.has("elsewhere/config.toml"));
  EXPECT_FALSE(home.has(".codex"));
}

TEST(OpenCode, the_entry_goes_into_the_file_that_counts) {
  const ScratchHome home;
  home.install("opencode", kWorks);
  const std::string own = ".config/opencode/";
  opencode().put({.entry = kServe}, home.here());
  EXPECT_TRUE(home.has(own + "opencode.json"));
  opencode().take_out(std::nullopt, home.here());
  home.write(own + "opencode.jsonc", "{\n  // mine\n}\n");
  opencode().put({.entry = kServe}, home.here());
  EXPECT_THAT(home.read(own + "opencode.jsonc"), HasSubstr("// mine\n  \"mcp\""));
  EXPECT_THAT(home.read(own + "opencode.json"), Not(HasSubstr("pyro")));
}

TEST(OpenCode, of_several_entries_one_is_left_and_that_one_is_canonical) {
  const ScratchHome home;
  home.install("opencode", kWorks);
  const std::string own = ".config/opencode/";
  home.write(own + "config.json", R"({"mcp": {"pyro": {"enabled": false}, "x": {}}})");
  home.write(own + "opencode.json", R"({"mcp": {"servers": {"pyro": {"disabled": true}}}})");
  home.write(own + "opencode.jsonc", R"({"mcp": {"pyro": {"type": "remote", "url": "http://x"}}})");
  opencode().put({.entry = kServe}, home.here());
  auto places = opencode().places(home.here(), std::nullopt);
  read_places(Syntax::kJson, places);
  EXPECT_THAT(sentences(opencode(), *entry_in_force(opencode(), places)), IsEmpty());
  EXPECT_EQ(home.read(own + "config.json"), R"({"mcp": {"x": {}}})");
  EXPECT_EQ(home.read(own + "opencode.json"), "{}");
  opencode().take_out(std::nullopt, home.here());
  EXPECT_THAT(home.read(own + "opencode.jsonc"), Not(HasSubstr("pyro")));
}

TEST(OpenCode, files_count_in_its_own_order_key_by_key) {
  ScratchHome home;
  home.variables["OPENCODE_CONFIG_CONTENT"] = R"({"mcp": {"pyro": {"timeout": 5}}})";
  home.write(".config/opencode/opencode.json", R"({"mcp": {"pyro": {"a": 1, "b": 1, "c": 1}}})");
  home.write("src/project/opencode.json", R"({"mcp": {"pyro": {"b": 2, "c": 2}}})");
  home.write("src/project/.opencode/opencode.json", R"({"mcp": {"pyro": {"c": 3}}})");
  auto places = opencode().places(home.here(), std::nullopt);
  read_places(Syntax::kJson, places);
  EXPECT_EQ(*entry_in_force(opencode(), places),
            Json::parse(R"({"a": 1, "b": 2, "c": 3, "timeout": 5})"));
}

TEST(ChatHosts, a_projects_entry_is_left_and_told_of) {
  const ScratchHome home;
  home.install("opencode", kWorks);
  home.write("src/project/opencode.json", R"({"mcp": {"pyro": {"enabled": false}}})");
  const auto done = opencode().take_out(std::nullopt, home.here());
  EXPECT_FALSE(done.changed);
  EXPECT_THAT(done.details, ElementsAre(HasSubstr("opencode.json' has an entry for pyro too")));
}

}  // namespace
}  // namespace pyro::hosts
