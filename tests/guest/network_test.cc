#include <signal.h>

#include <set>

#include "common/api/workspace_network.h"
#include "common/api/workspace_ports.h"
#include "common/api/workspace_services.h"
#include "common/api/workspace_shells.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "tests/guest/workspace_fixture.h"
#include "tests/service/net/lab.h"
#include "tests/service/net/tls_ends.h"
#include "tests/support/errors.h"
#include "tests/support/soon.h"

namespace pyro::test {

using api::NetworkPolicy;
using pyro::testing::error_of;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

constexpr const char* kFarAddress = "203.0.113.10";

/// A stack on a host of the test's own, with an internet of the test's own behind it
/// (tests/service/net/lab.h). The lab comes first: all that the stack starts is on its host.
class NetworkOfGuests : private gate::Lab, public WorkspaceFixture {
 protected:
  NetworkOfGuests() {
    internet().set("allowed.test", {kFarAddress});
    internet().set("denied.test", {"203.0.113.11"});
    internet().answer(kFarAddress, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    internet().answer("203.0.113.11", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
  }

  using gate::Lab::internet;

  api::Workspace create_with(std::vector<std::string> domains,
                             NetworkPolicy policy = NetworkPolicy::kEgress) {
    return call(api::CreateWorkspace{.environment = kEnvironment,
                                     .ttl_seconds = 3600,
                                     .network_policy = policy,
                                     .allow_domains = std::move(domains)});
  }
  /// What a page says, or why it cannot be had.
  static std::string fetch(const std::string& name) {
    return fmt::format(
        "python3 -c \"import urllib.request\n"
        "try: print(urllib.request.urlopen('http://{}/', timeout=20).read().decode())\n"
        "except Exception as e: print('failed:', e)\"",
        name);
  }
  std::string fetched(const std::string& id, const std::string& name) {
    return output_of(id, fetch(name));
  }
};

TEST_F(NetworkOfGuests, off_is_no_carrier_no_process_and_nothing_that_leaves) {
  const auto ran = run_script(
      "python3 - <<'END'\n"
      "import fcntl, socket, struct, time\n"
      "s = socket.socket()\n"
      "fcntl.ioctl(s, 0x8914, struct.pack('16sh', b'eth0', 1))\n"
      "time.sleep(1)\n"
      "print('carrier', open('/sys/class/net/eth0/carrier').read())\n"
      "p = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
      "p.bind(('eth0', 0x0800))\n"
      "try:\n"
      "  for i in range(100): p.send(b'\\xff' * 60)\n"
      "except OSError as e: print(e)\n"
      "print('sent', open('/sys/class/net/eth0/statistics/tx_packets').read())\n"
      "END\n");
  EXPECT_THAT(ran.output, AllOf(HasSubstr("carrier 0"), HasSubstr("sent 0"))) << ran.error_output;
  const auto workspace = create();
  EXPECT_THAT(fetched(workspace.workspace_id, "allowed.test"), HasSubstr("failed"));
  EXPECT_THAT(processes("pyro-net-gate"), IsEmpty());
  EXPECT_THAT(internet().questions(), IsEmpty());
}

TEST_F(NetworkOfGuests, a_workspace_reaches_its_names_and_no_others_and_is_told_so) {
  const auto workspace = create_with({"allowed.test"});
  const std::string id = workspace.workspace_id;
  EXPECT_TRUE(workspace.network_enabled);
  EXPECT_EQ(workspace.guest_ip, "10.0.2.15");
  EXPECT_EQ(fetched(id, "allowed.test"), "hello\n");
  const auto denied = run(id, fetch("denied.test"));
  EXPECT_THAT(denied.stdout_text, HasSubstr("failed"));
  EXPECT_THAT(denied.egress_denied, Contains(Field(&api::EgressDenied::name, "denied.test")));
  EXPECT_THAT(run(id, "true").egress_denied, IsEmpty());
  EXPECT_FALSE(internet().was_reached("203.0.113.11"));
  const auto log = call(api::ReadNetworkLog{.workspace_id = id}).entries;
  EXPECT_THAT(log, Contains(AllOf(Field(&api::NetworkLogEntry::name, "allowed.test"),
                                  Field(&api::NetworkLogEntry::verdict, "opened"))));
}

TEST_F(NetworkOfGuests, what_was_denied_is_told_to_the_command_that_asked_for_it) {
  const std::string id = create_with({"allowed.test"}).workspace_id;
  // Beside each other, one in a session of its own, and both denied the same once.
  const auto asks = [](const std::string& names) {
    return "setsid -w python3 -c \"import socket\n"
           "for name in '" +
           names +
           "'.split():\n"
           "  try: socket.getaddrinfo(name, 80)\n"
           "  except OSError: pass\"";
  };
  const std::string job_id = new_id();
  call(api::ExecWorkspace{.workspace_id = id,
                          .command = "sleep 1;" + asks("one.test shared.test") + "; sleep 1",
                          .timeout_seconds = 120,
                          .job_id = job_id,
                          .answer_within_seconds = 0});
  const auto second = run(id, "sleep 1;" + asks("two.test shared.test") + "; sleep 1");
  const auto first = call(api::AttachExec{.workspace_id = id, .job_id = job_id});
  const auto names = [](const std::vector<api::EgressDenied>& denied) {
    std::set<std::string> found;
    for (const auto& one : denied) found.insert(one.name);
    return found;
  };
  EXPECT_THAT(names(first.egress_denied), UnorderedElementsAre("one.test", "shared.test"));
  EXPECT_THAT(names(second.egress_denied), UnorderedElementsAre("two.test", "shared.test"));

  const auto by = [&](const std::string& name) {
    std::set<std::uint64_t> found;
    for (const auto& entry : call(api::ReadNetworkLog{.workspace_id = id}).entries) {
      if (entry.name == name) found.insert(entry.sequence.value_or(0));
    }
    return found;
  };
  EXPECT_THAT(by("one.test"), UnorderedElementsAre(1));
  EXPECT_THAT(by("two.test"), UnorderedElementsAre(2));
  EXPECT_THAT(by("shared.test"), UnorderedElementsAre(1, 2));
  EXPECT_EQ(fetched(id, "allowed.test"), "hello\n");
  EXPECT_THAT(by("allowed.test"), UnorderedElementsAre(3));
  // The guest is gone: what it told is not.
  call(api::StopWorkspace{.workspace_id = id});
  EXPECT_THAT(by("allowed.test"), UnorderedElementsAre(3));
}

TEST_F(NetworkOfGuests, the_log_names_the_services_and_shells_that_made_connections) {
  const std::string id = create_with({"allowed.test"}).workspace_id;
  call(api::StartService{.workspace_id = id,
                         .service_name = "asker",
                         .command = fetch("service.test") + "; sleep 1000"});
  const auto shell = call(api::OpenShell{.workspace_id = id});
  call(api::WriteShell{
      .workspace_id = id, .shell_id = shell.shell_id, .input = fetch("shell.test") + "\n"});
  const auto entry = [&](const std::string& name) {
    for (const auto& one : call(api::ReadNetworkLog{.workspace_id = id}).entries) {
      if (one.name == name) return one;
    }
    return api::NetworkLogEntry{};
  };
  EXPECT_TRUE(soon([&] { return entry("service.test").service_name == "asker"; }));
  EXPECT_TRUE(soon([&] { return entry("shell.test").shell_id == shell.shell_id; }));
}

TEST_F(NetworkOfGuests, a_policy_outlives_reset_stop_a_killed_gate_and_a_killed_service) {
  const std::string id = create_with({"allowed.test"}).workspace_id;
  reset(id);
  EXPECT_EQ(fetched(id, "allowed.test"), "hello\n");
  EXPECT_THAT(fetched(id, "denied.test"), HasSubstr("failed"));
  call(api::StopWorkspace{.workspace_id = id});
  EXPECT_TRUE(all_gone("pyro-net-gate"));
  call(api::StartWorkspace{.workspace_id = id});
  EXPECT_EQ(fetched(id, "allowed.test"), "hello\n");

  ::kill(process_of("pyro-net-gate"), SIGKILL);
  EXPECT_TRUE(soon([&] { return call(api::ShowNetwork{.workspace_id = id}).connected; }));
  EXPECT_TRUE(soon([&] { return fetched(id, "allowed.test") == "hello\n"; }));
  EXPECT_THAT(fetched(id, "denied.test"), HasSubstr("failed"));

  ::kill(process_of("pyro-vm"), SIGKILL);
  EXPECT_EQ(fetched(id, "allowed.test"), "hello\n");
  EXPECT_TRUE(soon([&] { return call(api::ShowNetwork{.workspace_id = id}).connected; }));
}

TEST_F(NetworkOfGuests, a_changed_policy_holds_at_once) {
  const std::string id = create().workspace_id;
  EXPECT_THAT(fetched(id, "allowed.test"), HasSubstr("failed"));
  call(api::UpdateNetwork{.workspace_id = id,
                          .network_policy = NetworkPolicy::kEgress,
                          .allow_domains = {"allowed.test"}});
  EXPECT_EQ(fetched(id, "allowed.test"), "hello\n");
  call(api::UpdateNetwork{.workspace_id = id, .network_policy = NetworkPolicy::kOff});
  EXPECT_THAT(fetched(id, "allowed.test"), HasSubstr("failed"));
  EXPECT_TRUE(all_gone("pyro-net-gate"));
  EXPECT_THAT(output_of(id, "cat /etc/resolv.conf; cat /sys/class/net/eth0/operstate"),
              HasSubstr("down"));
}

TEST_F(NetworkOfGuests, a_one_shot_machine_with_a_network_reaches_the_internet) {
  const auto ran = pyro({"run", kEnvironment, "--network", "--timeout-seconds", "120", "--", "sh",
                         "-c", fetch("allowed.test")});
  EXPECT_THAT(ran.output, HasSubstr("hello")) << ran.error_output;
}

TEST_F(NetworkOfGuests, a_published_port_reaches_a_server_that_listens_on_either_loopback) {
  const std::string id = create_with({}, NetworkPolicy::kEgressPublishedPorts).workspace_id;
  write(id, "index.html", "from the guest");
  for (const char* address : {"127.0.0.1", "::1"}) {
    const auto service = call(api::StartService{
        .workspace_id = id,
        .service_name = "web",
        .command = fmt::format("exec python3 -m http.server 8000 --bind {}", address),
        .ready_tcp = "localhost:8000",
        .ready_timeout_seconds = 60,
        .published_ports = {{.guest_port = 8000}}});
    ASSERT_EQ(service.published_ports.size(), 1U) << service.failure.value_or("");
    const auto page = run_command(
        {.argv = {"python3", "-c",
                  fmt::format("import urllib.request; print(urllib.request.urlopen("
                              "'http://127.0.0.1:{}/index.html', timeout=30).read().decode())",
                              service.published_ports[0].host_port)}},
        Clock::now() + std::chrono::minutes(1), {});
    EXPECT_EQ(page.output, "from the guest\n") << page.error_output;
    call(api::StopService{.workspace_id = id, .service_name = "web"});
    EXPECT_EQ(call(api::ListPorts{.workspace_id = id}).count, 0U);
  }
}

/// The same; the host trusts an authority of the test's own, of which allowed.test has its
/// certificate.
class TlsOfGuests : private gate::Lab, public WorkspaceFixture {
 protected:
  TlsOfGuests() : WorkspaceFixture({{"SSL_CERT_FILE", store().string()}}) {
    write_file_atomically(store(), root_.certificate());
    internet().set("allowed.test", {kFarAddress});
    internet().serve(kFarAddress, [this](int socket) { server_.serve(socket); });
    server_.answer = [](const std::string& request) {
      return fmt::format(
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}",
          request.size(), request);
    };
  }

  std::filesystem::path store() const { return directory() / "host-store.pem"; }
  /// What the server says of a request with this header; the guest's curl and Python agree.
  std::string asked(const std::string& id, const std::string& header) {
    return run(id,
               fmt::format("curl -sS -m 40 -H {} https://allowed.test/ 2>&1", shell_quote(header)))
        .stdout_text;
  }

  gate::TestAuthority root_;
  gate::TlsServer server_{{.certificate = root_.issue({.host = "allowed.test"})}};
};

TEST_F(TlsOfGuests, a_secret_with_a_host_reaches_it_and_is_never_in_the_guest) {
  const std::string value = "sk-value+of/the/secret";
  const auto workspace = call(api::CreateWorkspace{
      .environment = kEnvironment,
      .ttl_seconds = 3600,
      .network_policy = NetworkPolicy::kEgress,
      .allow_domains = {"denied.test"},
      .secrets = {{.name = "token", .value = value, .hosts = {"allowed.test"}}}});
  const std::string id = workspace.workspace_id;
  EXPECT_THAT(call(api::ShowNetwork{.workspace_id = id}).allow, Contains("allowed.test:443"));
  const std::string placeholder = output_of(id, "cat /run/pyro-secrets/token");
  EXPECT_THAT(placeholder, StartsWith("pyro_secret_"));
  EXPECT_EQ(call(api::ExecWorkspace{
                     .workspace_id = id, .command = "echo $T", .secret_env = {{"T", "token"}}})
                .stdout_text,
            placeholder + "\n");
  const std::string header = "Authorization: Bearer " + placeholder;
  const auto works = [&] {
    const auto before = server_.requests().size();
    const std::string echo = asked(id, header);
    EXPECT_THAT(echo, HasSubstr("Bearer " + std::string(value.size(), '*')));
    ASSERT_EQ(server_.requests().size(), before + 1) << echo;
    EXPECT_THAT(server_.requests().back(), HasSubstr("Bearer " + value + "\r\n"));
  };
  works();
  EXPECT_FALSE(call(api::DiffWorkspace{.workspace_id = id}).changed);
  reset(id);
  EXPECT_EQ(output_of(id, "cat /run/pyro-secrets/token"), placeholder);
  works();
  call(api::StopWorkspace{.workspace_id = id});
  call(api::StartWorkspace{.workspace_id = id});
  works();
  ::kill(process_of("pyro-net-gate"), SIGKILL);
  EXPECT_TRUE(soon([&] { return call(api::ShowNetwork{.workspace_id = id}).connected; }));
  EXPECT_TRUE(soon([&] { return asked(id, header).find("***") != std::string::npos; }));
  call(api::UpdateNetwork{.workspace_id = id, .network_policy = NetworkPolicy::kOff});
  call(api::UpdateNetwork{.workspace_id = id, .network_policy = NetworkPolicy::kEgress});
  works();
}

TEST_F(TlsOfGuests, with_host_ca_a_guest_trusts_what_its_host_trusts_and_without_it_does_not) {
  const std::string python =
      "python3 -c \"import urllib.request\n"
      "try: print(urllib.request.urlopen('https://allowed.test/', timeout=30).status)\n"
      "except Exception as e: print('failed:', e)\"";
  for (const bool host_ca : {true, false}) {
    const auto workspace = call(api::CreateWorkspace{.environment = kEnvironment,
                                                     .ttl_seconds = 3600,
                                                     .network_policy = NetworkPolicy::kEgress,
                                                     .host_ca = host_ca});
    const std::string id = workspace.workspace_id;
    const auto answer = HasSubstr(host_ca ? "X-A: b" : "certificate");
    const auto status = HasSubstr(host_ca ? "200" : "failed:");
    EXPECT_THAT(asked(id, "X-A: b"), answer);
    EXPECT_THAT(output_of(id, python), status);
    reset(id);
    EXPECT_THAT(asked(id, "X-A: b"), answer);
    call(api::StopWorkspace{.workspace_id = id});
    call(api::StartWorkspace{.workspace_id = id});
    EXPECT_THAT(output_of(id, python), status);
    EXPECT_FALSE(call(api::DiffWorkspace{.workspace_id = id}).changed);
    call(api::UpdateNetwork{.workspace_id = id, .host_ca = !host_ca});
    EXPECT_THAT(asked(id, "X-A: b"), HasSubstr(host_ca ? "certificate" : "X-A: b"));
    call(api::DeleteWorkspace{.workspace_id = id});
  }
  const auto ran = pyro({"run", kEnvironment, "--network", "--host-ca", "--timeout-seconds", "120",
                         "--", "sh", "-c", python});
  EXPECT_THAT(ran.output, HasSubstr("200")) << ran.error_output;
}

}  // namespace pyro::test
