#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include "services/net/gate/setup/netlink.h"
#include "tests/service/net/lab.h"

namespace pyro::gate {
namespace {

using network::Policy;
using network::Verdict;
using ::testing::Eq;
using ::testing::IsEmpty;

constexpr const char* kAllowed = "203.0.113.10";
constexpr const char* kAlso = "203.0.113.20";

class GateTls : public ::testing::Test {
 protected:
  void start() {
    lab.start(listed_policy({"allowed.example", "also.example", "ssh.example:22"}));
    lab.internet().set("allowed.example", {kAllowed});
    lab.internet().set("also.example", {kAlso});
    lab.internet().set("ssh.example", {kAllowed});
    ASSERT_EQ(lab.resolve("allowed.example").rcode, 0);
    ASSERT_EQ(lab.resolve("also.example").rcode, 0);
    ASSERT_EQ(lab.resolve("ssh.example").rcode, 0);
  }
  /// Whether what the guest says on port 443 of the allowed address ends in a reset, with not a
  /// byte of it at the server.
  bool is_refused(std::string_view bytes) {
    const auto dialed = lab.dial(kAllowed, 443);
    if (dialed.error != 0) return false;
    constexpr int kYes = 1;
    ::setsockopt(dialed.fd.get(), IPPROTO_TCP, TCP_NODELAY, &kYes, sizeof kYes);
    const bool nothing = lab.exchange(dialed.fd.get(), bytes).empty();
    return nothing && errno == ECONNRESET && lab.internet().bytes_at(kAllowed).empty();
  }
  Lab lab;
};

TEST_F(GateTls, a_hello_with_the_allowed_name_passes_unchanged_and_all_that_follows) {
  start();
  const std::string hello = hello_for("allowed.example");
  const auto dialed = lab.dial(kAllowed, 443);
  ASSERT_EQ(dialed.error, 0);
  EXPECT_EQ(lab.exchange(dialed.fd.get(), hello), hello);
  EXPECT_EQ(lab.exchange(dialed.fd.get(), "anything"), "anything");
  EXPECT_EQ(lab.internet().bytes_at(kAllowed), hello + "anything");
  EXPECT_TRUE(lab.logged(Verdict::kOpened, "", "allowed.example"));
}

TEST_F(GateTls, a_hello_in_many_records_passes_too) {
  start();
  const std::string hello = client_hello(
      {.extensions = server_name_extension({"Allowed.EXAMPLE"}), .bytes_in_record = 1});
  EXPECT_EQ(lab.talk(kAllowed, 443, hello), hello);
}

// 12
TEST_F(GateTls, an_address_that_was_never_answered_is_refused_at_once) {
  start();
  EXPECT_EQ(lab.dial("203.0.113.77", 443).error, EHOSTUNREACH);
  EXPECT_FALSE(lab.internet().was_reached("203.0.113.77"));
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "address_without_name"));
}

// 13
TEST_F(GateTls, another_name_on_the_same_address_is_refused_however_it_is_cut) {
  start();
  EXPECT_TRUE(is_refused(hello_for("other.example")));
  EXPECT_TRUE(is_refused(client_hello(
      {.extensions = server_name_extension({"other.example"}), .bytes_in_record = 1})));
  // In segments of one byte.
  const auto dialed = lab.dial(kAllowed, 443);
  constexpr int kYes = 1;
  ::setsockopt(dialed.fd.get(), IPPROTO_TCP, TCP_NODELAY, &kYes, sizeof kYes);
  for (const char byte : hello_for("other.example")) {
    if (::send(dialed.fd.get(), &byte, 1, MSG_NOSIGNAL) < 0) break;
  }
  char byte = 0;
  EXPECT_LT(::recv(dialed.fd.get(), &byte, 1, 0), 0);
  // Allowed, but learnt for another address; allowed, but for another port.
  EXPECT_TRUE(is_refused(hello_for("also.example")));
  EXPECT_TRUE(is_refused(hello_for("ssh.example")));
  EXPECT_THAT(lab.internet().bytes_at(kAllowed), IsEmpty());
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "server_name_not_allowed", "other.example"));
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "server_name_of_other_address", "also.example"));
}

// 14 to 18
TEST_F(GateTls, hellos_that_name_nothing_or_several_are_refused) {
  start();
  const std::string good = server_name_extension({"allowed.example"});
  const std::string ech = big_endian16(0xFE0D) + big_endian16(4) + "data";
  for (const std::string& extensions :
       {std::string(), ech, good + good, good + server_name_extension({"other.example"}),
        server_name_extension({"allowed.example", "other.example"}), server_name_extension({}),
        server_name_extension({"allowed.example"}, 1),
        server_name_extension({std::string("allowed.example\0", 16)}),
        server_name_extension({std::string("allowed.example\0.other.example", 30)}),
        server_name_extension({"allowed.example."}), server_name_extension({kAllowed}),
        server_name_extension({""}), server_name_extension({"*.example"}),
        ech + server_name_extension({"other.example"})}) {
    EXPECT_TRUE(is_refused(client_hello({.extensions = extensions})));
  }
  // With an outer name that is allowed, ECH is only an extension.
  const std::string hello = client_hello({.extensions = ech + good});
  EXPECT_EQ(lab.talk(kAllowed, 443, hello), hello);
}

// 19, 20
TEST_F(GateTls, what_is_no_tls_is_refused) {
  start();
  const std::string sslv2("\x80\x2E\x01\x03\x01\x00\x15\x00\x00\x00\x10", 11);
  for (const std::string& bytes :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        sslv2 + std::string(40, 'x'), std::string("plain text\n"), std::string(100, '\0'),
        std::string("\x16\x03\x01\x00\x00", 5),
        std::string("\x16\x03\x01\x00\x04\x02\x00\x00\x00", 9),
        std::string("\x17\x03\x03\x00\x05hello", 10),
        hello_for("allowed.example").substr(0, 5) + std::string(200, 'z')}) {
    EXPECT_TRUE(is_refused(bytes));
  }
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "no_tls"));
}

TEST_F(GateTls, more_than_a_hello_in_its_records_is_refused) {
  start();
  std::string hello = hello_for("allowed.example");
  // A second hello in the same record.
  const std::string message = hello.substr(5);
  const std::string twice = message + message;
  EXPECT_TRUE(
      is_refused("\x16\x03\x01" + big_endian16(static_cast<std::uint16_t>(twice.size())) + twice));
}

TEST_F(GateTls, the_second_hello_that_a_server_asks_for_has_the_same_name) {
  start();
  const std::string retry_random =
      "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91"
      "\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C";
  const std::string body = "\x03\x03" + retry_random + std::string("\0\x13\x01\0", 4);
  const std::string answer = std::string("\x16\x03\x03\0\x2A\x02\0\0\x26", 9) + body;
  lab.internet().answer(kAllowed, answer);
  const std::string dummy_change("\x14\x03\x03\x00\x01\x01", 6);
  for (const auto& [second, passes] : std::vector<std::pair<std::string, bool>>{
           {"allowed.example", true}, {"other.example", false}}) {
    const auto dialed = lab.dial(kAllowed, 443);
    ASSERT_EQ(dialed.error, 0);
    const std::string first = hello_for("allowed.example");
    ASSERT_EQ(::send(dialed.fd.get(), first.data(), first.size(), 0),
              static_cast<ssize_t>(first.size()));
    std::string got(answer.size(), '\0');
    ASSERT_EQ(::recv(dialed.fd.get(), got.data(), got.size(), MSG_WAITALL),
              static_cast<ssize_t>(answer.size()));
    const std::string again =
        dummy_change +
        client_hello({.extensions = server_name_extension({second}), .bytes_in_record = 7});
    const auto before = lab.internet().bytes_at(kAllowed).size();
    ASSERT_GT(::send(dialed.fd.get(), again.data(), again.size(), MSG_NOSIGNAL), 0);
    if (passes) {
      EXPECT_TRUE(test::soon(
          [&] { return lab.internet().bytes_at(kAllowed).size() == before + again.size(); }));
    } else {
      char byte = 0;
      EXPECT_LT(::recv(dialed.fd.get(), &byte, 1, 0), 0);
      EXPECT_EQ(errno, ECONNRESET);
      EXPECT_LE(lab.internet().bytes_at(kAllowed).size(), before + dummy_change.size());
    }
  }
}

// 32
TEST_F(GateTls, another_port_of_an_allowed_address_is_refused) {
  start();
  EXPECT_EQ(lab.dial(kAllowed, 8443).error, EHOSTUNREACH);
  EXPECT_EQ(lab.dial(kAlso, 22).error, EHOSTUNREACH);
  EXPECT_EQ(lab.talk(kAllowed, 22, "SSH-2.0-x\r\n"), "SSH-2.0-x\r\n");
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "port_not_allowed"));
}

TEST_F(GateTls, without_a_list_any_protocol_passes_and_the_log_has_the_servers_name) {
  lab.start(open_policy());
  EXPECT_EQ(lab.talk("203.0.113.30", 443, "plain text\n"), "plain text\n");
  const std::string hello = hello_for("by.hello.example");
  EXPECT_EQ(lab.talk("203.0.113.30", 443, hello), hello);
  EXPECT_TRUE(lab.logged(Verdict::kClosed, "", "by.hello.example"));
}

}  // namespace
}  // namespace pyro::gate
