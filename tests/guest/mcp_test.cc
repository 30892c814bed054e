#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <set>

#include "common/api/machine.h"
#include "common/api/workspace.h"
#include "tests/guest/mcp_fixture.h"

namespace pyro::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(Mcp, a_failing_check_is_fixed_and_the_fix_exported) {
  auto server = serve();
  server.initialize();
  const Json made = server.call("workspace_create", {{"seed_path", "."}});
  const std::string id = id_of(made);
  const Json check = {{"workspace_id", id}, {"command", "sh check.sh"}};
  const Json failed = server.call("workspace_exec", check);
  EXPECT_EQ(failed.at("exit_code"), 1);
  EXPECT_EQ(failed.at("stdout"), "wrong answer\n");
  EXPECT_EQ(failed.at("state"), "exited");
  EXPECT_EQ(
      server.call("workspace_file_read", {{"workspace_id", id}, {"path", "answer"}}).at("content"),
      "left\n");
  server.call("workspace_patch_apply",
              {{"workspace_id", id},
               {"patch", "--- a/answer\n+++ b/answer\n@@ -1 +1 @@\n-left\n+right\n"}});
  EXPECT_EQ(server.call("workspace_exec", check).at("exit_code"), 0);
  EXPECT_THAT(server.call("workspace_diff", {{"workspace_id", id}}).at("patch").get<std::string>(),
              HasSubstr("+right"));
  server.call("workspace_export",
              {{"workspace_id", id}, {"path", "answer"}, {"output_path", "out/answer"}});
  EXPECT_EQ(read_file(project_ / "out/answer"), "right\n");
  server.call("workspace_reset", {{"workspace_id", id}});
  EXPECT_EQ(server.call("workspace_exec", check).at("exit_code"), 1);
  EXPECT_EQ(server.call("workspace_delete", {{"workspace_id", id}}).at("deleted"), true);
  EXPECT_THAT(server.failure("workspace_status", {{"workspace_id", id}}),
              StartsWith("workspace '" + id + "' does not exist\n"));
}

TEST_F(Mcp, a_command_over_45_seconds_is_answered_as_a_job_and_polled_to_its_end) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  const int call =
      server.begin("workspace_exec", {{"workspace_id", id},
                                      {"command", "echo begun; seq 1 9999; sleep 50; echo done"},
                                      {"timeout_seconds", 300}});
  // Others go on meanwhile.
  EXPECT_EQ(server.call("workspace_exec", {{"workspace_id", id}, {"command", "echo beside"}})
                .at("stdout"),
            "beside\n");
  const Json running = server.answer(call).at("result").at("structuredContent");
  EXPECT_EQ(running.at("state"), "running");
  EXPECT_THAT(running.at("stdout").get<std::string>(),
              AllOf(StartsWith("begun\n1\n"), EndsWith("\n9999\n")));
  EXPECT_EQ(running.at("stdout_truncated"), true);
  EXPECT_FALSE(running.contains("exit_code"));
  EXPECT_THAT(running.at("hint").get<std::string>(), HasSubstr("workspace_exec_poll"));
  std::set<std::string> messages;
  double last = -1;
  for (const auto& note : server.notifications()) {
    if (note.at("params").at("progressToken") != call) continue;
    EXPECT_GT(note.at("params").at("progress").get<double>(), last);
    last = note.at("params").at("progress").get<double>();
    messages.insert(note.at("params").value("message", ""));
  }
  EXPECT_THAT(messages, ::testing::Contains(HasSubstr("9999")));
  const Json rest = server.call("workspace_exec_poll", {{"workspace_id", id},
                                                        {"job_id", running.at("job_id")},
                                                        {"cursor", running.at("cursor")},
                                                        {"wait_seconds", 40}});
  EXPECT_EQ(rest.at("state"), "exited");
  EXPECT_EQ(rest.at("stdout"), "done\n");
  EXPECT_EQ(rest.at("exit_code"), 0);
}

TEST_F(Mcp, a_cancelled_call_ends_its_command_and_is_not_answered) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  const int call = begin_command(server, id, "sleep 600");
  server.notify("notifications/cancelled", {{"requestId", call}});
  const Json job = entry_of(server, id, "sleep 600").at("job_id");
  EXPECT_EQ(wait_until_ended(server, id, job), "cancelled");
  EXPECT_FALSE(server.answered(call));
}

TEST_F(Mcp, a_call_that_is_cancelled_while_its_service_is_away_ends_its_command) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  const int call = begin_command(server, id, "sleep 600");
  const Json job = entry_of(server, id, "sleep 600").at("job_id");
  const pid_t supervisor = process_of("pyro-supervisor");
  ::kill(supervisor, SIGSTOP);
  kill_and_wait("pyro-workspace");
  server.notify("notifications/cancelled", {{"requestId", call}});
  server.answer(server.request("ping"));  // it was heard before
  ::kill(supervisor, SIGCONT);
  EXPECT_EQ(wait_until_ended(server, id, job), "cancelled");
  EXPECT_FALSE(server.answered(call));
}

TEST_F(Mcp, a_host_that_goes_leaves_its_command_running) {
  std::string id;
  const std::string waiting = "while ! test -e go; do sleep 0.1; done";
  {
    auto server = serve();
    server.initialize();
    id = id_of(server.call("workspace_create"));
    begin_command(server, id, waiting);
    server.close_input();
    EXPECT_EQ(server.wait()->code, 0);
  }
  auto next = serve();
  next.initialize();
  const Json entry = entry_of(next, id, waiting);
  EXPECT_EQ(entry.at("state"), "running");
  next.call("workspace_file_write", {{"workspace_id", id}, {"path", "go"}, {"text", ""}});
  EXPECT_EQ(wait_until_ended(next, id, entry.at("job_id")), "exited");
}

TEST_F(Mcp, a_job_that_is_cancelled_by_its_id_ends) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  server.begin("workspace_exec",
               {{"workspace_id", id}, {"command", "sleep 600"}, {"timeout_seconds", 700}});
  Json entries = Json::array();
  while (entries.empty())
    entries = server.call("workspace_logs", {{"workspace_id", id}}).at("entries");
  const Json job = entries.at(0).at("job_id");
  EXPECT_EQ(
      server.call("workspace_exec_cancel", {{"workspace_id", id}, {"job_id", job}}).at("state"),
      "cancelled");
}

TEST_F(Mcp, a_command_that_a_reset_ends_fails_and_is_not_run_in_the_new_sandbox) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  const int call = begin_command(server, id, "sleep 600");
  server.call("workspace_reset", {{"workspace_id", id}});
  const Json reply = server.answer(call).at("result");
  EXPECT_EQ(reply.at("isError"), true) << reply.dump(2);
  EXPECT_THAT(reply.at("content").at(0).at("text").get<std::string>(),
              AllOf(HasSubstr("or its workspace was stopped, reset or deleted\n"),
                    HasSubstr("failed_precondition")));
  EXPECT_EQ(server.call("workspace_logs", {{"workspace_id", id}}).at("count"), 0);
}

TEST_F(Mcp, a_command_whose_answer_was_lost_before_a_reset_is_not_run_in_the_new_sandbox) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  const int call = begin_command(server, id, "sleep 600");
  // It comes to repeat the call after the reset.
  server.signal(SIGSTOP);
  kill_and_wait("pyro-workspace");
  EXPECT_EQ(status(id).state, api::WorkspaceState::kStarted);  // by the next one
  reset(id);
  server.signal(SIGCONT);
  const Json reply = server.answer(call).at("result");
  EXPECT_EQ(reply.at("isError"), true) << reply.dump(2);
  EXPECT_THAT(reply.at("content").at(0).at("text").get<std::string>(),
              AllOf(HasSubstr("was reset while the answer of this command was lost"),
                    HasSubstr("failed_precondition")));
  EXPECT_EQ(server.call("workspace_logs", {{"workspace_id", id}}).at("count"), 0);
}

TEST_F(Mcp, every_service_may_be_killed_under_a_command_and_the_answer_comes) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  for (const std::string victim : {"pyro-workspace", "pyro-vm", "pyro-files", "pyro-supervisor"}) {
    const std::string waiting =
        fmt::format("while ! test -e go-{}; do sleep 0.1; done; echo ended", victim);
    const int call = begin_command(server, id, waiting);
    kill_and_wait(victim);
    server.call("workspace_file_write",
                {{"workspace_id", id}, {"path", "go-" + victim}, {"text", ""}});
    const Json reply = server.answer(call).at("result");
    ASSERT_TRUE(reply.contains("structuredContent")) << victim << ": " << reply.dump(2);
    EXPECT_EQ(reply.at("structuredContent").at("stdout"), "ended\n") << victim;
    EXPECT_EQ(entry_of(server, id, waiting).at("exit_code"), 0) << victim;
  }
}

TEST_F(Mcp, a_lost_answer_names_the_job_whose_command_may_go_on) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  const int call = begin_command(server, id, "sleep 600");
  const std::string job = entry_of(server, id, "sleep 600").at("job_id");
  // Until its supervisor gives it up.
  auto answer = std::async(std::launch::async, [&] { return server.answer(call); });
  while (answer.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
    for (const pid_t pid : processes("pyro-workspace")) ::kill(pid, SIGKILL);
  }
  EXPECT_THAT(
      answer.get().at("result").at("content").at(0).at("text").get<std::string>(),
      HasSubstr("; the command may still run: call workspace_exec_poll with job_id " + job));
}

TEST_F(Mcp, a_server_outlives_a_stack_that_is_taken_down) {
  auto server = serve();
  server.initialize();
  EXPECT_EQ(server.call("workspace_list").at("count"), 0);
  client_->down();
  EXPECT_EQ(server.call("workspace_list").at("count"), 0);
}

TEST_F(Mcp, two_servers_begin_at_once_over_one_stack) {
  auto one = serve();
  auto other = serve();
  one.initialize();
  other.initialize("2024-11-05");
  const int first = one.begin("workspace_create", Json::object());
  const int second = other.begin("workspace_create", Json::object());
  const std::string id = id_of(one.answer(first).at("result").at("structuredContent"));
  // That revision has text alone.
  const Json reply = other.answer(second).at("result");
  EXPECT_FALSE(reply.contains("structuredContent"));
  EXPECT_NE(id_of(Json::parse(McpProcess::text_of(reply))), id);
  EXPECT_EQ(one.call("workspace_list").at("count"), 2);
  EXPECT_EQ(processes("pyro-supervisor").size(), 1);
}

TEST_F(Mcp, two_hundred_calls_at_once_are_all_answered) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create", {{"seed_path", "."}}));
  std::vector<int> calls;
  for (int i = 0; i < 100; ++i) {
    calls.push_back(
        server.begin("workspace_file_read", {{"workspace_id", id}, {"path", "answer"}}));
    calls.push_back(
        server.begin("workspace_file_write",
                     {{"workspace_id", id}, {"path", fmt::format("f{}", i)}, {"text", "x"}}));
  }
  for (const int call : calls) {
    const Json result = server.answer(call).at("result");
    EXPECT_FALSE(result.value("isError", false)) << result.dump();
  }
  EXPECT_EQ(server.call("workspace_diff", {{"workspace_id", id}}).at("summary").at("total"), 100);
}

TEST_F(Mcp, long_output_is_cut_and_the_job_gives_all_of_it) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  const Json cut = server.call("workspace_exec", {{"workspace_id", id}, {"command", "seq 1 9999"}});
  EXPECT_EQ(cut.at("stdout_truncated"), true);
  EXPECT_LE(cut.at("stdout").get<std::string>().size(), 8100);
  std::string all;
  Json cursor = 0;
  for (;;) {
    const Json page =
        server.call("workspace_exec_poll",
                    {{"workspace_id", id}, {"job_id", cut.at("job_id")}, {"cursor", cursor}});
    all += page.at("stdout").get<std::string>();
    cursor = page.at("next_cursor");
    if (!page.at("more").get<bool>()) break;
    const Json newest = server.call(
        "workspace_exec_poll",
        {{"workspace_id", id}, {"job_id", cut.at("job_id")}, {"cursor", page.at("newest_cursor")}});
    EXPECT_THAT(newest.at("stdout").get<std::string>(), EndsWith("\n9999\n"));
  }
  std::string expected;
  for (int i = 1; i <= 9999; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(all, expected);
}

TEST_F(Mcp, a_long_patch_is_cut_and_told_once) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create", {{"seed_path", "."}}));
  server.call("workspace_exec", {{"workspace_id", id}, {"command", "seq 1 9999 > long; echo > b"}});
  const Json first = server.call("workspace_diff", {{"workspace_id", id}});
  EXPECT_EQ(first.at("next_offset"), 1);
  EXPECT_THAT(first.at("patch").get<std::string>(), StartsWith("diff --git a/b b/b\n"));
  const Json cut = server.call("workspace_diff", {{"workspace_id", id}, {"offset", 1}});
  EXPECT_EQ(cut.at("patch_truncated"), true);
  EXPECT_FALSE(cut.at("entries").back().contains("text_patch"));
  EXPECT_THAT(cut.at("hint").get<std::string>(), HasSubstr("workspace_file_read"));
  EXPECT_LE(cut.dump(2).size(), 25'000);
}

TEST_F(Mcp, a_diff_of_many_entries_is_paged) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  server.call("workspace_exec",
              {{"workspace_id", id}, {"command", "for i in $(seq 400); do echo $i > f$i; done"}});
  std::set<std::string> seen;
  for (bool more = true; more;) {
    const Json page =
        server.call("workspace_diff", {{"workspace_id", id}, {"offset", seen.size()}});
    for (const auto& entry : page.at("entries")) {
      seen.insert(entry.at("path"));
      EXPECT_THAT(page.at("patch").get<std::string>(),
                  HasSubstr("b/" + entry.at("path").get<std::string>() + "\n"));
    }
    EXPECT_FALSE(page.contains("patch_truncated"));
    EXPECT_LE(page.dump(2).size(), 25'000);
    more = page.at("truncated");
    if (more) {
      EXPECT_EQ(page.at("next_offset"), seen.size());
    }
  }
  EXPECT_EQ(seen.size(), 400);
}

/// Case 2 of real use: a list was 2.5 MB in one message, a history 1.7 MB.
TEST_F(Mcp, what_grows_with_a_workspace_comes_in_pages) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  server.call("workspace_exec",
              {{"workspace_id", id},
               {"command",
                "for d in $(seq 20); do mkdir $d; for f in $(seq 50); do : > $d/$f; done; done"}});
  std::set<std::string> seen;
  for (Json next = 0; !next.is_null();) {
    const Json page = server.call("workspace_file_list",
                                  {{"workspace_id", id}, {"recursive", true}, {"offset", next}});
    for (const auto& entry : page.at("entries")) seen.insert(entry.at("path"));
    EXPECT_EQ(page.at("count"), 1020);
    EXPECT_LE(page.dump(2).size(), 25'000);
    next = page.value("next_offset", Json());
  }
  EXPECT_EQ(seen.size(), 1020);

  const std::string noise = "seq 1 3000; seq 1 3000 >&2; : " + std::string(50'000, 'x');
  for (int i = 0; i < 12; ++i) {
    const Json ran = server.call("workspace_exec", {{"workspace_id", id}, {"command", noise}});
    EXPECT_LE(ran.dump(2).size(), 25'000);
  }
  std::set<std::uint64_t> sequences;
  for (Json next = 0; !next.is_null();) {
    const Json page = server.call("workspace_logs", {{"workspace_id", id}, {"offset", next}});
    for (const auto& entry : page.at("entries"))
      sequences.insert(entry.at("sequence").get<std::uint64_t>());
    EXPECT_LE(page.dump(2).size(), 25'000);
    next = page.value("next_offset", Json());
  }
  EXPECT_EQ(sequences.size(), 13);
  const Json latest = server.call("workspace_logs", {{"workspace_id", id}});
  EXPECT_EQ(latest.at("entries").back().at("sequence"), 13);
  EXPECT_LE(latest.dump(2).size(), 25'000);
  EXPECT_LE(server.call("workspace_summary", {{"workspace_id", id}}).dump(2).size(), 25'000);
}

TEST_F(Mcp, what_json_makes_longer_is_asked_for_in_smaller_parts) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  const Json ran = server.call(
      "workspace_exec",
      {{"workspace_id", id}, {"command", "head -c 30000 /dev/zero | tr '\\0' '\\1' | tee file"}});
  std::size_t printed = 0;
  for (Json cursor = 0;;) {
    const Json page =
        server.call("workspace_exec_poll",
                    {{"workspace_id", id}, {"job_id", ran.at("job_id")}, {"cursor", cursor}});
    printed += page.at("stdout").get<std::string>().size();
    EXPECT_LE(page.dump(2).size(), 25'000);
    cursor = page.at("next_cursor");
    if (!page.at("more").get<bool>()) break;
  }
  EXPECT_EQ(printed, 30'000);
  std::size_t read = 0;
  for (Json next = 0; !next.is_null();) {
    const Json page = server.call(
        "workspace_file_read",
        {{"workspace_id", id}, {"path", "file"}, {"offset", next}, {"max_bytes", 1 << 20}});
    read += page.at("content").get<std::string>().size();
    EXPECT_LE(page.dump(2).size(), 25'000);
    next = page.value("next_offset", Json());
  }
  EXPECT_EQ(read, 30'000);
}

TEST_F(Mcp, a_server_sees_its_projects_workspaces_and_those_that_were_handed_over) {
  const std::string persons =
      client_->call(api::CreateWorkspace{.environment = kEnvironment}).workspace_id;
  auto server = serve();
  server.initialize();
  const Json made = server.call("workspace_create");
  EXPECT_EQ(made.at("project"), fs::canonical(project_).string());
  EXPECT_EQ(server.call("workspace_list").at("workspaces").size(), 1);
  for (const char* tool : {"workspace_status", "workspace_delete", "workspace_summary"}) {
    EXPECT_THAT(server.failure(tool, {{"workspace_id", persons}}),
                AllOf(HasSubstr("is of another project"), HasSubstr("--workspace " + persons)));
  }
  auto same_project = serve();
  same_project.initialize();
  EXPECT_EQ(same_project.call("workspace_status", {{"workspace_id", id_of(made)}}).at("state"),
            "started");
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"--workspace", persons}, {"--all-workspaces"}}) {
    auto other = serve(flags);
    other.initialize();
    EXPECT_EQ(other.call("workspace_list").at("workspaces").size(), 2);
    EXPECT_EQ(other.call("workspace_status", {{"workspace_id", persons}}).at("state"), "started");
  }
}

TEST_F(Mcp, a_workspace_begins_with_what_git_tracks_of_the_project) {
  put(project_ / "untracked", "x");
  for (const char* words :
       {"init -q", "add answer check.sh", "-c user.name=n -c user.email=e@x commit -qm first"}) {
    run_checked({.argv = {"sh", "-c", fmt::format("git -C {} {}", project_.string(), words)}},
                Clock::now() + std::chrono::minutes(1), {});
  }
  auto server = serve({"--project-path", (project_ / "sub").string()});
  EXPECT_THAT(server.initialize().at("instructions").get<std::string>(),
              HasSubstr("does not exist"));
  EXPECT_THAT(server.failure("workspace_create"), StartsWith("project_path"));
  // What a person mends meanwhile counts from then on.
  fs::create_directory(project_ / "sub");
  const Json made = server.call("workspace_create");
  EXPECT_EQ(made.at("workspace_seed").at("origin_kind"), "project_path");
  EXPECT_EQ(made.at("workspace_seed").at("origin_ref"), project_.string());
  const Json listed = server.call(
      "workspace_exec", {{"workspace_id", id_of(made)},
                         {"command", "ls; git status --porcelain; git log --oneline | wc -l"}});
  EXPECT_EQ(listed.at("stdout"), "answer\ncheck.sh\n1\n");
}

TEST_F(Mcp, a_model_reaches_no_file_of_the_person) {
  auto server = serve();
  server.initialize();
  put(directory_.path() / "secret", "secret");
  EXPECT_THAT(server.failure("workspace_create", {{"seed_path", ".."}}), HasSubstr("lies outside"));
  const std::string id = id_of(server.call("workspace_create", {{"seed_path", "."}}));
  const fs::path out = directory_.path() / "out";
  EXPECT_THAT(
      server.failure("workspace_export",
                     {{"workspace_id", id}, {"path", "answer"}, {"output_path", out.string()}}),
      HasSubstr("lies outside"));
  EXPECT_FALSE(fs::exists(out));
  // Not by way of a link that the guest made and the model exported, either.
  server.call("workspace_exec", {{"workspace_id", id},
                                 {"command", "mkdir d && ln -s ../.. d/up && ln -s /etc d/etc"}});
  EXPECT_THAT(server.failure("workspace_export",
                             {{"workspace_id", id}, {"path", "d"}, {"output_path", "d"}}),
              HasSubstr("escapes"));
  EXPECT_FALSE(fs::exists(project_ / "d"));
  // Nor does git on the host come to obey what the guest wrote.
  server.call("workspace_exec", {{"workspace_id", id},
                                 {"command",
                                  "mkdir -p r/.git/hooks && touch r/f r/.git/config r/.envrc && "
                                  "chmod +x r/f && truncate -s 200M r/sparse"}});
  const Json exported =
      server.call("workspace_export", {{"workspace_id", id}, {"path", "r"}, {"output_path", "r"}});
  EXPECT_EQ(exported.at("skipped_count"), 4);
  EXPECT_EQ(exported.at("withheld"), Json::array({".envrc"}));
  EXPECT_EQ(exported.at("executable_bits_dropped"), 1);
  EXPECT_EQ(fs::status(project_ / "r/f").permissions() & fs::perms::owner_exec, fs::perms::none);
  EXPECT_FALSE(fs::exists(project_ / "r/.git"));
  EXPECT_FALSE(fs::exists(project_ / "r/.envrc"));
  struct stat sparse {};
  ASSERT_EQ(::stat((project_ / "r/sparse").c_str(), &sparse), 0);
  EXPECT_EQ(sparse.st_size, 200 << 20);
  EXPECT_LT(sparse.st_blocks, 100);
  const Json placed = server.call("workspace_export", {{"workspace_id", id}, {"path", "r/f"}});
  EXPECT_EQ(placed.at("output_path"), (project_ / ".pyro/exports/f").string());
  EXPECT_TRUE(fs::exists(project_ / ".pyro/exports/.gitignore"));
}

/// A host that can boot no guest.
class McpWithoutGuests : public Mcp {
 protected:
  McpWithoutGuests() : Mcp({{"PYRO_VM_QEMU", "no-such-vmm"}}) {}
};

TEST_F(McpWithoutGuests, nothing_runs_on_the_host_unless_the_person_allowed_it) {
  auto server = serve();
  server.initialize();
  EXPECT_THAT(server.failure("workspace_create", {{"allow_host_compat", true}}),
              StartsWith("guest boot is unavailable"));
  const auto persons =
      call(api::CreateWorkspace{.environment = kEnvironment, .allow_host_compat = true});
  auto handed_over = serve({"--workspace", persons.workspace_id});
  handed_over.initialize();
  EXPECT_THAT(handed_over.failure("workspace_exec", {{"workspace_id", persons.workspace_id},
                                                     {"command", "touch /tmp/never"}}),
              HasSubstr("runs on the host itself"));
  const auto machine =
      call(api::CreateMachine{.environment = kEnvironment, .allow_host_compat = true});
  call(api::StartMachine{.vm_id = machine.vm_id});
  auto full = serve({"--profile", "workspace-full"});
  full.initialize();
  EXPECT_THAT(full.failure("vm_exec", {{"vm_id", machine.vm_id}, {"command", "touch /tmp/never"}}),
              HasSubstr("runs on the host itself"));
  EXPECT_EQ(call(api::ExecMachine{.vm_id = machine.vm_id, .command = "echo here"}).stdout_text,
            "here\n");

  auto allowed = serve({"--allow-host-compat"});
  allowed.initialize();
  EXPECT_THAT(allowed.failure("workspace_create"), StartsWith("guest boot is unavailable"));
  const Json made = allowed.call("workspace_create", {{"allow_host_compat", true}});
  EXPECT_EQ(made.at("execution_mode"), "host_compat");
  EXPECT_EQ(
      allowed.call("workspace_exec", {{"workspace_id", id_of(made)}, {"command", "echo here"}})
          .at("execution_mode"),
      "host_compat");
}

TEST_F(McpWithoutGuests, no_one_shot_machine_runs_on_the_host_unless_the_person_allowed_it) {
  const Json wanted = {{"environment", kEnvironment}, {"allow_host_compat", true}};
  Json run = wanted;
  run["command"] = "echo here";
  auto server = serve({"--profile", "workspace-full"});
  server.initialize();
  EXPECT_THAT(server.failure("vm_run", run), StartsWith("guest boot is unavailable"));
  EXPECT_THAT(server.failure("vm_create", wanted), StartsWith("guest boot is unavailable"));

  auto allowed = serve({"--profile", "workspace-full", "--allow-host-compat"});
  allowed.initialize();
  EXPECT_EQ(allowed.call("vm_run", run).at("execution_mode"), "host_compat");
  const Json started =
      allowed.call("vm_start", {{"vm_id", allowed.call("vm_create", wanted).at("vm_id")}});
  EXPECT_EQ(started.at("execution_mode"), "host_compat");
}

}  // namespace
}  // namespace pyro::test
