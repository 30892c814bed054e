#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <list>

#include "common/api/agent.h"
#include "common/api/agent_secrets.h"
#include "common/api/agent_services.h"
#include "common/api/agent_shells.h"
#include "common/api/workspace_network.h"
#include "common/api/workspace_services.h"
#include "common/api/workspace_shells.h"
#include "common/base/base64.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/workspace.h"
#include "common/guest/machine_paths.h"
#include "common/secrets/secret_file.h"
#include "tests/service/workspace/workspace_service.h"
#include "tests/support/fake_agent.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FakeAgent;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr const char* kValue = "s3cr3t-hunter22";

template <class Op>
Op body_of(const link::Frame& request) {
  return api::from_msgpack<Op>(request.body.data, api::UnknownFields::kIgnore);
}

/// Workspaces whose guests print what a test says, whatever is started in them.
class WorkspaceSecrets : public WorkspaceService {
 protected:
  WorkspaceSecrets() {
    on_start_ = [this](const std::string& vm_id) {
      std::filesystem::create_directories(link(vm_id).parent_path());
      std::filesystem::remove(link(vm_id));
      guests_.emplace_back(link(vm_id), [this, vm_id](const link::Frame& request) {
        return answer(vm_id, request);
      });
    };
  }
  ~WorkspaceSecrets() override { service_.reset(); }

  std::filesystem::path link(const std::string& vm_id) const {
    return MachinePaths(stack_.paths(), vm_id).link_socket;
  }

  std::optional<std::string> answer(const std::string& vm_id, const link::Frame& request) {
    const std::lock_guard lock(mutex_);
    if (request.method == wire::InstallSecrets::kMethod.name) {
      if (refuses_secrets_) return FakeAgent::error(internal_error("no room for {}", kValue));
      std::map<std::string, std::string> secrets;
      for (const auto& secret : body_of<wire::InstallSecrets>(request).secrets) {
        secrets[secret.name] = secret.value.data;
      }
      installed_[vm_id] = secrets;
      return FakeAgent::result(api::Nothing{});
    }
    if (request.method == wire::StartJob::kMethod.name) {
      started_ = body_of<wire::StartJob>(request);
      return FakeAgent::result(wire::Job{.pid = 7});
    }
    if (request.method == wire::OpenShell::kMethod.name) {
      environment_of_shell_ = body_of<wire::OpenShell>(request).environment;
      return FakeAgent::result(wire::Shell{});
    }
    if (request.method == wire::FollowJob::kMethod.name) {
      std::string frames;
      for (const auto& piece : printed_) frames += FakeAgent::output(piece);
      return frames +
             FakeAgent::result(wire::Job{.state = wire::JobState::kExited, .exit_code = 0});
    }
    if (request.method == wire::ReadShell::kMethod.name) {
      const auto read = body_of<wire::ReadShell>(request);
      wire::ShellPart part{.shell = {.printed_bytes = joined().size()}, .offset = read.offset};
      part.data.data = joined().substr(read.offset, read.max_bytes);
      return FakeAgent::result(part);
    }
    if (request.method == wire::ReadLog::kMethod.name) {
      const auto read = body_of<wire::ReadLog>(request);
      if (read.stream == 2) return FakeAgent::result(wire::LogPart{});
      const std::string all = joined();
      const std::uint64_t from =
          read.offset.value_or(all.size() - std::min<std::uint64_t>(all.size(), read.max_bytes));
      return FakeAgent::result(wire::LogPart{
          .data = {all.substr(from, read.max_bytes)}, .offset = from, .total = all.size()});
    }
    if (request.method == wire::ProbeJob::kMethod.name) {
      return FakeAgent::result(wire::ProbeResult{.why = std::string("got ") + kValue});
    }
    if (request.method == wire::WaitJob::kMethod.name) {
      return FakeAgent::result(wire::Job{.state = wire::JobState::kExited, .exit_code = 1});
    }
    if (request.method == wire::AwaitShell::kMethod.name) return std::nullopt;
    return FakeAgent::result(wire::Job{});
  }
  std::string joined() const {
    std::string all;
    for (const auto& piece : printed_) all += piece;
    return all;
  }

  static api::CreateWorkspace request(std::vector<api::GivenSecret> secrets = {
                                          {.name = "token", .value = kValue}}) {
    api::CreateWorkspace request{.environment = "debian:12"};
    request.secrets = std::move(secrets);
    return request;
  }
  std::string create_with_secret() { return call(request()).workspace_id; }
  api::WorkspaceExecResult exec(const std::string& id, const std::string& command = "make",
                                const std::map<std::string, std::string>& secret_env = {}) {
    return call(
        api::ExecWorkspace{.workspace_id = id, .command = command, .secret_env = secret_env});
  }
  std::map<std::string, std::string> installed_in(const std::string& id) {
    const std::string vm_id = machines_of(id).at(0);
    const std::lock_guard lock(mutex_);
    return installed_[vm_id];
  }
  std::filesystem::path secret_file(const std::string& id) const {
    return stack_.paths().workspaces_dir() / id / "secrets";
  }
  /// Files of the stack that hold the value in any form, but for those of secrets.
  std::vector<std::string> files_with_the_value() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(stack_ / "")) {
      if (!entry.is_regular_file() || entry.path().filename() == "secrets") continue;
      const std::string text = read_file(entry.path());
      if (text.find(kValue) != std::string::npos || text.find("hunter22") != std::string::npos ||
          text.find(to_base64(kValue).substr(0, 16)) != std::string::npos) {
        found.push_back(entry.path().string());
      }
    }
    return found;
  }

  std::recursive_mutex mutex_;
  bool refuses_secrets_ = false;
  std::vector<std::string> printed_;
  std::map<std::string, std::map<std::string, std::string>> installed_;
  std::map<std::string, std::string> environment_of_shell_;
  wire::StartJob started_;
  std::list<FakeAgent> guests_;
};

TEST_F(WorkspaceSecrets, are_in_the_guest_before_create_is_answered_and_told_by_name_alone) {
  const auto created = call(request());
  ASSERT_THAT(created.secrets, SizeIs(1));
  EXPECT_EQ(created.secrets.front().name, "token");
  EXPECT_EQ(created.secrets.front().source_kind, api::SecretSource::kLiteral);
  EXPECT_THAT(installed_in(created.workspace_id), ElementsAre(Pair("token", kValue)));
  struct stat info {};
  ASSERT_EQ(::stat(secret_file(created.workspace_id).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_THAT(files_with_the_value(), IsEmpty());
}

TEST_F(WorkspaceSecrets, one_with_hosts_is_a_placeholder_in_the_guest_and_goes_with_its_network) {
  const auto with_hosts = [] {
    api::CreateWorkspace wanted = request(
        {{.name = "token", .value = kValue, .hosts = {"API.example.com", "b.example.org"}}});
    wanted.network_policy = api::NetworkPolicy::kEgress;
    return wanted;
  };
  const auto created = call(with_hosts());
  const std::string id = created.workspace_id;
  EXPECT_THAT(created.secrets.at(0).hosts, ElementsAre("api.example.com", "b.example.org"));
  const std::string placeholder = installed_in(id).at("token");
  EXPECT_THAT(placeholder, ::testing::MatchesRegex("pyro_secret_[0-9a-f]{32}"));
  exec(id, "make", {{"T", "token"}});
  EXPECT_THAT(started_.environment, ElementsAre(Pair("T", placeholder)));
  printed_ = {"got ", placeholder};
  EXPECT_EQ(exec(id).stdout_text, "got " + placeholder) << "it is worth nothing";

  const api::NetworkRules rules = rules_of(id);
  EXPECT_THAT(rules.secret_hosts, ElementsAre("api.example.com", "b.example.org"));
  EXPECT_THAT(rules.allow, IsEmpty()) << "all of the internet is no list";
  EXPECT_EQ(rules.secret_file, secret_file(id).string());
  const SecretFile kept = read_secret_file(secret_file(id));
  EXPECT_EQ(rules.secret_authority, kept.authority.certificate);
  EXPECT_THAT(rules.secret_authority, Not(HasSubstr("KEY")));
  EXPECT_EQ(kept.secrets.at(0).value.data, kValue);
  EXPECT_THAT(files_with_the_value(), IsEmpty());

  call(api::ResetWorkspace{.workspace_id = id});
  EXPECT_EQ(installed_in(id).at("token"), placeholder);
  EXPECT_EQ(rules_of(id), rules);
  call(api::UpdateNetwork{.workspace_id = id, .network_policy = api::NetworkPolicy::kOff});
  EXPECT_THAT(rules_of(id).secret_hosts, IsEmpty());
  call(api::UpdateNetwork{.workspace_id = id, .network_policy = api::NetworkPolicy::kEgress});
  EXPECT_EQ(rules_of(id), rules);
  EXPECT_NE(installed_in(call(with_hosts()).workspace_id).at("token"), placeholder);
}

TEST_F(WorkspaceSecrets, a_host_of_one_is_on_the_list_of_its_network) {
  api::CreateWorkspace wanted =
      request({{.name = "token", .value = kValue, .hosts = {"api.example.com"}}});
  wanted.network_policy = api::NetworkPolicy::kEgress;
  wanted.allow_domains = {"example.org"};
  const std::string id = call(wanted).workspace_id;
  EXPECT_THAT(rules_of(id).allow, ElementsAre("api.example.com:443", "example.org"));
  call(api::UpdateNetwork{.workspace_id = id, .allow_domains = {"c.example"}});
  EXPECT_THAT(rules_of(id).allow, ElementsAre("api.example.com:443", "c.example", "example.org"));
}

TEST_F(WorkspaceSecrets, one_with_hosts_that_cannot_be_is_refused) {
  const auto refusal = [this](const std::string& value, const std::string& host,
                              api::NetworkPolicy policy = api::NetworkPolicy::kEgress) {
    api::CreateWorkspace wanted = request({{.name = "token", .value = value, .hosts = {host}}});
    wanted.network_policy = policy;
    return error_of([&] { call(wanted); });
  };
  EXPECT_THAT(refusal(kValue, "api.example.com", api::NetworkPolicy::kOff),
              Refused(reason::kSecretNeedsNetwork));
  for (const char* host : {"*.example.com", "api.example.com:443", "192.0.2.1", "localhost", "",
                           "https://api.example.com", "api.example.com."}) {
    EXPECT_THAT(refusal(kValue, host), Refused(reason::kSecretRefused)) << host;
  }
  for (const std::string& value : {std::string("short77"), std::string("two\r\nX: lines"),
                                   std::string("a\x1f"
                                               "bcdefgh"),
                                   std::string(" blank-at-start"), std::string(9000, 'l')}) {
    EXPECT_THAT(refusal(value, "api.example.com"), Refused(reason::kSecretRefused)) << value;
  }
  EXPECT_THAT(call(api::ListWorkspaces{}).workspaces, IsEmpty());
}

TEST_F(WorkspaceSecrets, what_a_command_prints_of_them_is_shown_nowhere) {
  const std::string id = create_with_secret();
  printed_ = {"a s3cr3t-", "hunter22 b ", to_base64(std::string("x:") + kValue), "\n", "s3cr3t-"};
  const auto result = exec(id, std::string("echo ") + kValue);
  EXPECT_THAT(result.stdout_text, HasSubstr("a [REDACTED] b "));
  EXPECT_THAT(result.stdout_text, Not(HasSubstr("hunter22")));
  EXPECT_TRUE(result.stdout_text.ends_with("s3cr3t-")) << result.stdout_text;
  EXPECT_EQ(started_.command, std::string("echo ") + kValue) << "the guest gets it as it is";
  const auto log = call(api::WorkspaceLogs{.workspace_id = id}).entries;
  ASSERT_THAT(log, SizeIs(1));
  EXPECT_EQ(log[0].command, "echo [REDACTED]");
  EXPECT_EQ(log[0].stdout_text, result.stdout_text);
  EXPECT_EQ(call(api::WorkspaceStatus{.workspace_id = id}).last_command->command,
            "echo [REDACTED]");
  EXPECT_THAT(files_with_the_value(), IsEmpty());
}

TEST_F(WorkspaceSecrets, a_poll_goes_on_at_the_same_places_after_a_kill) {
  const std::string id = create_with_secret();
  printed_ = {"a s3cr3t-", "hunter22 b ", "c s3cr3t-hunter22."};
  points_.kill_at("workspace.exec.ended");
  EXPECT_THAT(
      error_of([&] {
        call(api::ExecWorkspace{.workspace_id = id, .command = "make", .job_id = "0123456789ab"});
      }),
      Refused(ErrorCode::kUnavailable));
  restart();
  const auto poll =
      call(api::PollExec{.workspace_id = id, .job_id = "0123456789ab", .wait_seconds = 20});
  EXPECT_EQ(poll.stdout_text, "a [REDACTED] b c [REDACTED].");
}

TEST_F(WorkspaceSecrets, a_variable_holds_one_for_a_single_call) {
  TemporaryDirectory directory(std::filesystem::temp_directory_path(), "pyro-test");
  write_file_atomically(directory.path() / "f", "from-a-file\n");
  const std::string id =
      call(request({{.name = "token", .value = kValue},
                    {.name = "other", .file_path = (directory.path() / "f").string()}}))
          .workspace_id;
  exec(id, "make", {{"TOKEN", "token"}, {"other", "other"}});
  EXPECT_THAT(started_.environment,
              ElementsAre(Pair("TOKEN", kValue), Pair("other", "from-a-file")));
  EXPECT_THAT(installed_in(id), ElementsAre(Pair("other", "from-a-file\n"), Pair("token", kValue)));
  exec(id);
  EXPECT_THAT(started_.environment, IsEmpty());
  call(api::OpenShell{.workspace_id = id, .secret_env = {{"T", "token"}}});
  EXPECT_THAT(environment_of_shell_, ElementsAre(Pair("T", kValue)));
  EXPECT_THAT(error_of([&] {
                exec(id, "make", {{"T", "nosuch"}});
              }),
              Refused(reason::kSecretMissing));
  EXPECT_THAT(error_of([&] {
                exec(id, "make", {{"1T", "token"}});
              }),
              Refused(ErrorCode::kInvalidArgument));
}

TEST_F(WorkspaceSecrets, a_shell_shows_none_also_where_escapes_cut_it) {
  const std::string id = create_with_secret();
  const std::string shell = call(api::OpenShell{.workspace_id = id}).shell_id;
  printed_ = {"a s3cr3t-hunter22 b \x1b[31ms3cr3t\x1b[0m-hunter22.\r\n"};
  const auto raw = call(api::ReadShell{.workspace_id = id, .shell_id = shell});
  EXPECT_THAT(raw.output, HasSubstr("a [REDACTED] b "));
  const auto plain = call(api::ReadShell{.workspace_id = id, .shell_id = shell, .plain = true});
  EXPECT_THAT(plain.output, HasSubstr("a [REDACTED] b [REDACTED]."));
  std::string stepwise;
  std::uint64_t cursor = 0;
  do {
    const auto part = call(
        api::ReadShell{.workspace_id = id, .shell_id = shell, .cursor = cursor, .max_chars = 3});
    stepwise += part.output;
    cursor = part.next_cursor;
    if (!part.truncated) break;
  } while (true);
  EXPECT_EQ(stepwise, raw.output);
}

TEST_F(WorkspaceSecrets, a_service_that_fails_shows_none_in_its_reason_and_its_log) {
  const std::string id = create_with_secret();
  printed_ = {"starts with s3cr3t-hunter22\n"};
  const auto failed = call(api::StartService{.workspace_id = id,
                                             .service_name = "web",
                                             .command = std::string("serve ") + kValue,
                                             .ready_tcp = "localhost:1",
                                             .secret_env = {{"T", "token"}}});
  EXPECT_EQ(failed.state, api::WorkspaceServiceState::kFailed);
  EXPECT_EQ(failed.command, "serve [REDACTED]");
  EXPECT_THAT(*failed.failure, AllOf(HasSubstr("got [REDACTED]"), HasSubstr("with [REDACTED]"),
                                     Not(HasSubstr("hunter22"))));
  EXPECT_THAT(started_.environment, ElementsAre(Pair("T", kValue)));
  EXPECT_EQ(started_.command, std::string("serve ") + kValue);
  const auto log = call(api::ServiceLogs{.workspace_id = id, .service_name = "web"});
  EXPECT_EQ(log.stdout_text, "starts with [REDACTED]\n");
  const auto part =
      call(api::ServiceLogs{.workspace_id = id, .service_name = "web", .stdout_offset = 16});
  EXPECT_EQ(part.stdout_text, "\n") << "of what began before it there is no second mark";
  call(api::StopWorkspace{.workspace_id = id});
  EXPECT_EQ(call(api::ServiceLogs{.workspace_id = id, .service_name = "web"}).stdout_text,
            "starts with [REDACTED]\n");
  EXPECT_THAT(files_with_the_value(), IsEmpty());
}

TEST_F(WorkspaceSecrets, answers_and_refusals_of_other_services_show_none) {
  const std::string id = create_with_secret();
  files_->on<api::OnMachine<api::ListFiles>>([](const api::OnMachine<api::ListFiles>& on) {
    EXPECT_TRUE(on.secrets) << "the files service knows them by their file";
    return api::FileList{.path = "/workspace",
                         .entries = {{.path = std::string("/workspace/") + kValue}}};
  });
  EXPECT_EQ(call(api::ListFiles{.workspace_id = id}).entries.at(0).path, "/workspace/[REDACTED]");
  files_->on<api::OnMachine<api::ReadFile>>(
      [](const api::OnMachine<api::ReadFile>&) -> api::FileContent {
        throw not_found("no {} here", kValue);
      });
  const auto error = error_of([&] { call(api::ReadFile{.workspace_id = id, .path = "a"}); });
  EXPECT_THAT(error, Refused(ErrorCode::kNotFound, "no [REDACTED] here"));
  write(id, std::string("dir/") + kValue);
  EXPECT_THAT(summary(id).edits.recent.at(0).paths, ElementsAre("/workspace/dir/[REDACTED]"));
  EXPECT_THAT(files_with_the_value(), IsEmpty());
}

TEST_F(WorkspaceSecrets, a_reset_and_a_start_give_them_again) {
  const std::string id = create_with_secret();
  call(api::ResetWorkspace{.workspace_id = id});
  EXPECT_THAT(installed_in(id), ElementsAre(Pair("token", kValue)));
  call(api::StopWorkspace{.workspace_id = id});
  installed_.clear();
  call(api::StartWorkspace{.workspace_id = id});
  EXPECT_THAT(installed_in(id), ElementsAre(Pair("token", kValue)));
}

TEST_F(WorkspaceSecrets, a_start_that_a_kill_cut_short_gives_them_before_the_next_command) {
  const std::string id = create_with_secret();
  call(api::StopWorkspace{.workspace_id = id});
  installed_.clear();
  points_.kill_at("workspace.start.booted");
  EXPECT_THAT(error_of([&] { call(api::StartWorkspace{.workspace_id = id}); }),
              Refused(ErrorCode::kUnavailable));
  restart();
  EXPECT_THAT(installed_in(id), IsEmpty());
  exec(id);
  EXPECT_THAT(installed_in(id), ElementsAre(Pair("token", kValue)));
}

TEST_F(WorkspaceSecrets, a_create_that_is_killed_at_any_step_leaves_no_file_with_them) {
  for (const char* point :
       {"workspace.create.directory", "workspace.secrets.kept", "workspace.secrets.read",
        "workspace.secrets.installed", "workspace.create.described"}) {
    SCOPED_TRACE(point);
    points_.kill_at(point);
    EXPECT_THAT(error_of([&] { call(request()); }), Refused(ErrorCode::kUnavailable));
    restart();
    EXPECT_TRUE(test::soon([&] { return directory_count() == 0 && machine_count() == 0; }));
  }
}

TEST_F(WorkspaceSecrets, a_deletion_wipes_the_copy) {
  const std::string id = create_with_secret();
  const auto other_name = stack_ / "link-to-secrets";
  std::filesystem::create_hard_link(secret_file(id), other_name);
  call(api::DeleteWorkspace{.workspace_id = id});
  EXPECT_EQ(read_file(other_name).find_first_not_of('\0'), std::string::npos);
  EXPECT_EQ(directory_count(), 0U);
}

TEST_F(WorkspaceSecrets, a_deletion_that_a_kill_cut_short_wipes_it_at_the_next_start) {
  const std::string id = create_with_secret();
  const auto other_name = stack_ / "link-to-secrets";
  std::filesystem::create_hard_link(secret_file(id), other_name);
  points_.kill_at("workspace.delete.record_gone");
  EXPECT_THAT(error_of([&] { call(api::DeleteWorkspace{.workspace_id = id}); }),
              Refused(ErrorCode::kUnavailable));
  restart();
  EXPECT_TRUE(test::soon([&] { return directory_count() == 0; }));
  EXPECT_EQ(read_file(other_name).find_first_not_of('\0'), std::string::npos);
}

TEST_F(WorkspaceSecrets, without_their_file_nothing_is_shown_and_the_workspace_can_be_deleted) {
  const std::string id = create_with_secret();
  restart();
  std::filesystem::remove(secret_file(id));
  restart();
  EXPECT_THAT(error_of([&] { exec(id); }), Refused(reason::kSecretsLost));
  call(api::StopWorkspace{.workspace_id = id});
  call(api::DeleteWorkspace{.workspace_id = id});
  EXPECT_EQ(directory_count(), 0U);
}

TEST_F(WorkspaceSecrets, without_their_file_the_disk_is_exported_and_no_summary_tells_of_it) {
  vm_->on<api::GetDisks>(
      api::DiskPaths{.environment = "/env", .system = "/system", .workspace = "/work"});
  files_->on<api::OnDisks<api::ExportDisk>>([](const api::OnDisks<api::ExportDisk>& on) {
    return api::DiskExported{.output_path = on.request.output_path};
  });
  const std::string id = create_with_secret();
  call(api::StopWorkspace{.workspace_id = id});
  std::filesystem::remove(secret_file(id));
  restart();
  EXPECT_EQ(call(api::ExportDisk{.workspace_id = id, .output_path = "/out"}).output_path, "/out");
}

TEST_F(WorkspaceSecrets, a_guest_that_does_not_take_them_is_no_workspace) {
  refuses_secrets_ = true;
  EXPECT_THAT(error_of([&] { call(request()); }), Refused(ErrorCode::kInternal));
  EXPECT_TRUE(test::soon([&] { return directory_count() == 0 && machine_count() == 0; }));
  EXPECT_THAT(files_with_the_value(), IsEmpty());
}

TEST_F(WorkspaceSecrets, are_refused_where_there_is_no_guest) {
  starts_as_ = api::ExecutionMode::kHostCompat;
  auto compat = request();
  compat.allow_host_compat = true;
  files_->on<api::FillWorkspace>(api::TreeSize{});
  EXPECT_THAT(error_of([&] { call(compat); }), Refused(reason::kNoGuest));
  EXPECT_TRUE(test::soon([&] { return directory_count() == 0; }));
}

TEST_F(WorkspaceSecrets, that_no_guest_may_have_are_refused_before_anything_is_made) {
  TemporaryDirectory directory(std::filesystem::temp_directory_path(), "pyro-test");
  const auto path = [&](const char* name) { return (directory.path() / name).string(); };
  write_file_atomically(path("good"), "hunter22");
  std::filesystem::create_symlink("good", path("link"));
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  const auto refusal = [&](std::vector<api::GivenSecret> secrets) {
    return error_of([&] { call(request(std::move(secrets))); });
  };
  EXPECT_THAT(refusal({{.name = "a", .value = "abc"}}), Refused(reason::kSecretRefused));
  EXPECT_THAT(refusal({{.name = "1a", .value = kValue}}), Refused(reason::kSecretRefused));
  EXPECT_THAT(refusal({{.name = "a-b", .value = kValue}}), Refused(reason::kSecretRefused));
  EXPECT_THAT(refusal({{.name = "a"}}), Refused(reason::kSecretRefused));
  EXPECT_THAT(refusal({{.name = "a", .value = kValue, .file_path = path("good")}}),
              Refused(reason::kSecretRefused));
  EXPECT_THAT(refusal({{.name = "a", .value = kValue}, {.name = "a", .value = kValue}}),
              Refused(reason::kSecretRefused));
  EXPECT_THAT(refusal({{.name = "a", .file_path = path("fifo")}}), Refused(reason::kSecretRefused));
  EXPECT_THAT(refusal({{.name = "a", .file_path = directory.path().string()}}),
              Refused(reason::kSecretRefused));
  EXPECT_THAT(refusal({{.name = "a", .file_path = path("none")}}), Refused(ErrorCode::kNotFound));
  EXPECT_THAT(refusal({{.name = "a", .value = std::string(65537, 'x')}}),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_TRUE(refusal({{.name = "a", .file_path = path("link"), .by_model = true}}))
      << "what a model names is followed through no link";
  auto shown = request();
  shown.name = std::string("about ") + kValue;
  EXPECT_THAT(error_of([&] { call(shown); }), Refused(reason::kSecretRefused));
  shown.name.reset();
  shown.labels = {{"key", kValue}};
  EXPECT_THAT(error_of([&] { call(shown); }), Refused(reason::kSecretRefused));
  EXPECT_EQ(directory_count(), 0U);
  EXPECT_EQ(machine_count(), 0U);
  EXPECT_THAT(files_with_the_value(), IsEmpty());
}

TEST_F(WorkspaceSecrets, a_name_that_shows_one_is_refused_also_later) {
  const std::string id = create_with_secret();
  EXPECT_THAT(error_of([&] {
                call(api::UpdateWorkspace{.workspace_id = id, .name = std::string(kValue)});
              }),
              Refused(reason::kSecretRefused));
}

}  // namespace
}  // namespace pyro::workspace
