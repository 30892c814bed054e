#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/cli/command_line.h"
#include "gateway/cli/commands/completion/candidates.h"
#include "gateway/cli/session.h"

namespace pyro::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class CompletionTest : public ::testing::Test {
 protected:
  std::vector<std::string> words_after(const std::vector<std::string>& typed) {
    std::vector<std::string> words;
    for (const auto& candidate : complete(*root_, typed, known)) words.push_back(candidate.word);
    return words;
  }
  static std::vector<Candidate> known(std::string_view what, const std::string& workspace_id) {
    if (what == "SERVICE_NAME") return {{"web-of-" + workspace_id, "running"}};
    if (what == "SHELL_ID") return {{"shell-of-" + workspace_id, "running"}};
    if (what == "SNAPSHOT_NAME") return {{"snapshot-of-" + workspace_id, "snapshot"}};
    if (what == "WORKSPACE_ID") return {{"0123456789ab", "fix"}};
    if (what != "ENVIRONMENT") return {};
    return {{"debian:12", "environment"}, {"debian:12-base", "environment"}};
  }

  Session session_;
  std::unique_ptr<CliCommand> root_ = make_command_line(session_);
};

TEST_F(CompletionTest, commands_and_their_commands_are_offered) {
  EXPECT_THAT(words_after({""}), ElementsAre("run", "prepare", "workspace", "env", "stack",
                                             "doctor", "mcp", "host", "completion"));
  EXPECT_THAT(words_after({"stack", "s"}), ElementsAre("status"));
}

TEST_F(CompletionTest, options_of_the_command_and_global_ones_are_offered) {
  const auto words = words_after({"run", "debian:12", "--"});
  EXPECT_THAT(words, Contains("--mem-mib"));
  EXPECT_THAT(words, Contains("--state-dir"));
  EXPECT_THAT(words, Not(Contains("--output-socket")));
}

TEST_F(CompletionTest, an_environment_is_offered_where_one_belongs) {
  EXPECT_THAT(words_after({"run", "debian:12-"}), ElementsAre("debian:12-base"));
  EXPECT_THAT(words_after({"run", "--mem-mib", "2048", "d"}),
              ElementsAre("debian:12", "debian:12-base"));
  EXPECT_THAT(words_after({"run", "debian:12", "d"}), IsEmpty());
  EXPECT_THAT(words_after({"doctor", "--environment", ""}),
              ElementsAre("debian:12", "debian:12-base"));
}

TEST_F(CompletionTest, commands_are_offered_three_levels_down) {
  EXPECT_THAT(words_after({"workspace", "s"}), ElementsAre("status", "shell", "summary", "sync",
                                                           "service", "snapshot", "start", "stop"));
  EXPECT_THAT(words_after({"workspace", "file", ""}), ElementsAre("list", "read", "write"));
  EXPECT_THAT(words_after({"workspace", "file", "read", "--con"}), ElementsAre("--content-only"));
  EXPECT_THAT(words_after({"workspace", "create", "--network-policy", "e"}),
              ElementsAre("egress", "egress+published-ports"));
}

TEST_F(CompletionTest, a_workspace_is_offered_where_its_id_belongs) {
  EXPECT_THAT(words_after({"workspace", "status", ""}), ElementsAre("0123456789ab"));
  EXPECT_THAT(words_after({"workspace", "file", "read", "--max-bytes", "9", "0"}),
              ElementsAre("0123456789ab"));
  EXPECT_THAT(words_after({"workspace", "file", "read", "0123456789ab", ""}), IsEmpty());
  EXPECT_THAT(words_after({"workspace", "create", "d"}),
              ElementsAre("debian:12", "debian:12-base"));
}

TEST_F(CompletionTest, what_a_workspace_has_is_offered_once_the_workspace_is_named) {
  for (const char* verb : {"start", "status", "stop", "logs"}) {
    EXPECT_THAT(words_after({"workspace", "service", verb, "w", ""}), ElementsAre("web-of-w"));
  }
  for (const char* verb : {"read", "write", "signal", "close", "attach"}) {
    EXPECT_THAT(words_after({"workspace", "shell", verb, "w", ""}), ElementsAre("shell-of-w"));
  }
  EXPECT_THAT(words_after({"workspace", "snapshot", "delete", "w", "s"}),
              ElementsAre("snapshot-of-w"));
  EXPECT_THAT(words_after({"workspace", "reset", "w", "--snapshot", ""}),
              ElementsAre("snapshot-of-w"));
  EXPECT_THAT(words_after({"workspace", "snapshot", "create", "w", ""}), IsEmpty())
      << "it names a new one";
}

TEST_F(CompletionTest, choices_are_offered_and_a_guests_command_is_left_alone) {
  EXPECT_THAT(words_after({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(words_after({"run", "debian:12", "--", "r"}), IsEmpty());
}

}  // namespace
}  // namespace pyro::cli
