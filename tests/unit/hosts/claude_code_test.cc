#include "host-helpers/hosts/claude_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/reasons/hosts.h"
#include "tests/support/errors.h"
#include "tests/unit/hosts/killed_at.h"
#include "tests/unit/hosts/scratch_home.h"

namespace pyro::hosts {
namespace {

using api::Json;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

/// What `claude mcp` does with its file, as far as pyro uses it. FAIL names a word that fails.
constexpr const char* kFakeClaude = R"(#!/usr/bin/env python3
import json, os, sys
home = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0])))
file = os.path.join(home, '.claude.json')
words = sys.argv[2:]
with open(os.path.join(home, 'calls'), 'a') as calls:
    calls.write(' '.join(words) + '\n')
if os.path.exists(os.path.join(home, 'fail-' + words[0])):
    os.remove(os.path.join(home, 'fail-' + words[0]))
    sys.exit('it fails')
state = json.load(open(file)) if os.path.exists(file) else {}
scope = words[words.index('-s') + 1]
top = state if scope == 'user' else state['projects'][os.getcwd()]
servers = top.setdefault('mcpServers', {})
if words[0] == 'add-json':
    assert words[-1] == '-'
    if 'pyro' in servers: sys.exit('MCP server pyro already exists')
    servers['pyro'] = json.load(sys.stdin)
else:
    del servers['pyro']
json.dump(state, open(file, 'w'))
)";

class ClaudeCodeTest : public ::testing::Test {
 protected:
  ClaudeCodeTest() { home_.install("claude", kFakeClaude); }
  HostChange put(const Entry& entry = kServe) { return host_.put({.entry = entry}, home_.here()); }
  Json state() { return Json::parse(home_.read(".claude.json")); }

  ScratchHome home_;
  const ChatHost& host_ = chat_host(HostName::kClaudeCode);
};

TEST_F(ClaudeCodeTest, its_own_program_adds_the_entry_once) {
  EXPECT_TRUE(put().changed);
  EXPECT_EQ(state()["mcpServers"]["pyro"], host_.canonical(kServe));
  EXPECT_FALSE(put().changed);
  EXPECT_EQ(home_.read("calls"), "add-json -s user pyro -\n");
}

TEST_F(ClaudeCodeTest, an_entry_that_differs_is_replaced_and_keeps_the_users_keys) {
  home_.write(".claude.json",
              R"({"mcpServers": {"pyro": {"command": "old", "alwaysLoad": true,
                  "env": {"MINE": "1", "PYRO_STATE_DIR": "/x"}}}})");
  EXPECT_TRUE(put().changed);
  Json wanted = host_.canonical(kServe);
  wanted["alwaysLoad"] = true;
  wanted["env"] = {{"MINE", "1"}};
  EXPECT_EQ(nlohmann::json(state()["mcpServers"]["pyro"]), nlohmann::json(wanted));
  EXPECT_EQ(home_.read("calls"), "remove pyro -s user\nadd-json -s user pyro -\n");
  for (const auto& file : std::filesystem::directory_iterator(home_.home())) {
    EXPECT_THAT(file.path().string(), ::testing::Not(HasSubstr(".bak-")));
  }
}

TEST_F(ClaudeCodeTest, when_the_new_entry_fails_the_old_one_comes_back) {
  home_.write(".claude.json", R"({"mcpServers": {"pyro": {"command": "old"}}})");
  home_.write("fail-add-json", "");
  EXPECT_THAT(error_of([&] { put(); }), Refused(reason::kHostFailed));
  EXPECT_EQ(state()["mcpServers"]["pyro"]["command"], "old");
}

TEST_F(ClaudeCodeTest, a_kill_between_the_old_entry_and_the_new_one_keeps_a_copy_of_the_old_one) {
  const std::string before = R"({"mine": 1, "mcpServers": {"pyro": {"command": "old"}}})";
  for (const auto* point : {"hosts.kept", "hosts.removed"}) {
    home_.write(".claude.json", before);
    ASSERT_TRUE(killed_at(point, [this] { put(); })) << point;
    EXPECT_EQ(state()["mine"], 1);
    std::vector<std::filesystem::path> copies;
    for (const auto& file : std::filesystem::directory_iterator(home_.home())) {
      if (file.path().filename().string().starts_with(".claude.json.bak-")) {
        copies.push_back(file.path());
      }
    }
    ASSERT_EQ(copies.size(), 1U) << point;
    EXPECT_EQ(read_file(copies.front()), before);
    std::filesystem::remove(copies.front());
    put();
    EXPECT_EQ(state()["mcpServers"]["pyro"]["command"], kServe.command);
  }
}

TEST_F(ClaudeCodeTest, an_entry_of_this_project_alone_makes_place) {
  const Json local = {{"pyro", {{"command", "x"}}}};
  Json state_before;
  state_before["projects"][home_.project().string()]["mcpServers"] = local;
  home_.write(".claude.json", state_before.dump());
  EXPECT_TRUE(put().changed);
  EXPECT_EQ(home_.read("calls"), "add-json -s user pyro -\nremove pyro -s local\n");
  host_.take_out(std::nullopt, home_.here());
  EXPECT_FALSE(state()["mcpServers"].contains("pyro"));
}

TEST_F(ClaudeCodeTest, a_broken_or_a_read_only_file_is_left_alone) {
  home_.write(".claude.json", "{");
  EXPECT_THAT(error_of([&] { put(); }), Refused(reason::kSettingsBroken));
  EXPECT_THAT(
      error_of([&] { host_.put({.entry = kServe, .set_aside_broken = true}, home_.here()); }),
      Refused(reason::kSettingsBroken));
  home_.write(".claude.json", "{}");
  ::chmod((home_ / ".claude.json").c_str(), 0400);
  EXPECT_THAT(error_of([&] { put(); }), Refused(reason::kSettingsReadOnly));
  EXPECT_FALSE(home_.has("calls"));
}

TEST_F(ClaudeCodeTest, a_shared_file_counts_once_it_is_approved_and_a_local_entry_before_it) {
  home_.write("src/project/.mcp.json", R"({"mcpServers": {"pyro": {"command": "shared"}}})");
  const auto command = [&]() -> Json {
    auto places = host_.places(home_.here(), std::nullopt);
    read_places(Syntax::kJson, places);
    const auto entry = entry_in_force(host_, places);
    return entry ? (*entry)["command"] : Json();
  };
  EXPECT_EQ(command(), Json());
  home_.write(".claude/settings.json", R"({"enabledMcpjsonServers": ["pyro"]})");
  EXPECT_EQ(command(), "shared");
  Json local;
  local["projects"][home_.project().string()]["mcpServers"]["pyro"]["command"] = "local";
  home_.write(".claude.json", local.dump());
  EXPECT_EQ(command(), "local");
  home_.write(".claude/settings.json",
              R"({"enabledMcpjsonServers": ["pyro"], "disabledMcpjsonServers": ["pyro"]})");
  home_.write(".claude.json", "{}");
  EXPECT_EQ(command(), Json());
}

}  // namespace
}  // namespace pyro::hosts
