#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "common/config/paths.h"
#include "tests/support/environment.h"
#include "tests/support/mcp_process.h"
#include "tests/support/temporary.h"

namespace pyro::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// `pyro mcp serve` where no stack runs, in directories of its own.
class McpServe : public ::testing::Test {
 protected:
  static Json modern(Json params = Json::object()) {
    params["_meta"] = {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
                       {"io.modelcontextprotocol/clientCapabilities", Json::object()}};
    return params;
  }
  bool stack_runs() const { return fs::exists(find_paths().bus_socket("supervisor")); }

  TestDirectory directory;
  WithVariable home{"HOME", directory.path().c_str()};
  WithVariable config{"XDG_CONFIG_HOME", (directory / "c").c_str()};
  WithVariable state{"PYRO_STATE_DIR", (directory / "s").c_str()};
  WithVariable runtime{"PYRO_RUNTIME_DIR", (directory / "r").c_str()};
  WithVariable cache{"PYRO_CACHE_DIR", (directory / "k").c_str()};
};

TEST_F(McpServe, the_tools_are_listed_without_a_stack_and_start_none) {
  for (const std::vector<std::string>& flags :
       std::vector<std::vector<std::string>>{{},
                                             {"--profile", "vm-run"},
                                             {"--profile", "workspace-full"},
                                             {"--mode", "repro-fix"},
                                             {"--mode", "inspect"},
                                             {"--mode", "cold-start"},
                                             {"--mode", "review-eval"}}) {
    McpProcess server(flags);
    const Json listed = server.answer(server.request("tools/list", modern())).at("result");
    EXPECT_FALSE(listed.at("tools").empty());
    EXPECT_FALSE(fs::exists(directory / "s"));
    EXPECT_FALSE(fs::exists(directory / "r"));
  }
}

TEST_F(McpServe, both_eras_are_answered_by_one_process) {
  McpProcess server;
  const Json discovered = server.answer(server.request("server/discover", modern())).at("result");
  EXPECT_EQ(discovered.at("supportedVersions"), Json::array({"2026-07-28"}));
  EXPECT_EQ(server.initialize("2025-06-18").at("protocolVersion"), "2025-06-18");
  EXPECT_EQ(server.initialize("2025-06-18").at("serverInfo").at("name"), "pyro");
  const Json old = server.answer(server.request("tools/list")).at("result");
  const Json now = server.answer(server.request("tools/list", modern())).at("result");
  EXPECT_EQ(old.at("tools"), now.at("tools"));
  EXPECT_EQ(now.at("resultType"), "complete");
}

/// All that a host does to end it.
const std::vector<std::pair<std::string, std::function<void(McpProcess&)>>> kEndings = {
    {"the end of its input", [](McpProcess& server) { server.close_input(); }},
    {"SIGINT", [](McpProcess& server) { server.signal(SIGINT); }},
    {"SIGTERM", [](McpProcess& server) { server.signal(SIGTERM); }}};

TEST_F(McpServe, a_session_of_each_era_ends_as_its_host_wants) {
  for (const auto& [ending, end] : kEndings) {
    for (const bool newer : {false, true}) {
      McpProcess server;
      if (newer) {
        server.answer(server.request("tools/list", modern()));
      } else {
        server.initialize();
      }
      end(server);
      const auto status = server.wait();
      ASSERT_TRUE(status) << ending;
      EXPECT_EQ(status->code, 0) << ending;
    }
  }
}

TEST_F(McpServe, one_that_was_told_nothing_ends_with_its_input) {
  McpProcess server;
  server.close_input();
  const auto status = server.wait();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 0);
}

TEST_F(McpServe, no_end_waits_for_a_call) {
  // What the first call reads before all else: it waits for what never comes.
  fs::create_directories(directory / "c/pyro");
  const auto settings = directory / "c/pyro/config.toml";
  ASSERT_EQ(::mkfifo(settings.c_str(), 0600), 0);
  for (const auto& [ending, end] : kEndings) {
    McpProcess server;
    server.initialize();
    server.begin("workspace_list", Json::object());
    const UniqueFd writer(::open(settings.c_str(), O_WRONLY | O_CLOEXEC));  // waits for the call
    end(server);
    const auto status = server.wait();
    ASSERT_TRUE(status) << ending;
    EXPECT_EQ(status->code, 0) << ending;
  }
}

TEST_F(McpServe, a_signal_ends_it_though_nobody_reads_what_it_says) {
  McpProcess server;
  server.initialize();
  // More than a pipe takes.
  for (int i = 0; i < 20; ++i) server.request("tools/list");
  server.signal(SIGTERM);
  const auto status = server.wait();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 0);
}

TEST_F(McpServe, a_flag_that_there_is_not_is_a_usage_error_before_any_request) {
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {"--mode", "none"}, {"--mode", "inspect", "--profile", "vm-run"}, {"--x"}}) {
    Command command{.argv = {find_helper("pyro").string(), "mcp", "serve"}};
    command.argv.insert(command.argv.end(), flags.begin(), flags.end());
    const auto done = run_command(std::move(command), Clock::now() + std::chrono::seconds(30), {});
    EXPECT_EQ(done.status.code, 2) << flags.back();
    EXPECT_EQ(done.output, "");
  }
}

TEST_F(McpServe, a_wrong_setting_is_the_answer_of_each_call_and_ends_nothing) {
  fs::create_directories(directory / "c/pyro");
  std::ofstream(directory / "c/pyro/config.toml") << "[limits]\nmax_active = 'many'\n";
  McpProcess server;
  server.initialize();
  EXPECT_FALSE(server.answer(server.request("tools/list")).at("result").at("tools").empty());
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(
        server.failure("workspace_list"),
        AllOf(HasSubstr("max_active"), HasSubstr("\nnext: No argument fixes this: the user")));
  }
}

TEST_F(McpServe, a_wrong_variable_of_the_server_is_not_the_models_to_correct) {
  const WithVariable too_long{"PYRO_RUNTIME_DIR", ("/" + std::string(200, 'r')).c_str()};
  McpProcess server;
  server.initialize();
  EXPECT_THAT(server.failure("workspace_list"),
              AllOf(HasSubstr("PYRO_RUNTIME_DIR"), HasSubstr("\nnext: No argument fixes this")));
}

TEST_F(McpServe, a_wrong_project_is_passed_by_with_a_seed_or_fixed_by_the_user) {
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {"--project-path", "/no/project"},
           {"--project-path", "/etc/passwd"},
           {"--repo-url", "ftp://example.org/x"},
           {"--repo-url", "/no/repository"},
           {"--repo-url", "https://example.org/x", "--repo-ref", "-x"}}) {
    McpProcess server(flags);
    server.initialize();
    EXPECT_THAT(
        server.failure("workspace_create"),
        AllOf(HasSubstr("\nnext: Give a seed_path"), HasSubstr("--repo-url"), HasSubstr("user")))
        << flags[1];
  }
  EXPECT_FALSE(stack_runs());
}

TEST_F(McpServe, arguments_are_refused_without_a_stack) {
  McpProcess server;
  server.initialize();
  EXPECT_THAT(server.failure("workspace_create", {{"mem_mib", 1}}),
              HasSubstr("mem_mib must be between 256 and 32768"));
  EXPECT_FALSE(stack_runs());
}

TEST_F(McpServe, hostile_lines_cost_no_later_call) {
  McpProcess server;
  server.send_line(std::string(200'000, '['));
  server.send_line("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}");
  server.send_line("\xff\xfe{");
  server.send_line("");
  server.send_line("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":[]}");
  EXPECT_EQ(server.initialize().at("serverInfo").at("name"), "pyro");
}

TEST_F(McpServe, an_argument_of_ten_megabytes_is_refused_by_its_field) {
  McpProcess server;
  server.initialize();
  // NOLINTNEXTLINE(bugprone-string-constructor): that long
  const std::string text(10'000'000, 'x');
  EXPECT_THAT(server.failure("workspace_file_write",
                             {{"workspace_id", "0123456789ab"}, {"path", "a"}, {"text", text}}),
              HasSubstr("text may be at most 1048576 bytes long"));
}

TEST_F(McpServe, a_path_below_the_home_directory_is_not_the_models_when_started_there) {
  McpProcess server({}, directory.path());
  server.initialize();
  EXPECT_THAT(server.failure("workspace_create", {{"seed_path", "."}}), HasSubstr("lies outside"));
}

}  // namespace
}  // namespace pyro::testing
