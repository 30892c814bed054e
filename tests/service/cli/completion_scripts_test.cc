#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/service/cli/cli_fixture.h"
#include "tests/support/processes.h"

namespace pyro::test {
namespace {

using ::testing::HasSubstr;

/// The real shells source the real scripts and complete.
class CompletionScriptsTest : public CliFixture {
 protected:
  CompletionScriptsTest() {
    const std::string path = std::getenv("PATH");
    ::setenv("PATH", (find_helper("pyro").parent_path().string() + ":" + path).c_str(), 1);
  }
  static std::string say(const std::vector<std::string>& argv) {
    const auto result = run_command({.argv = argv}, Clock::now() + std::chrono::seconds(40), {});
    return result.output + result.error_output;
  }
  static std::string bash(const std::string& line) {
    const std::string script =
        "eval \"$(pyro completion bash)\"; COMP_LINE=\"$0\"; COMP_POINT=${#COMP_LINE}; "
        "_pyro; printf '%s\\n' \"${COMPREPLY[@]}\"";
    return say({"bash", "--norc", "-c", script, line});
  }
};

TEST_F(CompletionScriptsTest, bash_completes_commands_options_and_environments) {
  EXPECT_EQ(bash("pyro stack s"), "status\n");
  EXPECT_EQ(bash("pyro run --mem"), "--mem-mib\n");
  write_stack({{"image", ""}});
  settled();
  // The colon ends a word in bash, so that only what follows it is inserted.
  // A stack that does not answer at once offers none.
  const Deadline deadline = Clock::now() + std::chrono::seconds(40);
  std::string offered;
  while (offered != "12-base\n" && Clock::now() < deadline) offered = bash("pyro run debian:12-");
  EXPECT_EQ(offered, "12-base\n");
}

TEST_F(CompletionScriptsTest, completion_starts_no_stack_and_says_nothing) {
  write_stack({{"image", ""}, {"workspace", ""}});
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"run", ""},
           {"workspace", "status", ""},
           {"workspace", "service", "stop", "0123456789ab", ""},
           {"workspace", "shell", "read", "0123456789ab", ""},
           {"workspace", "reset", "0123456789ab", "--snapshot", ""}}) {
    std::vector<std::string> words{"__complete", "--"};
    words.insert(words.end(), line.begin(), line.end());
    const auto result = run(words);
    EXPECT_EQ(result.status.code, 0);
    EXPECT_EQ(result.output + result.error_output, "") << line.front();
  }
  EXPECT_FALSE(client_->status());
  EXPECT_TRUE(pyro::testing::processes_of(paths_.state_dir).empty());
}

TEST_F(CompletionScriptsTest, a_service_that_does_not_answer_offers_nothing) {
  write_stack({{"image", ""}});
  const pid_t image = static_cast<pid_t>(*service(settled(), "image").pid);
  ::kill(image, SIGSTOP);
  const auto result = run({"__complete", "--", "run", ""});
  ::kill(image, SIGCONT);
  EXPECT_EQ(result.status.code, 0);
  EXPECT_EQ(result.output + result.error_output, "");
}

TEST_F(CompletionScriptsTest, fish_completes_commands_with_their_meaning) {
  EXPECT_EQ(say({"fish", "--no-config", "-c",
                 "pyro completion fish | source; complete -C 'pyro stack s'"}),
            "status\tShow the stack and its services; starts nothing\n");
}

TEST_F(CompletionScriptsTest, zsh_hands_the_candidates_to_its_completion) {
  // compadd works only inside a line editor; all else is zsh's own.
  EXPECT_THAT(say({"zsh", "-f", "-c",
                   "autoload -Uz compinit; compinit -u -D; source <(pyro completion zsh); "
                   "compadd() { print -r -- \"${@[5,-1]}\" }; words=(pyro completion ''); "
                   "CURRENT=3; _pyro"}),
              HasSubstr("bash zsh fish\n"));
}

TEST_F(CompletionScriptsTest, zsh_loads_the_script_from_its_function_path) {
  EXPECT_THAT(say({"zsh", "-f", "-c",
                   "folder=$(mktemp -d); pyro completion zsh >$folder/_pyro; "
                   "fpath=($folder $fpath); autoload -Uz compinit; compinit -u -D; "
                   "compadd() { print -r -- \"${@[5,-1]}\" }; words=(pyro completion ''); "
                   "CURRENT=3; _pyro; rm -r $folder"}),
              HasSubstr("bash zsh fish\n"));
}

}  // namespace
}  // namespace pyro::test
