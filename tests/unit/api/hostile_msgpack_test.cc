#include <gtest/gtest.h>

#include <msgpack.hpp>
#include <random>

#include "common/api/agent.h"
#include "common/api/message_table.h"
#include "common/api/msgpack_codec.h"
#include "tests/support/errors.h"
#include "tests/unit/api/dummy.h"

/// Bytes come from guests and from whoever reaches a socket.
namespace pyro::api {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::optional<Error> decode_refusal(std::string_view data) {
  return error_of([&] { from_msgpack<Cook>(data, UnknownFields::kRefuse); });
}

const auto kMalformed =
    Refused(ErrorCode::kInvalidArgument,
            ::testing::Matcher<const std::string&>(StartsWith("malformed msgpack")));

Cook sample() {
  Cook cook;
  cook.dish = "soup";
  cook.sides = {{"bread", 50}};
  cook.extras = {{"salt", 1}};
  return cook;
}

TEST(HostileMsgpack, cut_short_anywhere_it_is_refused) {
  const std::string whole = to_msgpack(sample());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THAT(decode_refusal(std::string_view(whole).substr(0, length)), kMalformed) << length;
  }
}

TEST(HostileMsgpack, data_after_its_end_is_refused) {
  EXPECT_THAT(decode_refusal(to_msgpack(sample()) + '\xc0'),
              Refused(ErrorCode::kInvalidArgument, "malformed msgpack: data after its end"));
}

TEST(HostileMsgpack, deep_nesting_is_refused_without_deep_recursion) {
  EXPECT_THAT(decode_refusal(std::string(1U << 20U, '\x91')), kMalformed);
  std::string maps;
  for (int i = 0; i < 100000; ++i) maps += std::string("\x81\xa1x", 3);
  EXPECT_THAT(decode_refusal(maps), kMalformed);
}

TEST(HostileMsgpack, absurd_sizes_are_refused_before_memory_is_taken) {
  for (const std::string_view header :
       {std::string_view("\xdd\xff\xff\xff\xff", 5), std::string_view("\xdf\xff\xff\xff\xff", 5),
        std::string_view("\xdb\xff\xff\xff\xff", 5), std::string_view("\xc6\xff\xff\xff\xff", 5),
        std::string_view("\xc9\xff\xff\xff\xff\x01", 6),
        std::string_view("\xdd\x00\x01\x00\x01", 5), std::string_view("\xdf\x00\x01\x00\x01", 5)}) {
    EXPECT_THAT(decode_refusal(header), kMalformed);
  }
}

TEST(HostileMsgpack, a_root_that_is_no_map_is_refused) {
  for (const std::string_view data :
       {std::string_view("\xc0", 1), std::string_view("\x90", 1), std::string_view("\x07", 1),
        std::string_view("\xa1x", 2), std::string_view("\xc3", 1)}) {
    EXPECT_THAT(decode_refusal(data),
                Refused(ErrorCode::kInvalidArgument, "a message must be a map"));
  }
}

/// {"dish": "x", name: value}
template <class Pack>
std::string with_field(std::string_view name, Pack&& pack) {
  msgpack::sbuffer buffer;
  msgpack::packer packer(buffer);
  packer.pack_map(2).pack("dish").pack("x").pack(name);
  pack(packer);
  return {buffer.data(), buffer.size()};
}

TEST(HostileMsgpack, wrong_types_are_refused_by_the_name_of_their_field) {
  const auto text = [](auto& packer) { packer.pack("text"); };
  const auto number = [](auto& packer) { packer.pack(7); };
  const auto list = [](auto& packer) { packer.pack_array(0); };
  const auto refused = [](const char* message) {
    return Refused(ErrorCode::kInvalidArgument, message);
  };
  EXPECT_THAT(decode_refusal(with_field("table", text)), refused("table must be an integer"));
  EXPECT_THAT(decode_refusal(with_field("table", [](auto& packer) { packer.pack(1.5); })),
              refused("table must be an integer"));
  EXPECT_THAT(decode_refusal(with_field("table", [](auto& packer) { packer.pack(-1); })),
              refused("table must be between 1 and 8, not -1"));
  EXPECT_THAT(
      decode_refusal(with_field("offset", [](auto& packer) { packer.pack(~std::uint64_t{0}); })),
      refused("offset must be between -5 and 5, not 18446744073709551615"));
  EXPECT_THAT(decode_refusal(with_field("spicy", number)), refused("spicy must be true or false"));
  EXPECT_THAT(decode_refusal(with_field("minutes", text)), refused("minutes must be a number"));
  EXPECT_THAT(decode_refusal(with_field("doneness", number)), refused("doneness must be a string"));
  EXPECT_THAT(decode_refusal(with_field("note", list)), refused("note must be a string"));
  EXPECT_THAT(decode_refusal(with_field("sides", number)), refused("sides must be a list"));
  EXPECT_THAT(decode_refusal(with_field("extras", list)), refused("extras must be a map"));
  EXPECT_THAT(decode_refusal(with_field("extras",
                                        [](auto& packer) {
                                          packer.pack_map(1);
                                          packer.pack(1);
                                          packer.pack(1);
                                        })),
              refused("extras must be a map with text as keys"));
  EXPECT_THAT(decode_refusal(with_field("sides",
                                        [](auto& packer) {
                                          packer.pack_array(1);
                                          packer.pack(1);
                                        })),
              refused("a message must be a map"));
}

TEST(HostileMsgpack, a_field_name_that_is_no_text_is_refused) {
  msgpack::sbuffer buffer;
  msgpack::packer packer(buffer);
  packer.pack_map(2).pack("dish").pack("x").pack(1).pack(1);
  EXPECT_THAT(decode_refusal({buffer.data(), buffer.size()}),
              Refused(ErrorCode::kInvalidArgument, "a field name must be text"));
}

TEST(HostileMsgpack, bytes_over_their_limit_are_refused) {
  agent::Personalize message;
  message.host_name = "x";
  message.random_seed.data.assign(256, 'r');
  EXPECT_EQ(error_of([&] {
              from_msgpack<agent::Personalize>(to_msgpack(message), UnknownFields::kRefuse);
            }),
            std::nullopt);
  message.random_seed.data += 'r';
  EXPECT_THAT(
      error_of(
          [&] { from_msgpack<agent::Personalize>(to_msgpack(message), UnknownFields::kRefuse); }),
      Refused(ErrorCode::kInvalidArgument, "random_seed may be at most 256 bytes long, not 257"));
}

TEST(HostileMsgpack, whatever_bytes_come_it_is_a_message_or_a_refusal) {
  std::mt19937 random(20240607);  // the same bytes each time
  const std::string whole = to_msgpack(sample());
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string data = whole;
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
      data[random() % data.size()] = static_cast<char>(random());
    }
    if (round % 3 == 0) data.resize(random() % data.size());
    const auto error = decode_refusal(data);
    if (!error) continue;
    EXPECT_EQ(error->code(), ErrorCode::kInvalidArgument);
    ++refused;
  }
  EXPECT_GT(refused, 10000);
}

}  // namespace
}  // namespace pyro::api
