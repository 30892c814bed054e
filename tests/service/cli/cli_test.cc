#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "common/api/json_codec.h"
#include "common/process/wait.h"
#include "tests/service/cli/cli_fixture.h"

namespace pyro::test {
namespace {

using api::Json;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

class CliTest : public CliFixture {
 protected:
  void write_usual_stack() { write_stack({{"image", ""}, {"vm", ""}}); }
};

TEST_F(CliTest, help_of_every_command_has_examples) {
  const std::vector<std::vector<std::string>> commands = {{},
                                                          {"run"},
                                                          {"env"},
                                                          {"env", "list"},
                                                          {"env", "pull"},
                                                          {"env", "inspect"},
                                                          {"env", "prune"},
                                                          {"stack"},
                                                          {"stack", "up"},
                                                          {"stack", "down"},
                                                          {"stack", "status"},
                                                          {"stack", "logs"},
                                                          {"doctor"},
                                                          {"host"},
                                                          {"host", "connect"},
                                                          {"host", "print-config"},
                                                          {"host", "doctor"},
                                                          {"host", "repair"},
                                                          {"host", "disconnect"},
                                                          {"completion"}};
  for (auto words : commands) {
    words.push_back("--help");
    const auto result = run(words);
    EXPECT_EQ(result.status.code, 0);
    EXPECT_THAT(result.output, HasSubstr("Examples:")) << words.front();
    EXPECT_EQ(result.error_output, "");
  }
}

TEST_F(CliTest, a_run_on_a_terminal_ends_with_how_it_went) {
  write_usual_stack();
  const UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(terminal);
  ASSERT_EQ(::grantpt(terminal.get()), 0);
  ASSERT_EQ(::unlockpt(terminal.get()), 0);
  UniqueFd standard_error(::open(::ptsname(terminal.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ChildProcess process({.argv = {find_helper("pyro").string(), "run", "debian:12", "--", "both"},
                        .descriptors = {{2, standard_error.get()}}});
  const auto status = process.wait(Clock::now() + std::chrono::seconds(40), StopFd({}));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 7);
  std::string said(4096, '\0');
  const ssize_t n = ::read(terminal.get(), said.data(), said.size());
  ASSERT_GT(n, 0);
  said.resize(static_cast<std::size_t>(n));
  EXPECT_THAT(said, ::testing::EndsWith(", exit 7 after 0 ms\r\n"));
}

TEST_F(CliTest, version_is_the_suites) {
  EXPECT_EQ(run({"--version"}).output, "pyro " PYRO_VERSION "\n");
}

TEST_F(CliTest, usage_errors_are_status_2_and_lead_to_help) {
  const auto unknown = run({"stcak", "up"});
  EXPECT_EQ(unknown.status.code, 2);
  EXPECT_EQ(unknown.error_output,
            "error: unknown command 'stcak': did you mean 'stack'?\n"
            "Run `pyro --help` for how to use it.\n");
  EXPECT_EQ(run({"run", "debian:12", "--bogus", "--", "true"}).status.code, 2);
  EXPECT_THAT(run({"run", "debian:12"}).error_output, HasSubstr("needs a command after --"));
  const auto limit = run({"run", "debian:12", "--vcpu-count", "9", "--", "true"});
  EXPECT_EQ(limit.status.code, 2);
  EXPECT_THAT(limit.error_output, StartsWith("error: vcpu_count must be between 1 and 8, not 9\n"));
  EXPECT_EQ(run({"stack", "up", "--", "x"}).status.code, 2);
}

TEST_F(CliTest, help_of_an_unknown_command_is_refused_with_a_suggestion) {
  const auto unknown = run({"stcak", "--help"});
  EXPECT_EQ(unknown.status.code, 2);
  EXPECT_EQ(unknown.output, "");
  EXPECT_EQ(unknown.error_output,
            "error: unknown command 'stcak': did you mean 'stack'?\n"
            "Run `pyro --help` for how to use it.\n");
  EXPECT_THAT(run({"stack", "lgos", "--help"}).error_output,
              StartsWith("error: unknown command 'lgos': did you mean 'logs'?\n"));
  EXPECT_THAT(run({"--state-dir", "/x", "stcak"}).error_output,
              StartsWith("error: unknown command 'stcak': did you mean 'stack'?\n"));
}

TEST_F(CliTest, an_unknown_setting_is_a_failure_that_names_it) {
  write_usual_stack();
  const auto result = run({"stack", "up", "--set", "limits.colour=3"});
  EXPECT_EQ(result.status.code, 1);
  EXPECT_THAT(result.error_output, HasSubstr("unknown key 'limits.colour'"));
}

TEST_F(CliTest, stack_goes_up_and_down_and_down_again) {
  write_usual_stack();
  const auto none = run({"stack", "status", "--json"});
  EXPECT_EQ(none.status.code, 0);
  EXPECT_EQ(Json::parse(none.output)["running"], false);
  const auto up = run({"stack", "up", "--json"});
  EXPECT_EQ(up.status.code, 0) << up.error_output;
  EXPECT_EQ(Json::parse(up.output)["services"][1]["state"], "running");
  EXPECT_THAT(run({"stack", "status"}).output, HasSubstr("supervisor"));
  EXPECT_THAT(run({"stack", "logs", "--service", "vm"}).output, HasSubstr("answers on"));
  EXPECT_EQ(run({"stack", "down"}).output, "the stack is down\n");
  EXPECT_EQ(run({"stack", "down"}).output, "no stack was running\n");
}

TEST_F(CliTest, a_run_streams_both_outputs_and_ends_with_the_guests_status) {
  write_usual_stack();
  const auto result = run({"run", "debian:12", "--", "both"});
  EXPECT_EQ(result.output, "to stdout\n");
  EXPECT_EQ(result.error_output, "to stderr\n");
  EXPECT_EQ(result.status.code, 7);
  EXPECT_EQ(run({"run", "debian:12", "--", "binary"}).output, std::string("\0\xff\n\x1b", 4));
  EXPECT_EQ(run({"run", "debian:12", "--", "timeout"}).status.code, 124);
  EXPECT_TRUE(std::filesystem::is_empty(paths_.runtime_dir / "streams"));
}

TEST_F(CliTest, a_run_with_json_is_one_document_with_both_outputs) {
  write_usual_stack();
  const auto result = run({"run", "--json", "debian:12", "--", "both"});
  const Json json = Json::parse(result.output);
  EXPECT_EQ(json["stdout"], "to stdout\n");
  EXPECT_EQ(json["exit_code"], 7);
  EXPECT_EQ(result.status.code, 7);
  EXPECT_EQ(result.error_output, "");
}

TEST_F(CliTest, words_after_the_dashes_keep_their_boundaries) {
  write_usual_stack();
  const auto result = run({"run", "debian:12", "--json", "--", "sh", "-lc", "a b", "--help"});
  EXPECT_EQ(Json::parse(result.output)["command"], "sh -lc 'a b' --help");
}

TEST_F(CliTest, a_refusal_is_one_line_and_host_compat_is_told) {
  write_usual_stack();
  const auto refused = run({"run", "debian:12", "--", "refuse"});
  EXPECT_EQ(refused.status.code, 1);
  EXPECT_EQ(refused.error_output, "error: max active VMs reached (8)\n");
  EXPECT_THAT(run({"run", "debian:12", "--allow-host-compat", "--", "true"}).error_output,
              HasSubstr("host_compat"));
}

TEST_F(CliTest, a_closed_standard_output_cancels_the_run_quietly) {
  write_usual_stack();
  const auto result = run_command(
      {.argv = {"bash", "-c",
                "\"$0\" run debian:12 -- flood | head -c 10 >/dev/null; exit ${PIPESTATUS[0]}",
                find_helper("pyro").string()}},
      Clock::now() + std::chrono::seconds(40), {});
  EXPECT_EQ(result.status.code, 141);
  EXPECT_EQ(result.error_output, "");
  EXPECT_THAT(events(), Contains("cancelled vm"));
}

TEST_F(CliTest, a_failure_with_json_is_one_document_beside_the_sentence) {
  write_usual_stack();
  const auto refused = run({"run", "debian:12", "--json", "--", "refuse"});
  EXPECT_EQ(refused.status.code, 1);
  EXPECT_EQ(refused.error_output, "error: max active VMs reached (8)\n");
  EXPECT_EQ(Json::parse(refused.output),
            Json::object({{"error",
                           {{"code", "resource_exhausted"},
                            {"reason", "limit_reached"},
                            {"message", "max active VMs reached (8)"}}}}));
  EXPECT_EQ(run({"run", "debian:12", "--", "refuse"}).output, "");
}

TEST_F(CliTest, a_usage_error_with_json_among_the_words_is_a_document_as_well) {
  const std::vector<std::vector<std::string>> wrong = {
      {"stcak", "up", "--json"},
      {"run", "debian:12", "--json", "--bogus", "--", "true"},
      {"run", "debian:12", "--vcpu-count", "9", "--json", "--", "true"}};
  for (const auto& words : wrong) {
    const auto result = run(words);
    EXPECT_EQ(result.status.code, 2);
    EXPECT_THAT(result.error_output, StartsWith("error: "));
    const Json error = Json::parse(result.output)["error"];
    EXPECT_EQ(error["code"], "invalid_argument");
    EXPECT_EQ(error["reason"], "invalid_argument");
    EXPECT_THAT(result.error_output, HasSubstr(error["message"].get<std::string>()));
  }
  EXPECT_EQ(run({"run", "debian:12", "--bogus", "--", "x", "--json"}).output, "")
      << "a word of the guest's command";
}

TEST_F(CliTest, a_stack_that_does_not_come_up_is_one_document) {
  write_stack({{"image", ""}, {"vm", ""}}, "[restart]\nbackoff_initial_ms = 1\ncrash_limit = 2\n");
  tell("vm.crash", "the moon");
  const auto result = run({"stack", "up", "--json"});
  EXPECT_EQ(result.status.code, 1);
  EXPECT_EQ(Json::parse(result.output)["error"]["reason"], "service_failed");
  EXPECT_THAT(run({"stack", "up"}).output, HasSubstr("vm")) << "the table, for a user";
}

TEST_F(CliTest, a_signal_cancels_the_run_and_waits_for_its_end) {
  write_usual_stack();
  for (const auto& [number, status] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    std::filesystem::remove(paths_.state_dir / "events");
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    ChildProcess pyro({.argv = {find_helper("pyro").string(), "run", "debian:12", "--", "wait"},
                       .descriptors = {{1, write_end.get()}}});
    write_end.reset();
    EXPECT_EQ(read_to_end(read_end.get(), 8), "started\n");
    pyro.signal(number);
    const auto ended = pyro.wait(Clock::now() + std::chrono::seconds(20), StopFd({}));
    ASSERT_TRUE(ended.has_value());
    EXPECT_EQ(ended->code, status);
    EXPECT_THAT(events(), Contains("cancelled vm"));
  }
}

TEST_F(CliTest, a_home_as_the_state_directory_is_refused_and_every_file_stays) {
  write_usual_stack();
  const std::filesystem::path home = directory_.path() / "home";
  const std::vector<std::string> files = {"workspaces/project/main.c", "machines/plan.txt",
                                          "files-scratch/draft", "exports/letter", "photo.jpg"};
  for (const auto& file : files) {
    std::filesystem::create_directories((home / file).parent_path());
    write_file_atomically(home / file, "mine");
  }
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"workspace", "list"}, {"run", "debian:12", "--", "true"}, {"stack", "up"}}) {
    std::vector<std::string> arguments = {"--state-dir", home.string()};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const auto result = run(arguments);
    EXPECT_EQ(result.status.code, 1);
    EXPECT_THAT(result.error_output,
                AllOf(HasSubstr("error: directory '" + home.string() + "' holds '"),
                      HasSubstr("choose another one, or an empty one (PYRO_STATE_DIR")));
    EXPECT_EQ(std::count(result.error_output.begin(), result.error_output.end(), '\n'), 1);
  }
  for (const auto& file : files) EXPECT_EQ(read_file(home / file), "mine") << file;
  const std::filesystem::directory_iterator entries(home);
  EXPECT_EQ(std::distance(std::filesystem::begin(entries), std::filesystem::end(entries)), 5);
}

TEST_F(CliTest, doctor_starts_the_stack_and_reports_on_it) {
  write_usual_stack();
  const auto result = run({"doctor", "--json"});
  EXPECT_EQ(result.status.code, 0) << result.error_output;
  const Json json = Json::parse(result.output);
  EXPECT_EQ(json["runtime_ok"], true);
  EXPECT_EQ(json["accelerator"], "tcg");
  EXPECT_EQ(json["stack"]["running"], true);
  EXPECT_EQ(json["environment_cache"]["environments"][0]["name"], "debian:12");
  EXPECT_THAT(run({"doctor"}).output, AllOf(HasSubstr("tcg"), HasSubstr("platform")));
}

TEST_F(CliTest, doctor_without_a_stack_file_still_reports) {
  const auto result = run({"doctor", "--json"});
  EXPECT_EQ(result.status.code, 0) << result.error_output;
  EXPECT_THAT(result.output, HasSubstr("the stack does not run"));
}

}  // namespace
}  // namespace pyro::test
