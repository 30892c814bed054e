#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/command_line/parse.h"
#include "gateway/cli/commands/host/host_flags.h"
#include "gateway/cli/commands/mcp/server_flags.h"

namespace pyro::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// The words of a server's flags, as another command has them.
std::vector<std::string> again(const std::vector<std::string>& words) {
  CliCommand root("pyro", "");
  CliCommand& connect = root.add_command("connect", "");
  ServerOptions options;
  bool other = false;
  connect.add_flag("--other", "", other);
  add_server_flags(connect, options);
  std::vector<std::string> line{"connect", "--other"};
  line.insert(line.end(), words.begin(), words.end());
  EXPECT_EQ(parse(root, line).asked, ParsedLine::Asked::kAction);
  return server_words(connect);
}

TEST(ServerWords, are_the_flags_of_a_server_and_no_others) {
  EXPECT_THAT(again({}), IsEmpty());
  EXPECT_THAT(again({"--allow-host-compat", "--mode=inspect", "--allow-domain", "a.example",
                     "--allow-domain=b.example:443"}),
              ElementsAre("--mode", "inspect", "--allow-domain", "a.example", "--allow-domain",
                          "b.example:443", "--allow-host-compat"));
}

TEST(ServerWords, name_directories_as_every_process_finds_them) {
  const std::string here = std::filesystem::current_path().string();
  EXPECT_THAT(
      again({"--project-path", ".", "--allow-path", "a/b", "--allow-path", "/c"}),
      ElementsAre("--project-path", here, "--allow-path", here + "/a/b", "--allow-path", "/c"));
}

TEST(ServerWords, survive_values_that_look_like_flags_or_are_empty) {
  const std::vector<std::string> odd{"--include-ignored=-x", "--include-ignored="};
  EXPECT_EQ(again(odd), odd);
}

/// One value for each flag of a server: a new flag is in the test by itself.
TEST(ServerWords, every_flag_of_a_server_comes_back_from_a_recorded_command) {
  CliCommand flags("serve", "");
  ServerOptions unused;
  add_server_flags(flags, unused);
  for (const auto& option : flags.options) {
    if (option.kind == Option::Kind::kHelp) continue;
    std::vector<std::string> words{option.name};
    if (option.needs != nullptr) words = {option.needs->name, "https://e.example/x", option.name};
    if (option.takes_value()) {
      words.push_back(option.choices.empty() ? "/some/value" : option.choices.front());
    }
    std::vector<std::string> args{"--state-dir",         "/s",  "--set",
                                  "limits.max_active=2", "mcp", "serve"};
    args.insert(args.end(), words.begin(), words.end());
    const auto recorded = read_server_command(args);
    ASSERT_TRUE(recorded) << option.name;
    EXPECT_EQ(recorded->server_words, words);
    EXPECT_THAT(recorded->settings, ElementsAre("--set", "limits.max_active=2"));
  }
}

TEST(ServerWords, of_another_command_there_are_none) {
  for (const auto& args : std::vector<std::vector<std::string>>{{},
                                                                {"mcp"},
                                                                {"-c", "evil"},
                                                                {"mcp", "serve", "--nonsense"},
                                                                {"mcp", "serve", "x"},
                                                                {"mcp", "serve", "--", "x"},
                                                                {"mcp", "serve", "--help"}}) {
    EXPECT_FALSE(read_server_command(args)) << args.size();
  }
}

}  // namespace
}  // namespace pyro::cli
