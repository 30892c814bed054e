#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "common/api/json_codec.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/process/wait.h"
#include "tests/service/cli/cli_fixture.h"

namespace pyro::test {
namespace {

using api::Json;

/// What each command asks of a workspace service, and what it makes of the answer.
class WorkspaceCallsTest : public CliFixture {
 protected:
  WorkspaceCallsTest() { write_stack({{"workspace", ""}}); }

  static CommandResult workspace(std::vector<std::string> words, const std::string& shell = "") {
    words.insert(words.begin(), "workspace");
    if (shell.empty()) return run(words);
    words.insert(words.begin(), {"bash", "-c", shell, find_helper("pyro").string()});
    return run_command({.argv = words}, Clock::now() + std::chrono::seconds(40), {});
  }
  /// The last request that the service got.
  Json request() const {
    const auto lines = split(read_file(paths_.state_dir / "requests"), '\n');
    return Json::parse(lines.at(lines.size() - 2));
  }
  Json request_of(const std::vector<std::string>& words) const {
    const auto result = workspace(words);
    EXPECT_EQ(result.status.code, 0) << join(words, " ") << ": " << result.error_output;
    return request();
  }
  /// A reply with these fields, and the rest of a workspace that lives for long.
  void answer_workspace(const std::string& method, Json fields) {
    fields["workspace_id"] = "0123456789ab";
    if (!fields.contains("expires_at")) fields["expires_at"] = now_epoch_seconds() + 600;
    tell("workspace." + method + ".reply", fields.dump());
  }
  const std::string here_ = std::filesystem::current_path().string();
};

TEST_F(WorkspaceCallsTest, create_says_all_that_its_options_do) {
  answer_workspace("create", {{"state", "started"}, {"environment", "debian:12"}});
  const auto made =
      workspace({"create", "debian:12", "--seed-path", "./src", "--name", "fix it", "--label",
                 "a=1", "--label", "b=[x,y]", "--vcpu-count", "2", "--mem-mib", "2048",
                 "--ttl-seconds", "900", "--network-policy", "egress", "--allow-host-compat"});
  EXPECT_EQ(made.status.code, 0) << made.error_output;
  EXPECT_EQ(made.error_output, "");
  EXPECT_THAT(made.output, ::testing::StartsWith("workspace: 0123456789ab\nstate: started\n"));
  const Json sent = request();
  EXPECT_EQ(sent["seed_path"], here_ + "/src");
  EXPECT_EQ(sent["name"], "fix it");
  EXPECT_EQ(sent["labels"], Json::parse(R"({"a":"1","b":"[x,y]"})"));
  EXPECT_EQ(sent["vcpu_count"], 2);
  EXPECT_EQ(sent["mem_mib"], 2048);
  EXPECT_EQ(sent["ttl_seconds"], 900);
  EXPECT_EQ(sent["network_policy"], "egress");
  EXPECT_EQ(sent["allow_host_compat"], true);
  EXPECT_EQ(sent["boot"], "auto");
  EXPECT_EQ(workspace({"create", "debian:12", "--id-only"}).output, "0123456789ab\n");
  EXPECT_EQ(Json::parse(workspace({"create", "debian:12", "--json"}).output)["state"], "started");
}

TEST_F(WorkspaceCallsTest, create_and_reset_boot_as_the_caller_wishes) {
  ::setenv("PYRO_BOOT", "cold", 1);
  Cleanup restore([] { ::unsetenv("PYRO_BOOT"); });
  EXPECT_EQ(request_of({"create", "debian:12"})["boot"], "cold");
  const Json sent = request_of({"reset", "x", "--snapshot", "before"});
  EXPECT_EQ(sent["boot"], "cold");
  EXPECT_EQ(sent["snapshot"], "before");
  EXPECT_EQ(request_of({"reset", "x"})["snapshot"], "baseline");
}

TEST_F(WorkspaceCallsTest, update_tells_an_empty_name_from_none) {
  const Json sent = request_of(
      {"update", "x", "--label", "a=", "--clear-label", "b", "--clear-label", "c", "--clear-name"});
  EXPECT_EQ(sent["labels"], Json::parse(R"({"a":""})"));
  EXPECT_EQ(sent["clear_labels"], Json::parse(R"(["b","c"])"));
  EXPECT_EQ(sent["clear_name"], true);
  EXPECT_EQ(sent["name"], nullptr);
  EXPECT_EQ(request_of({"update", "x", "--name", ""})["name"], "");
  EXPECT_EQ(request_of({"update", "x", "--name={}"})["name"], "{}");
}

TEST_F(WorkspaceCallsTest, files_go_by_the_callers_directory_and_the_guests_path) {
  const Json pushed = request_of({"sync", "push", "x", "src/", "--dest", "lib"});
  EXPECT_EQ(pushed["source_path"], here_ + "/src");
  EXPECT_EQ(pushed["dest"], "lib");
  const Json exported = request_of({"export", "x", "out", "--output", "./result/"});
  EXPECT_EQ(exported["path"], "out");
  EXPECT_EQ(exported["output_path"], here_ + "/result");
  EXPECT_EQ(request_of({"file", "list", "x"})["path"], "/workspace");
  EXPECT_EQ(request_of({"file", "list", "x", "src", "--recursive"})["recursive"], true);
  const Json disk = request_of({"disk", "export", "x", "--output", "./disk.ext4"});
  EXPECT_EQ(disk["method"], "workspace.disk_export");
  EXPECT_EQ(disk["output_path"], here_ + "/disk.ext4");
  EXPECT_EQ(request_of({"disk", "list", "x"})["path"], "/workspace");
  EXPECT_EQ(request_of({"disk", "list", "x", "/etc", "--recursive"})["path"], "/etc");
  const Json read = request_of({"disk", "read", "x", "/etc/hosts", "--max-bytes", "10"});
  EXPECT_EQ(read["path"], "/etc/hosts");
  EXPECT_EQ(read["max_bytes"], 10);
  // Words that are names of commands as well.
  EXPECT_EQ(request_of({"file", "read", "x", "run"})["path"], "run");
  EXPECT_EQ(request_of({"snapshot", "create", "x", "list"})["snapshot_name"], "list");
  EXPECT_EQ(request_of({"snapshot", "delete", "x", "before"})["snapshot_name"], "before");
}

TEST_F(WorkspaceCallsTest, a_text_comes_from_the_line_a_file_or_standard_input) {
  EXPECT_EQ(request_of({"file", "write", "x", "a", "--text", "[a, b]\n"})["text"], "[a, b]\n");
  EXPECT_EQ(request_of({"file", "write", "x", "a", "--text", ""})["text"], "");
  EXPECT_EQ(request_of({"file", "write", "x", "a", "--text=--x"})["text"], "--x");
  const auto file = directory_.path() / "patch";
  write_file_atomically(file, "--- a\n+++ b\n");
  const auto patch = [this] { return read_file(paths_.state_dir / "patch"); };
  EXPECT_EQ(request_of({"patch", "apply", "x", "--patch-file", file.string()})["patch"], nullptr);
  EXPECT_EQ(patch(), "--- a\n+++ b\n");
  EXPECT_EQ(
      workspace({"patch", "apply", "x", "--patch-file", "-"}, "echo é | \"$0\" \"$@\"").status.code,
      0);
  EXPECT_EQ(patch(), "é\n");
}

TEST_F(WorkspaceCallsTest, a_text_that_cannot_be_written_is_refused_here) {
  const auto large = workspace({"file", "write", "x", "a", "--text-file", "-"},
                               "head -c 1048577 /dev/zero | \"$0\" \"$@\"");
  EXPECT_EQ(large.status.code, 2);
  EXPECT_THAT(large.error_output, ::testing::StartsWith("error: text (from standard input) is more "
                                                        "than 1048576 bytes (1.0 MiB)"));
  const auto binary =
      workspace({"file", "write", "x", "a", "--text-file", "-"}, "printf 'a\\xff' | \"$0\" \"$@\"");
  EXPECT_EQ(binary.status.code, 2);
  EXPECT_THAT(binary.error_output, ::testing::HasSubstr("is not valid UTF-8 (2 bytes);"));
  const auto missing = workspace({"file", "write", "x", "a", "--text-file", "/no/file"});
  EXPECT_EQ(missing.status.code, 1);
  EXPECT_EQ(missing.error_output, "error: open '/no/file': No such file or directory\n");
  EXPECT_FALSE(std::filesystem::exists(paths_.state_dir / "requests"));
}

TEST_F(WorkspaceCallsTest, content_alone_is_the_content_to_the_byte) {
  tell("workspace.file_read.reply",
       R"({"path":"/workspace/a","content":"YQAbWzJK","size_bytes":9,"max_bytes":6,)"
       R"("encoding":"base64","truncated":true,"next_offset":6})");
  const auto raw = workspace({"file", "read", "x", "a", "--content-only", "--max-bytes", "6"});
  EXPECT_EQ(raw.output, std::string("a\0\x1b[2J", 6));
  EXPECT_EQ(raw.error_output, "bytes 0 to 6 of 9; the rest: --offset 6\n");
  EXPECT_EQ(request()["as_base64"], true);
  tell("workspace.file_read.reply",
       R"({"path":"/workspace/a","content":"a\u001b[2J","size_bytes":9,"max_bytes":6,)"
       R"("truncated":true,"next_offset":6})");
  const auto shown = workspace({"file", "read", "x", "a"});
  EXPECT_EQ(shown.output, "a[2J\n");
  EXPECT_EQ(shown.error_output, raw.error_output);
  EXPECT_EQ(request()["as_base64"], false);
  tell("workspace.file_read.reply", "{}");
  EXPECT_EQ(workspace({"file", "read", "x", "a", "--content-only"}).error_output, "");
}

TEST_F(WorkspaceCallsTest, a_diff_is_the_patch_alone_and_what_it_lacks_beside_it) {
  tell(
      "workspace.diff.reply",
      R"({"changed":true,"summary":{"total":1,"added":1},"patch":"diff --git a/l b/l\n+\u001b\r\n",)"
      R"("entries":[{"path":"l","status":"added","text_patch":"x"}]})");
  const auto diff = workspace({"diff", "x"});
  EXPECT_EQ(diff.output, "diff --git a/l b/l\n+\x1b\r\n");
  EXPECT_EQ(diff.error_output, "1 path: 1 added\n");
  const auto json = workspace({"diff", "x", "--json"});
  EXPECT_EQ(Json::parse(json.output)["summary"]["total"], 1);
  EXPECT_EQ(json.error_output, "");
  EXPECT_EQ(request_of({"diff", "x", "--path", "src/a"})["path"], "src/a");
  EXPECT_EQ(request_of({"diff", "x", "--offset", "3"})["offset"], 3);
}

TEST_F(WorkspaceCallsTest, exec_streams_and_ends_as_the_command_did) {
  const auto both = workspace({"exec", "x", "--", "both"});
  EXPECT_EQ(both.output, "to stdout\n");
  EXPECT_EQ(both.error_output, "to stderr\n");
  EXPECT_EQ(both.status.code, 7);
  EXPECT_EQ(workspace({"exec", "x", "--", "timeout"}).status.code, 124);
  const auto json = workspace({"exec", "x", "--json", "--timeout-seconds", "9", "--", "both"});
  EXPECT_EQ(Json::parse(json.output)["stdout"], "to stdout\n");
  EXPECT_EQ(json.status.code, 7);
  EXPECT_EQ(request()["timeout_seconds"], 9);
  workspace({"exec", "x", "--", "sh", "-c", "a b", "--help"});
  EXPECT_EQ(request()["command"], "sh -c 'a b' --help");
}

TEST_F(WorkspaceCallsTest, exec_attaches_to_a_job_and_ends_as_it_did) {
  tell("workspace.exec_attach.reply",
       R"({"workspace_id":"x","state":"exited","exit_code":6,"stdout":"all of it\n"})");
  const auto attached = workspace({"exec", "x", "--attach", "0123456789ab"});
  EXPECT_EQ(attached.status.code, 6);
  EXPECT_EQ(attached.output, "all of it\n");
  EXPECT_EQ(attached.error_output, "");
  EXPECT_EQ(request()["method"], "workspace.exec_attach");
  EXPECT_EQ(request()["job_id"], "0123456789ab");
  EXPECT_EQ(request()["workspace_id"], "x");
  tell("workspace.exec_find.reply", R"({"workspace_id":"y","job_id":"0123456789ab"})");
  const auto json = workspace({"exec", "--json", "--attach", "0123456789ab"});
  EXPECT_EQ(Json::parse(json.output)["stdout"], "all of it\n");
  EXPECT_EQ(request()["workspace_id"], "y");
  tell("workspace.exec_attach.reply", R"({"workspace_id":"x","state":"cancelled"})");
  const auto cancelled = workspace({"exec", "x", "--attach", "0123456789ab"});
  EXPECT_EQ(cancelled.status.code, 1);
  EXPECT_EQ(cancelled.error_output, "note: the command was cancelled\n");
}

TEST_F(WorkspaceCallsTest, an_exec_whose_answer_is_lost_names_the_way_back_to_its_command) {
  const auto lost = [this](const std::string& state) {
    tell("workspace.exec_poll.reply", R"({"state":")" + state + R"("})");
    const auto result = workspace({"exec", "x", "--", "lose"});
    EXPECT_EQ(result.status.code, 1);
    EXPECT_EQ(request()["method"], "workspace.exec_poll");
    return result.error_output;
  };
  const std::string running = lost("running");
  EXPECT_THAT(running, ::testing::HasSubstr("the answer was lost"));
  EXPECT_THAT(running, ::testing::HasSubstr("; the command still runs: pyro workspace exec "
                                            "--attach " +
                                            request()["job_id"].get<std::string>()));
  EXPECT_EQ(request()["job_id"].get<std::string>().size(), 12U);
  EXPECT_THAT(lost("exited"),
              ::testing::HasSubstr("its result is kept: pyro workspace exec --attach "));
  EXPECT_THAT(lost("cancelled"), ::testing::Not(::testing::HasSubstr("--attach")));
}

TEST_F(WorkspaceCallsTest, a_signal_cancels_an_exec_and_waits_for_its_end) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  ChildProcess pyro({.argv = {find_helper("pyro").string(), "workspace", "exec", "x", "--", "wait"},
                     .descriptors = {{1, write_end.get()}}});
  write_end.reset();
  EXPECT_EQ(read_to_end(read_end.get(), 8), "started\n");
  pyro.signal(SIGINT);
  const auto ended = pyro.wait(Clock::now() + std::chrono::seconds(20), StopFd({}));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->code, 130);
  EXPECT_THAT(events(), ::testing::Contains("cancelled workspace"));
}

TEST_F(WorkspaceCallsTest, notes_stand_beside_a_document) {
  settled();
  answer_workspace("status", {{"ttl_seconds", 600},
                              {"execution_mode", "host_compat"},
                              {"expires_at", now_epoch_seconds() + 45}});
  const auto status = workspace({"status", "x", "--json"});
  EXPECT_EQ(Json::parse(status.output)["ttl_seconds"], 600);
  EXPECT_THAT(status.error_output,
              ::testing::MatchesRegex("note: this ran on the host itself.*\n"
                                      "note: workspace 0123456789ab expires in 4[0-9] s .*\n"));
}

TEST_F(WorkspaceCallsTest, the_other_commands_ask_for_their_workspace) {
  for (const auto* words : {"start", "stop", "delete", "status", "logs", "summary"}) {
    const Json sent = request_of({words, "0123456789ab"});
    EXPECT_EQ(sent["method"], std::string("workspace.") + words);
    EXPECT_EQ(sent["workspace_id"], "0123456789ab");
  }
  EXPECT_EQ(request_of({"snapshot", "list", "x"})["method"], "workspace.snapshot_list");
  EXPECT_THAT(workspace({"list"}).output, ::testing::HasSubstr("pyro workspace create"));
}

}  // namespace
}  // namespace pyro::test
