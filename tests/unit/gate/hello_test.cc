#include <gtest/gtest.h>

#include "services/net/gate/rules/denial.h"
#include "services/net/gate/streams/stream_guard.h"

namespace pyro::gate {
namespace {

using State = ClientHelloReader::State;
using namespace std::string_literals;

/// A hello for `a.example`, of 3 extensions; the middle one is a server_name.
const std::string kBody = "\x03\x03"s + std::string(32, 'r') + "\0\0\x02\x13\x01\x01\0"s +
                          "\0\x1C\xFE\x0D\0\x02xx\0\0\0\x0E\0\x0C\0\0\x09"s + "a.example" +
                          "\0\x17\0\0"s;

std::string record(const std::string& content) {
  return "\x16\x03\x01"s + static_cast<char>(content.size() >> 8U) +
         static_cast<char>(content.size() & 0xFFU) + content;
}

std::string hello(const std::string& body = kBody) {
  return record("\x01\0"s + static_cast<char>(body.size() >> 8U) +
                static_cast<char>(body.size() & 0xFFU) + body);
}

State state_of(const std::string& bytes) { return ClientHelloReader().feed(bytes); }

TEST(GateClientHello, the_name_is_read_from_pieces_of_any_length) {
  for (std::size_t piece = 1; piece < hello().size(); ++piece) {
    ClientHelloReader reader;
    State state = State::kMore;
    for (std::size_t at = 0; at < hello().size(); at += piece) {
      EXPECT_EQ(state, State::kMore);
      state = reader.feed(hello().substr(at, piece));
    }
    EXPECT_EQ(state, State::kName);
    EXPECT_EQ(reader.server_name(), "a.example");
  }
}

TEST(GateClientHello, each_prefix_wants_more_and_no_cut_inside_is_a_name) {
  for (std::size_t cut = 0; cut < hello().size(); ++cut) {
    EXPECT_EQ(state_of(hello().substr(0, cut)), State::kMore);
  }
  // The body ends before its parts do.
  for (std::size_t cut = 0; cut < kBody.size(); ++cut) {
    EXPECT_NE(state_of(hello(kBody.substr(0, cut))), State::kName) << cut;
  }
}

TEST(GateClientHello, what_comes_after_its_record_is_left_over) {
  ClientHelloReader reader;
  EXPECT_EQ(reader.feed(hello() + "early"), State::kName);
  EXPECT_EQ(reader.left_over(), 5U);
}

TEST(GateClientHello, a_hello_without_end_is_refused) {
  ClientHelloReader reader;
  State state = reader.feed(record("\x01\xFF\xFF\xFF"s));
  EXPECT_EQ(state, State::kNotTls);
  EXPECT_EQ(state_of("\x16\x03\x01\xFF\xFF"s), State::kNotTls);
}

TEST(GateTlsGuard, it_holds_the_hello_until_it_is_checked_and_what_follows_until_the_answer) {
  TlsGuard guard([](std::string_view) { return std::string_view(); });
  std::string out;
  EXPECT_TRUE(guard.up(hello().substr(0, 20), out));
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(guard.up(hello().substr(20) + "early", out));
  EXPECT_EQ(out, hello());
  EXPECT_FALSE(guard.takes_more());
  out.clear();
  EXPECT_TRUE(guard.down("\x16\x03\x03\0\x40\x02\0\0\x3C\x03\x03"s, out));
  EXPECT_FALSE(guard.is_done());
  EXPECT_TRUE(guard.down(std::string(40, 's'), out));
  EXPECT_TRUE(guard.is_done());
  EXPECT_EQ(out, "early");
}

TEST(GateTlsGuard, an_alert_in_place_of_a_hello_ends_the_check) {
  TlsGuard guard([](std::string_view) { return std::string_view(); });
  std::string out;
  EXPECT_TRUE(guard.up(hello(), out));
  EXPECT_TRUE(guard.down("\x15\x03\x03\0\x02\x02\x28"s, out));
  EXPECT_TRUE(guard.is_done());
}

TEST(GateTlsGuard, a_name_that_is_not_allowed_passes_no_byte) {
  TlsGuard guard([](std::string_view) { return denial::kServerNameNotAllowed; });
  std::string out;
  EXPECT_FALSE(guard.up(hello(), out));
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(guard.refused(), denial::kServerNameNotAllowed);
  EXPECT_EQ(guard.name(), "a.example");
}

}  // namespace
}  // namespace pyro::gate
