#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/net/gate/dns/local_names.h"
#include "services/net/gate/dns/message.h"
#include "services/net/gate/dns/resolvers.h"
#include "services/net/gate/setup/netlink.h"

namespace pyro::gate::dns {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::string_literals;

std::string name_bytes(const std::vector<std::string>& labels) {
  std::string out;
  for (const auto& label : labels) out += static_cast<char>(label.size()) + label;
  return out + '\0';
}

/// A resolver's answer to `a.example`, type A, with these records after the question.
std::string answer(const std::string& records, std::uint16_t count, std::uint16_t flags = 0x8180) {
  return big_endian16(7) + big_endian16(flags) + big_endian16(1) + big_endian16(count) +
         big_endian32(0) + name_bytes({"a", "example"}) + big_endian16(1) + big_endian16(1) +
         records;
}

std::string record(const std::string& owner, std::uint16_t type, const std::string& data) {
  return owner + big_endian16(type) + big_endian16(1) + big_endian32(100000) +
         big_endian16(static_cast<std::uint16_t>(data.size())) + data;
}

const std::string kOwner = "\xC0\x0C";
const std::string kOne = "\xCB\x00\x71\x01"s;

std::optional<Answer> read(const std::string& message) {
  return read_answer(message, 7, "a.example", kTypeA);
}

TEST(GateDnsMessage, a_question_is_read_as_it_was_written) {
  const auto read = read_question(write_query(9, "a.example", kTypeAaaa));
  const auto* question = std::get_if<Question>(&read);
  ASSERT_NE(question, nullptr);
  EXPECT_EQ(question->id, 9);
  EXPECT_EQ(question->name, "a.example");
  EXPECT_EQ(question->type, kTypeAaaa);
  EXPECT_TRUE(question->has_edns);
  EXPECT_EQ(question->most_answer_bytes, kEdnsBytes);
}

TEST(GateDnsMessage, an_answer_gets_no_answer) {
  std::string query = write_query(9, "a.example", kTypeA);
  query[2] = static_cast<char>(query[2] | 0x80);
  const auto read = read_question(query);
  EXPECT_FALSE(std::get<BadQuestion>(read).id);
  EXPECT_FALSE(std::get<BadQuestion>(read_question("short")).id);
}

TEST(GateDnsMessage, only_addresses_of_the_name_or_its_aliases_count) {
  const std::string alias = name_bytes({"b", "example"});
  const std::string stranger = name_bytes({"c", "example"});
  const auto found = read(answer(
      record(kOwner, 5, alias) + record(alias, 1, kOne) + record(stranger, 1, "\x01\x02\x03\x04"),
      3));
  ASSERT_TRUE(found);
  ASSERT_THAT(found->addresses, SizeIs(1));
  EXPECT_EQ(found->addresses[0].address.text(), "203.0.113.1");
  EXPECT_THAT(found->mentioned, SizeIs(2));
}

TEST(GateDnsMessage, aliases_that_lead_to_each_other_end) {
  const std::string alias = name_bytes({"b", "example"});
  const auto found = read(answer(record(kOwner, 5, alias) + record(alias, 5, kOwner), 2));
  ASSERT_TRUE(found);
  EXPECT_THAT(found->addresses, IsEmpty());
}

TEST(GateDnsMessage, what_does_not_answer_the_query_is_passed_over) {
  const std::string good = answer(record(kOwner, 1, kOne), 1);
  EXPECT_TRUE(read(good));
  EXPECT_FALSE(read_answer(good, 8, "a.example", kTypeA));
  EXPECT_FALSE(read_answer(good, 7, "b.example", kTypeA));
  EXPECT_FALSE(read_answer(good, 7, "a.example", kTypeAaaa));
  EXPECT_FALSE(read(answer(record(kOwner, 1, kOne), 1, 0x0180)));
  EXPECT_FALSE(read(answer(record(kOwner, 1, kOne), 2)));
  EXPECT_FALSE(read(good + "x"));
  EXPECT_FALSE(read(good.substr(0, good.size() - 1)));
  // An address of the wrong length is none.
  EXPECT_THAT(read(answer(record(kOwner, 1, kOne + "x"), 1))->addresses, IsEmpty());
}

TEST(GateDnsMessage, an_answer_to_the_guest_has_the_addresses_and_a_bounded_time) {
  const Question question{.id = 5, .name = "a.example", .type = kTypeA};
  const std::string message =
      write_answer(question, Rcode::kNoError, {{*Address::parse("203.0.113.1"), 100000}});
  const auto found = read_answer(message, 5, "a.example", kTypeA);
  ASSERT_TRUE(found);
  ASSERT_THAT(found->addresses, SizeIs(1));
  EXPECT_EQ(found->addresses[0].ttl, 3600U);
  EXPECT_TRUE(read_answer(write_truncated(question), 5, "a.example", kTypeA)->truncated);
}

TEST(GateDnsMessage, names_of_the_local_network) {
  for (const char* name :
       {"", "host", "local", "a.local", "localhost", "b.a.localhost", "home.arpa",
        "1.0.0.10.in-addr.arpa", "16.172.in-addr.arpa", "a.b.c.d.in-addr.arpa", "in-addr.arpa",
        "1.ip6.arpa", "d.f.ip6.arpa", "0.8.e.f.ip6.arpa"}) {
    EXPECT_TRUE(is_local_name(name)) << name;
  }
  for (const char* name : {"a.example", "notlocal.example", "xlocal.a", "local.example",
                           "1.113.0.203.in-addr.arpa", "8.in-addr.arpa", "0.0.a.2.ip6.arpa"}) {
    EXPECT_FALSE(is_local_name(name)) << name;
  }
}

TEST(GateDnsMessage, the_servers_of_a_resolv_conf) {
  const auto servers = resolvers_in(
      "# nameserver 192.0.2.9\nsearch x\nnameserver 127.0.0.53\nnameserver\t::1 # x\n"
      "nameservers 192.0.2.1\nnameserver junk\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n");
  ASSERT_THAT(servers, SizeIs(3));
  EXPECT_EQ(servers[0].address.text(), "127.0.0.53");
  EXPECT_EQ(servers[1].address.text(), "::1");
  EXPECT_EQ(servers[2].address.text(), "192.0.2.2");
  ASSERT_THAT(resolvers_in(""), SizeIs(1));
  EXPECT_EQ(resolvers_in("")[0].address.text(), "127.0.0.1");
}

}  // namespace
}  // namespace pyro::gate::dns
