#include <signal.h>

#include "common/api/workspace_network.h"
#include "common/api/workspace_ports.h"
#include "common/api/workspace_snapshots.h"
#include "tests/guest/workspace_fixture.h"
#include "tests/service/net/capture.h"
#include "tests/service/net/lab.h"
#include "tests/support/errors.h"
#include "tests/support/soon.h"

namespace pyro::test {

using api::NetworkPolicy;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::HasSubstr;

constexpr const char* kAllowedAddress = "203.0.113.10";
constexpr const char* kDeniedAddress = "203.0.113.11";

/// A hostile guest that is root (attacks.py), and an internet that would answer it.
class AttacksOfAGuest : private gate::Lab, public WorkspaceFixture {
 protected:
  AttacksOfAGuest() {
    internet().set("allowed.test", {kAllowedAddress});
    internet().set("denied.test", {kDeniedAddress});
    internet().set("private.answers.test", {"10.0.0.5"});
    internet().set("loopback.answers.test", {"127.0.0.1"});
    internet().set("metadata.answers.test", {"169.254.169.254"});
    internet().set("own.answers.test", {"198.51.100.1"});
    internet().set("mixed.answers.test", {kDeniedAddress, "192.168.1.1"});
    internet().answer(kAllowedAddress, kPage);
  }

  std::string create_with(std::vector<std::string> domains) {
    return call(api::CreateWorkspace{.environment = kEnvironment,
                                     .ttl_seconds = 3600,
                                     .network_policy = NetworkPolicy::kEgressPublishedPorts,
                                     .allow_domains = std::move(domains)})
        .workspace_id;
  }
  std::string listed() { return create_with({"allowed.test", "*.answers.test"}); }

  struct Outcome {
    std::string told;            ///< what came back, a line for each attempt
    std::set<std::string> left;  ///< packets that left the host
  };
  Outcome attack(const std::string& id) {
    write(id, "attacks.py", read_tail(PYRO_ATTACKS, 1U << 20U));
    capture_.take();
    const auto ran = run(id, "timeout 200 python3 attacks.py");
    EXPECT_EQ(ran.exit_code, 0) << ran.stdout_text << ran.stderr_text;
    EXPECT_THAT(ran.stdout_text, HasSubstr("done "));
    return {ran.stdout_text, capture_.take()};
  }
  /// Nothing came back, and no packet left but to the resolver and to what is allowed.
  void expect_held(const std::string& id, const std::string& when) {
    const std::size_t asked = internet().questions().size();
    const std::size_t connected = internet().connections().size();
    const Outcome outcome = attack(id);
    EXPECT_THAT(outcome.told, ::testing::StartsWith("done ")) << when;
    EXPECT_THAT(outcome.left, Each(AnyOf("udp 203.0.113.53:53", "tcp 203.0.113.53:53",
                                         "tcp 203.0.113.10:80", "tcp 203.0.113.10:443")))
        << when;
    const auto questions = internet().questions();
    for (std::size_t at = asked; at < questions.size(); ++at) {
      EXPECT_THAT(questions[at], AnyOf("allowed.test", ::testing::EndsWith(".answers.test")))
          << when;
    }
    const auto connections = internet().connections();
    for (std::size_t at = connected; at < connections.size(); ++at) {
      EXPECT_THAT(connections[at].bytes, ::testing::Not(HasSubstr("denied"))) << when;
    }
    // What is allowed still is.
    EXPECT_THAT(output_of(id,
                          "python3 -c \"import urllib.request\n"
                          "print(urllib.request.urlopen('http://allowed.test/', "
                          "timeout=20).read().decode())\""),
                HasSubstr("hello"))
        << when;
  }

  static constexpr const char* kPage = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  gate::Capture capture_{far(), "s0"};
};

TEST_F(AttacksOfAGuest, get_nowhere_after_a_create_a_killed_gate_a_reset_and_a_start) {
  const std::string id = listed();
  expect_held(id, "as created");

  ::kill(process_of("pyro-net-gate"), SIGKILL);
  ASSERT_TRUE(soon([&] { return call(api::ShowNetwork{.workspace_id = id}).connected; }));
  expect_held(id, "with another gate");

  reset(id);
  expect_held(id, "after a reset");

  call(api::StopWorkspace{.workspace_id = id});
  call(api::StartWorkspace{.workspace_id = id});
  expect_held(id, "after a start");
}

TEST_F(AttacksOfAGuest, get_nowhere_once_a_policy_is_narrower_and_after_a_snapshot_is_restored) {
  const std::string id = create_with({});
  // Where nothing is on a list the same attempts do arrive: so they are what they seem.
  const Outcome open = attack(id);
  EXPECT_THAT(open.told, AllOf(HasSubstr("1 denied.test"), HasSubstr("10 another resolver"),
                               HasSubstr("12 a literal"), HasSubstr("13 another name"),
                               HasSubstr("33 UDP"), HasSubstr("32 port 8443")));
  EXPECT_THAT(open.left, ::testing::Contains("udp 203.0.113.10:443"));
  // And others do not, whatever the policy.
  EXPECT_THAT(open.told, ::testing::Not(AnyOf(HasSubstr("11, 43"), HasSubstr("34, 36"),
                                              HasSubstr("37 gateway"))));

  snapshot(id, "before");
  call(api::UpdateNetwork{.workspace_id = id, .allow_domains = {"allowed.test", "*.answers.test"}});
  expect_held(id, "with a list");
  call(api::ResetWorkspace{.workspace_id = id, .snapshot = "before"});
  expect_held(id, "after a reset to a snapshot of before the list");
}

TEST_F(AttacksOfAGuest, cannot_have_the_agent_published_as_a_port) {
  const std::string id = listed();
  for (const std::uint32_t port : {5005U, 5006U}) {
    EXPECT_THAT(
        testing::error_of([&] { call(api::OpenPort{.workspace_id = id, .guest_port = port}); }),
        testing::Refused(ErrorCode::kInvalidArgument));
  }
}

}  // namespace pyro::test
