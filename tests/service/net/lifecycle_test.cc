#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/network/learned_names.h"
#include "common/process/wait.h"
#include "tests/service/net/lab.h"
#include "tests/support/errors.h"

namespace pyro::gate {
namespace {

using network::GateEvent;
using network::Verdict;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class GateLifecycle : public ::testing::Test {
 protected:
  /// Whether the connection ends by itself.
  static bool ends(int socket) {
    std::string buffer(64U << 10U, '\0');
    for (;;) {
      const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
      if (got <= 0) return got == 0 || errno == ECONNRESET;
    }
  }
  static network::Policy off() { return {.kind = api::NetworkPolicy::kOff}; }
  Lab lab;
};

TEST_F(GateLifecycle, off_allows_nothing_even_where_a_gate_runs) {
  lab.start(off());
  EXPECT_EQ(lab.dial("203.0.113.10", 443).error, EHOSTUNREACH);
  EXPECT_EQ(lab.resolve("example.test").rcode, 3);
  EXPECT_THAT(lab.internet().connections(), IsEmpty());
  EXPECT_THAT(lab.internet().questions(), IsEmpty());
}

// 41
TEST_F(GateLifecycle, a_changed_policy_applies_at_once_also_to_open_connections) {
  lab.start(open_policy());
  lab.internet().set("kept.example", {"203.0.113.10"});
  lab.internet().set("gone.example", {"203.0.113.20"});
  ASSERT_EQ(lab.resolve("kept.example").rcode, 0);
  ASSERT_EQ(lab.resolve("gone.example").rcode, 0);
  const auto kept = lab.dial("203.0.113.10", 443);
  const auto gone = lab.dial("203.0.113.20", 443);
  const auto unnamed = lab.dial("203.0.113.10", 443);
  const auto ssh = lab.dial("203.0.113.10", 22);
  const std::string hello = hello_for("kept.example");
  ASSERT_EQ(lab.exchange(kept.fd.get(), hello), hello);
  ASSERT_EQ(lab.exchange(gone.fd.get(), hello_for("gone.example")), hello_for("gone.example"));
  ASSERT_EQ(lab.exchange(ssh.fd.get(), "x"), "x");

  const auto next = listed_policy({"kept.example"});
  const auto report = lab.set_policy(next);
  EXPECT_EQ(report.event, GateEvent::kPolicySet);
  EXPECT_EQ(report.digest, network::digest_of(next));
  EXPECT_TRUE(ends(gone.fd.get()));
  EXPECT_TRUE(ends(ssh.fd.get()));
  // It has not said what it is, and is not checked.
  EXPECT_TRUE(ends(unnamed.fd.get()));
  EXPECT_EQ(lab.exchange(kept.fd.get(), "more"), "more");
  EXPECT_EQ(lab.dial("203.0.113.20", 443).error, EHOSTUNREACH);
  EXPECT_TRUE(lab.logged(Verdict::kClosed, "policy_changed", "gone.example"));

  EXPECT_EQ(lab.set_policy(off()).event, GateEvent::kPolicySet);
  EXPECT_TRUE(ends(kept.fd.get()));
  EXPECT_EQ(lab.set_policy(open_policy()).event, GateEvent::kPolicySet);
  EXPECT_EQ(lab.talk("203.0.113.20", 22, "x"), "x");
}

TEST_F(GateLifecycle, a_policy_that_is_none_is_refused_and_the_one_before_applies) {
  lab.start(listed_policy({"allowed.example"}));
  lab.internet().set("allowed.example", {"203.0.113.10"});
  const auto report = lab.set_policy(listed_policy({"10.0.0.1"}));
  EXPECT_EQ(report.event, GateEvent::kPolicyRefused);
  EXPECT_EQ(report.reason, "allow_entry_refused");
  EXPECT_EQ(report.digest, network::digest_of(listed_policy({"allowed.example"})));
  EXPECT_EQ(lab.resolve("allowed.example").rcode, 0);
  EXPECT_EQ(lab.dial("203.0.113.77", 443).error, EHOSTUNREACH);
}

// 40
TEST_F(GateLifecycle, after_a_killed_gate_nothing_passes_until_the_next_one) {
  lab.start(open_policy());
  const auto open = lab.dial("203.0.113.10", 22);
  ASSERT_EQ(lab.exchange(open.fd.get(), "x"), "x");
  const auto reached = lab.internet().connections().size();
  lab.kill_gate();
  // The rules are as they were, and lead nowhere.
  const auto bytes = lab.internet().bytes_at("203.0.113.10");
  ::send(open.fd.get(), "more", 4, MSG_NOSIGNAL);
  const UniqueFd fd = lab.guest_socket(AF_INET, SOCK_STREAM);
  const timeval limit{.tv_sec = 2, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_storage to{};
  const socklen_t size = Endpoint{*Address::parse("203.0.113.10"), 22}.put(to);
  EXPECT_NE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), size), 0);
  EXPECT_FALSE(lab.ask_raw(dns_question("example.test", 1)));
  EXPECT_EQ(lab.internet().connections().size(), reached);
  EXPECT_EQ(lab.internet().bytes_at("203.0.113.10"), bytes);

  lab.start(listed_policy({"allowed.example"}));
  EXPECT_EQ(lab.dial("203.0.113.10", 22).error, EHOSTUNREACH);
  lab.internet().set("allowed.example", {"203.0.113.10"});
  EXPECT_THAT(lab.resolve("allowed.example").addresses, ElementsAre("203.0.113.10"));
  const std::string hello = hello_for("allowed.example");
  EXPECT_EQ(lab.talk("203.0.113.10", 443, hello), hello);
  // The log goes on where it was.
  const auto log = lab.log();
  for (std::size_t i = 1; i < log.size(); ++i) EXPECT_EQ(log[i].number, log[i - 1].number + 1);
}

TEST_F(GateLifecycle, it_ends_when_its_shim_does) {
  lab.start(open_policy());
  lab.hang_up();
  const auto status = lab.gate().wait(Clock::now() + std::chrono::seconds(30), StopFd({}));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 0);
}

TEST_F(GateLifecycle, a_packet_that_is_no_order_is_refused) {
  lab.start(open_policy());
  ASSERT_EQ(::send(lab.control(), "xx", 2, 0), 2);
  const auto received = network::receive_report(lab.control());
  ASSERT_TRUE(received);
  EXPECT_EQ(received->report.event, GateEvent::kPolicyRefused);
  EXPECT_EQ(lab.talk("203.0.113.10", 22, "x"), "x");
}

TEST_F(GateLifecycle, each_side_of_a_connection_ends_on_its_own) {
  lab.start(open_policy());
  lab.internet().answer("203.0.113.30", "an answer that comes after the end of the question");
  const auto dialed = lab.dial("203.0.113.30", 22);
  ASSERT_EQ(dialed.error, 0);
  ASSERT_EQ(::send(dialed.fd.get(), "q", 1, 0), 1);
  ASSERT_EQ(::shutdown(dialed.fd.get(), SHUT_WR), 0);
  std::string answer(50, '\0');
  EXPECT_EQ(::recv(dialed.fd.get(), answer.data(), answer.size(), MSG_WAITALL), 50);
  EXPECT_TRUE(ends(dialed.fd.get()));
  EXPECT_TRUE(test::soon([&] {
    const auto log = lab.log();
    return !log.empty() && log.back().verdict == Verdict::kClosed && log.back().bytes_up == 1 &&
           log.back().bytes_down == 50;
  }));
}

TEST_F(GateLifecycle, a_large_transfer_arrives_whole_through_a_slow_reader) {
  lab.start(open_policy());
  const auto dialed = lab.dial("203.0.113.10", 22);
  ASSERT_EQ(dialed.error, 0);
  const std::string piece(1U << 20U, 'p');
  constexpr int kPieces = 16;
  std::thread writer([&] {
    for (int i = 0; i < kPieces; ++i) {
      std::size_t at = 0;
      while (at < piece.size()) {
        const ssize_t sent =
            ::send(dialed.fd.get(), piece.data() + at, piece.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) return;
        at += static_cast<std::size_t>(sent);
      }
    }
    ::shutdown(dialed.fd.get(), SHUT_WR);
  });
  std::size_t got = 0;
  std::string buffer(10000, '\0');
  for (;;) {
    const ssize_t n = ::recv(dialed.fd.get(), buffer.data(), buffer.size(), 0);
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  writer.join();
  EXPECT_EQ(got, kPieces * piece.size());
}

// 39
TEST_F(GateLifecycle, connections_are_capped_and_those_that_end_make_room) {
  lab.start(open_policy());
  std::vector<UniqueFd> held;
  int refused = 0;
  for (int i = 0; i < 3000 && refused < 5; ++i) {
    auto dialed = lab.dial("203.0.113.10", 22);
    if (dialed.error == 0) {
      held.push_back(std::move(dialed.fd));
    } else {
      EXPECT_EQ(dialed.error, ECONNREFUSED);
      ++refused;
    }
  }
  EXPECT_EQ(refused, 5);
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "too_many_connections"));
  held.clear();
  EXPECT_TRUE(test::soon([&] { return lab.talk("203.0.113.10", 22, "x") == "x"; }));
}

TEST_F(GateLifecycle, learning_records_names_and_ports_with_their_counts) {
  network::Policy policy = open_policy();
  policy.learn = true;
  lab.start(policy);
  lab.internet().set("a.example", {"203.0.113.10"});
  ASSERT_EQ(lab.resolve("a.example").rcode, 0);
  for (int i = 0; i < 2; ++i) lab.talk("203.0.113.10", 443, hello_for("sni.example"));
  lab.talk("203.0.113.10", 80, "GET / HTTP/1.1\r\nHost: host.example\r\n\r\n");
  lab.talk("203.0.113.10", 22, "x");
  lab.hang_up();
  ASSERT_TRUE(lab.gate().wait(Clock::now() + std::chrono::seconds(30), StopFd({})));
  const auto learned = network::read_learned(lab.directory() / "net");
  EXPECT_THAT(network::allow_entries_of(learned),
              ElementsAre("a.example:22", "host.example", "sni.example"));
  EXPECT_EQ(learned.names.back().count, 2U);
}

TEST_F(GateLifecycle, a_full_log_is_rotated_by_the_confined_gate) {
  std::filesystem::create_directories(lab.directory() / "net");
  std::ofstream(lab.directory() / "net" / network::kConnectionLog)
      << std::string(network::kMostLogBytes - 10, 'x') << "\n";
  std::ofstream(lab.directory() / "net/network.log.1") << "{}\n";
  lab.start(open_policy());
  EXPECT_EQ(lab.dial("10.1.2.3", 80).error, EHOSTUNREACH);
  ASSERT_EQ(lab.log().size(), 1U);
  EXPECT_LT(std::filesystem::file_size(lab.directory() / "net" / network::kConnectionLog), 1000U);
}

TEST_F(GateLifecycle, repeated_refusals_share_a_line) {
  lab.start(listed_policy({"allowed.example"}));
  for (int i = 0; i < 500; ++i) lab.dial("203.0.113.77", 443);
  lab.hang_up();
  ASSERT_TRUE(lab.gate().wait(Clock::now() + std::chrono::seconds(30), StopFd({})));
  std::uint64_t count = 0;
  for (const auto& line : lab.log()) count += line.count;
  EXPECT_GE(count, 500U) << "a busy guest asks some twice";
  EXPECT_LT(lab.log().size(), 250U);
}

}  // namespace
}  // namespace pyro::gate
