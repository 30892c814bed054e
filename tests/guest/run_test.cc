#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/api/json_codec.h"
#include "common/base/text.h"
#include "tests/guest/guest_fixture.h"

namespace pyro::test {

using testing::EndsWith;
using testing::HasSubstr;

class Run : public GuestFixture {};

TEST_F(Run, the_first_command_of_the_readme_shows_the_guests_answer) {
  const auto done = pyro({"run", "debian:12", "--", "git", "--version"});
  EXPECT_EQ(done.status.code, 0) << done.error_output;
  EXPECT_THAT(done.output, testing::StartsWith("git version 2."));
  expect_no_machine_left();
}

TEST_F(Run, exit_status_and_both_streams_are_the_commands_own) {
  const auto done = run_script("echo out; echo err >&2; exit 7");
  EXPECT_EQ(done.status.code, 7);
  EXPECT_EQ(done.output, "out\n");
  EXPECT_THAT(done.error_output, EndsWith("err\n"));
}

TEST_F(Run, a_command_ended_by_a_signal_has_its_number_above_128) {
  EXPECT_EQ(run_script("kill -SEGV $$").status.code, 128 + 11);
}

TEST_F(Run, argument_boundaries_survive) {
  const auto done =
      pyro({"run", kEnvironment, "--", "printf", "<%s>", "a b", "", "it's", "$HOME", "*"});
  EXPECT_EQ(done.output, "<a b><><it's><$HOME><*>");
}

TEST_F(Run, a_command_past_its_time_ends_with_124_and_keeps_what_it_printed) {
  const auto done = pyro({"run", kEnvironment, "--timeout-seconds", "5", "--", "sh", "-c",
                          "echo before; setsid sleep 1000 & sleep 1000"});
  EXPECT_EQ(done.status.code, 124);
  EXPECT_EQ(done.output, "before\n");
  EXPECT_THAT(done.error_output, EndsWith("command timed out after 5s\n"));
  expect_no_machine_left();
}

TEST_F(Run, binary_output_arrives_unchanged) {
  const auto done = run_script(
      "head -c 200000 /dev/urandom >/tmp/x; sha256sum </tmp/x | head -c 64 >&2; cat /tmp/x");
  ASSERT_EQ(done.output.size(), 200000U);
  const TemporaryDirectory here("/tmp", "pyro-sum");
  write_file_atomically(here.path() / "x", done.output);
  const std::string sum = run_checked({.argv = {"sha256sum", (here.path() / "x").string()}},
                                      Clock::now() + std::chrono::seconds(20), {});
  EXPECT_THAT(done.error_output, EndsWith(sum.substr(0, 64)));
}

TEST_F(Run, two_hundred_megabytes_of_output_pass_through) {
  const auto words = pyro_words({"run", kEnvironment, "--timeout-seconds", "170", "--", "head",
                                 "-c", "200000000", "/dev/zero"});
  const auto counted = run_command({.argv = {"sh", "-c", shell_join(words) + " | wc -c"}},
                                   Clock::now() + std::chrono::minutes(4), {});
  EXPECT_EQ(counted.output, "200000000\n") << counted.error_output;
}

TEST_F(Run, json_is_one_document_with_the_results_fields) {
  const auto done = pyro({"run", kEnvironment, "--json", "--", "sh", "-c", "echo hi; exit 3"});
  EXPECT_EQ(done.status.code, 3);
  const auto json = api::Json::parse(done.output);
  EXPECT_EQ(json["stdout"], "hi\n");
  EXPECT_EQ(json["exit_code"], 3);
  EXPECT_EQ(json["execution_mode"], "guest_serial");
  EXPECT_EQ(json["cleanup"]["reason"], "post_exec_cleanup");
  EXPECT_EQ(json["cleanup"]["deleted"], true);
}

TEST_F(Run, four_machines_at_once_all_answer) {
  std::vector<std::thread> threads;
  std::vector<std::string> answers(4);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    threads.emplace_back([&answers, i] { answers[i] = run_script("hostname").output; });
  }
  for (auto& thread : threads) thread.join();
  std::sort(answers.begin(), answers.end());
  EXPECT_EQ(std::unique(answers.begin(), answers.end()), answers.end());
  for (const auto& answer : answers) EXPECT_EQ(answer.size(), 13U) << answer;
  expect_no_machine_left();
}

TEST_F(Run, a_guest_knows_the_time_its_name_and_no_network) {
  const auto done =
      run_script("date +%s; cat /etc/machine-id; tail -n +2 /proc/net/route | wc -l; id -u; pwd");
  const auto lines = split(done.output, '\n');
  ASSERT_GE(lines.size(), 5U) << done.output << done.error_output;
  EXPECT_NEAR(std::stod(lines[0]), now_epoch_seconds(), 60);
  EXPECT_EQ(lines[1].size(), 32U);
  EXPECT_EQ(lines[2], "0");
  EXPECT_EQ(lines[3], "0");
  EXPECT_EQ(lines[4], "/root");
}

TEST_F(Run, an_unknown_environment_names_the_known_ones) {
  const auto done = pyro({"run", "debian:13", "--", "true"});
  EXPECT_EQ(done.status.code, 1);
  EXPECT_THAT(done.error_output, HasSubstr("error: "));
  EXPECT_THAT(done.error_output, HasSubstr("debian:12-build"));
}

}  // namespace pyro::test
