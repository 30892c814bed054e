#include "host-helpers/hosts/host_tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/reasons/hosts.h"
#include "tests/support/errors.h"
#include "tests/unit/hosts/killed_at.h"
#include "tests/unit/hosts/scratch_home.h"

namespace pyro::hosts {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class HostToolsTest : public ::testing::TestWithParam<HostName> {
 protected:
  HostTools state() {
    std::vector<std::string> details;
    return host_tools_in(host_, home_.here(), home_.project(), details);
  }
  void deny() { deny_host_tools(host_, home_.project(), record_); }
  std::vector<std::string> give_back() {
    std::vector<std::string> details;
    give_back_host_tools(host_, record_, details);
    return details;
  }
  void trust() {
    home_.write(".codex/config.toml",
                "[projects.\"" + home_.project().string() + "\"]\ntrust_level = \"trusted\"\n");
  }

  ScratchHome home_;
  const ChatHost& host_ = chat_host(GetParam());
  const std::filesystem::path record_ = home_ / "record.json";
};

INSTANTIATE_TEST_SUITE_P(EachHost, HostToolsTest,
                         ::testing::Values(HostName::kClaudeCode, HostName::kCodex,
                                           HostName::kOpenCode));

TEST_P(HostToolsTest, tools_are_denied_once_and_given_back_without_a_trace) {
  trust();
  EXPECT_EQ(state(), HostTools::kAllowed);
  deny();
  EXPECT_EQ(state(), HostTools::kDenied);
  EXPECT_EQ(deny_host_tools(host_, home_.project(), record_), std::nullopt);
  EXPECT_THAT(give_back(), IsEmpty());
  EXPECT_EQ(state(), HostTools::kAllowed);
  EXPECT_FALSE(std::filesystem::exists(host_.tools_file(home_.project()).parent_path()));
}

TEST_P(HostToolsTest, what_the_user_denied_before_stays_denied) {
  trust();
  const auto file = host_.tools_file(home_.project());
  std::filesystem::create_directories(file.parent_path());
  deny();
  const std::string all = read_file(file);
  give_back();
  std::filesystem::create_directories(file.parent_path());
  write_file_atomically(file, all);
  deny();
  give_back();
  EXPECT_EQ(read_file(file), all);
  EXPECT_EQ(state(), HostTools::kDenied);
}

TEST_P(HostToolsTest, a_record_of_what_never_reached_the_file_does_no_harm) {
  trust();
  deny();
  std::filesystem::remove(host_.tools_file(home_.project()));
  EXPECT_THAT(give_back(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(host_.tools_file(home_.project())));
}

TEST_P(HostToolsTest, a_kill_at_any_step_leaves_what_can_be_given_back) {
  trust();
  for (const auto* point : {"hosts.recorded", "hosts.locked", "hosts.written", "hosts.renamed"}) {
    ASSERT_TRUE(killed_at(point, [this] { deny(); })) << point;
    deny();
    EXPECT_EQ(state(), HostTools::kDenied) << point;
    EXPECT_THAT(give_back(), IsEmpty());
    EXPECT_EQ(state(), HostTools::kAllowed) << point;
    for (const auto* step : {"hosts.written", "hosts.renamed", "hosts.given_back"}) {
      deny();
      ASSERT_TRUE(killed_at(step, [this] { give_back(); })) << step;
      EXPECT_THAT(give_back(), IsEmpty());
      EXPECT_EQ(state(), HostTools::kAllowed) << step;
    }
  }
}

TEST_P(HostToolsTest, a_broken_file_is_refused_and_told_of_when_it_is_given_back) {
  trust();
  deny();
  const auto file = host_.tools_file(home_.project());
  const std::string text = read_file(file);
  write_file_atomically(file, "{ [");
  EXPECT_THAT(error_of([&] { deny(); }), Refused(reason::kSettingsBroken));
  EXPECT_THAT(give_back(), ElementsAre(HasSubstr("still denies tools")));
  write_file_atomically(file, text);
  EXPECT_THAT(give_back(), IsEmpty());
  EXPECT_EQ(state(), HostTools::kAllowed);
}

using CodexToolsTest = HostToolsTest;
INSTANTIATE_TEST_SUITE_P(Codex, CodexToolsTest, ::testing::Values(HostName::kCodex));

TEST_P(CodexToolsTest, a_value_of_the_users_comes_back) {
  trust();
  const std::string before = "sandbox_mode = \"workspace-write\" # mine\n";
  home_.write("src/project/.codex/config.toml", before);
  deny();
  EXPECT_EQ(state(), HostTools::kDenied);
  give_back();
  EXPECT_EQ(home_.read("src/project/.codex/config.toml"), before);
}

TEST_P(CodexToolsTest, what_was_changed_since_is_the_users) {
  deny();
  home_.write("src/project/.codex/config.toml",
              "sandbox_mode = \"workspace-write\"\n[features]\nshell_tool = false\n");
  give_back();
  EXPECT_EQ(home_.read("src/project/.codex/config.toml"), "sandbox_mode = \"workspace-write\"\n");
}

TEST_P(CodexToolsTest, an_untrusted_project_is_told_of) {
  deny();
  std::vector<std::string> details;
  EXPECT_EQ(host_tools_in(host_, home_.here(), home_.project(), details), HostTools::kAllowed);
  EXPECT_THAT(details, ElementsAre(HasSubstr("does not count yet: Codex reads a project's file")));
}

}  // namespace
}  // namespace pyro::hosts
