#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "services/net/gate/setup/netlink.h"
#include "tests/service/net/lab.h"

/// The numbers are those of the list of attacks in services/net/gate/README.md.
namespace pyro::gate {
namespace {

using network::Policy;
using network::Verdict;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr int kNoError = 0;
constexpr int kFormatError = 1;
constexpr int kServerFailure = 2;
constexpr int kNameError = 3;
constexpr int kRefused = 5;

Policy listed() { return listed_policy({"allowed.test.example", "*.wild.example"}); }

class GateDns : public ::testing::Test {
 protected:
  void start(const Policy& policy) {
    lab.start(policy);
    for (const char* name : {"allowed.test.example", "a.wild.example", "denied.example"}) {
      lab.internet().set(name, {"203.0.113.10"});
    }
  }
  int rcode_of(const std::optional<std::string>& answer) {
    return answer && answer->size() >= 12 ? (*answer)[3] & 0x0F : -1;
  }
  Lab lab;
};

TEST_F(GateDns, only_allowed_names_are_answered_and_nothing_of_others_leaves) {
  start(listed());
  EXPECT_THAT(lab.resolve("allowed.test.example").addresses, ElementsAre("203.0.113.10"));
  EXPECT_THAT(lab.resolve("ALLOWED.test.Example").addresses, ElementsAre("203.0.113.10"));
  EXPECT_THAT(lab.resolve("a.wild.example").addresses, ElementsAre("203.0.113.10"));
  const auto asked = lab.internet().questions().size();
  // 1, 2, 3, 4
  for (const char* name :
       {"denied.example", "notallowed.test.example", "allowed.test.example.evil.example",
        "test.example", "wild.example", "notwild.example", "c2VjcmV0IGRhdGE.exfil.evil.example"}) {
    EXPECT_EQ(lab.resolve(name).rcode, kNameError) << name;
  }
  EXPECT_THAT(lab.internet().questions(), SizeIs(asked));
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "name_not_allowed", "denied.example"));
}

// 5
TEST_F(GateDns, types_other_than_addresses_do_not_leave_under_a_list) {
  start(listed());
  for (const int number : {16, 10, 255, 65, 64, 15, 33, 2, 6}) {
    const auto type = static_cast<std::uint16_t>(number);
    const auto resolved = lab.resolve("allowed.test.example", type);
    EXPECT_EQ(resolved.rcode, kNoError) << type;
    EXPECT_THAT(resolved.addresses, IsEmpty()) << type;
  }
  EXPECT_EQ(lab.resolve("allowed.test.example", 252).rcode, kRefused);
  EXPECT_THAT(lab.internet().questions(), IsEmpty());
}

// 6, 7, 8, 9
TEST_F(GateDns, malformed_questions_are_refused) {
  start(open_policy());
  const std::string good = dns_question("allowed.test.example", 1);
  std::string two = good;
  two[5] = 2;
  two += good.substr(12);
  std::string dot = good;
  dot[13] = '.';
  std::string nul = good;
  nul[13] = '\0';
  std::string loop = good.substr(0, 12) + std::string("\xC0\x0C\x00\x01\x00\x01", 6);
  std::string forward = good.substr(0, 12) + std::string(
                                                 "\x03"
                                                 "abc\xC0\x0C\x00\x01\x00\x01",
                                                 10);
  std::string cut = good.substr(0, 20);
  std::string trailing = good + "more";
  std::string chaos = good;
  chaos.back() = 3;
  for (const auto& message : {two, dot, nul, loop, forward, cut, trailing, chaos}) {
    EXPECT_EQ(rcode_of(lab.ask_raw(message)), kFormatError);
  }
  std::string update = good;
  update[2] = 0x28;
  EXPECT_EQ(rcode_of(lab.ask_raw(update)), 4);
  EXPECT_THAT(lab.internet().questions(), IsEmpty());
  EXPECT_EQ(lab.resolve("allowed.test.example").rcode, kNoError);
}

// 11
TEST_F(GateDns, answers_that_are_not_public_are_refused_also_among_public_ones) {
  start(open_policy());
  for (const char* address : {"127.0.0.1", "10.1.2.3", "192.168.50.1", "169.254.169.254",
                              "100.64.0.1", "0.0.0.0", "198.51.100.1", "224.0.0.1"}) {
    lab.internet().set("rebind.example", {address});
    EXPECT_EQ(lab.resolve("rebind.example").rcode, kRefused) << address;
    lab.internet().set("rebind.example", {"203.0.113.10", address});
    EXPECT_EQ(lab.resolve("rebind.example").rcode, kRefused) << address;
    // Not as a record of another type either.
    EXPECT_EQ(lab.resolve("rebind.example", 15).rcode, kRefused) << address;
  }
  for (const char* address : {"::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
                              "2002:a00:1::", "2001::1", "2a00:1::1"}) {
    lab.internet().set("rebind.example", {address});
    EXPECT_EQ(lab.resolve("rebind.example", 28).rcode, kRefused) << address;
  }
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "answer_not_public", "rebind.example"));
}

TEST_F(GateDns, names_of_the_hosts_own_network_do_not_leave) {
  start(open_policy());
  for (const char* name :
       {"localhost", "printer", "printer.local", "a.localhost", "router.home.arpa",
        "1.0.0.127.in-addr.arpa", "1.50.168.192.in-addr.arpa", "254.169.254.169.in-addr.arpa",
        "10.in-addr.arpa"}) {
    EXPECT_EQ(lab.resolve(name).rcode, kNameError) << name;
  }
  EXPECT_THAT(lab.internet().questions(), IsEmpty());
  EXPECT_EQ(lab.resolve("10.113.0.203.in-addr.arpa", 12).rcode, kNameError);
  EXPECT_THAT(lab.internet().questions(), ElementsAre("10.113.0.203.in-addr.arpa"));
}

TEST_F(GateDns, an_answer_that_is_too_long_is_fetched_by_a_connection_and_the_guest_gets_one_too) {
  start(open_policy());
  std::vector<std::string> many;
  for (int i = 1; i <= 60; ++i) many.push_back("203.0.113." + std::to_string(100 + i));
  lab.internet().set("many.example", many);
  lab.internet().truncate(true);
  const auto cut = lab.resolve("many.example");
  EXPECT_TRUE(cut.truncated);
  EXPECT_THAT(cut.addresses, IsEmpty());
  auto dialed = lab.dial("10.0.2.1", 53);
  ASSERT_EQ(dialed.error, 0);
  const std::string question = dns_question("many.example", 1);
  const std::string framed = big_endian16(static_cast<std::uint16_t>(question.size())) + question;
  ASSERT_EQ(::send(dialed.fd.get(), framed.data(), framed.size(), 0),
            static_cast<ssize_t>(framed.size()));
  std::string answer(8192, '\0');
  const ssize_t got = ::recv(dialed.fd.get(), answer.data(), answer.size(), 0);
  EXPECT_GT(got, 60 * 16);
}

TEST_F(GateDns, a_server_that_fails_or_is_silent_does_not_hang_the_guest) {
  start(open_policy());
  lab.internet().set_raw("odd.example", "xx");  // no answer to anything
  EXPECT_EQ(lab.resolve("odd.example").rcode, kServerFailure);
  EXPECT_TRUE(lab.logged(Verdict::kFailed, "no_answer", "odd.example"));
}

TEST_F(GateDns, the_hosts_resolvers_are_read_again_when_they_change_and_the_next_one_is_asked) {
  std::ofstream(lab.directory() / "resolv.conf") << "nameserver 203.0.113.254\n";
  start(open_policy());
  EXPECT_EQ(lab.resolve("denied.example").rcode, kServerFailure);
  std::ofstream(lab.directory() / "resolv.conf")
      << "# two\nnameserver 203.0.113.254\nnameserver\t203.0.113.53 # ours\n";
  EXPECT_EQ(lab.resolve("denied.example").rcode, kNoError);
}

TEST_F(GateDns, names_below_a_wildcard_are_bounded_in_length_and_number) {
  start(listed());
  EXPECT_EQ(lab.resolve(std::string(60, 'x') + "." + std::string(60, 'y') + ".wild.example").rcode,
            kRefused);
  EXPECT_THAT(lab.internet().questions(), IsEmpty());
  int refused = 0;
  for (int i = 0; i < 200; ++i) {
    refused += lab.resolve("n" + std::to_string(i) + ".wild.example").rcode == kRefused ? 1 : 0;
  }
  EXPECT_GT(refused, 20);
  // A name in full is not one of them.
  EXPECT_EQ(lab.resolve("allowed.test.example").rcode, kNoError);
}

TEST_F(GateDns, nothing_of_the_guests_message_but_name_and_type_reaches_the_resolver) {
  start(open_policy());
  // An OPT record with an option of 8 bytes.
  std::string question = dns_question("allowed.test.example", 1);
  question[11] = 1;
  question += std::string("\0\0\x29\x04\xD0\0\0\0\0\0\x0C\xFD\xE9\0\x08", 15) + "SECRETXX";
  EXPECT_EQ(rcode_of(lab.ask_raw(question)), kNoError);
  EXPECT_THAT(lab.internet().questions(), ElementsAre("allowed.test.example"));
  // The zone's server saw the gate's own message; it answers a name, so compare lengths.
}

// 10
TEST_F(GateDns, under_a_list_other_resolvers_are_out_of_reach) {
  start(listed());
  for (const std::uint16_t port : {std::uint16_t{53}, std::uint16_t{853}, std::uint16_t{443}}) {
    EXPECT_EQ(lab.dial("203.0.113.53", port).error, EHOSTUNREACH) << port;
  }
  const UniqueFd fd = lab.guest_socket(AF_INET, SOCK_DGRAM);
  sockaddr_storage to{};
  const socklen_t size = Endpoint{*Address::parse("203.0.113.53"), 53}.put(to);
  ASSERT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), size), 0);
  const std::string question = dns_question("allowed.test.example", 1);
  ASSERT_GT(::send(fd.get(), question.data(), question.size(), 0), 0);
  char byte = 0;
  EXPECT_LT(::recv(fd.get(), &byte, 1, 0), 0);
  EXPECT_EQ(errno, EHOSTUNREACH);
  EXPECT_THAT(lab.internet().questions(), IsEmpty());
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "udp_not_allowed"));
}

}  // namespace
}  // namespace pyro::gate
