#include <gtest/gtest.h>

#include <limits>
#include <msgpack.hpp>
#include <nlohmann/json.hpp>

#include "common/api/json_codec.h"
#include "common/api/machine.h"
#include "common/api/message_table.h"
#include "common/api/msgpack_codec.h"
#include "common/api/workspace.h"
#include "tests/support/errors.h"
#include "tests/unit/api/dummy.h"

namespace pyro::api {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

Cook filled() {
  Cook cook;
  cook.dish = "soup";
  cook.table = 8;
  cook.offset = -5;
  cook.minutes = 0.25;
  cook.heat = 3;
  cook.spicy = true;
  cook.doneness = Doneness::kRare;
  cook.note = "hot";
  cook.sides = {{"bread", 50}, {"rice", 500}};
  cook.extras = {{"salt", 1}, {"pepper", 0}};
  cook.secret = "s";
  return cook;
}

std::optional<Error> refusal(const std::string& json) {
  return error_of([&] { from_json_text<Cook>(json, UnknownFields::kRefuse, "request"); });
}

// ---- msgpack

TEST(Msgpack, every_field_survives_a_round_trip) {
  EXPECT_EQ(from_msgpack<Cook>(to_msgpack(filled()), UnknownFields::kRefuse), filled());
}

TEST(Msgpack, what_is_not_given_has_its_default) {
  msgpack::sbuffer buffer;
  msgpack::packer packer(buffer);
  packer.pack_map(1).pack("dish").pack("soup");
  Cook expected;
  expected.dish = "soup";
  EXPECT_EQ(from_msgpack<Cook>({buffer.data(), buffer.size()}, UnknownFields::kRefuse), expected);
}

TEST(Msgpack, an_unknown_field_is_refused_in_requests_and_ignored_in_replies) {
  msgpack::sbuffer buffer;
  msgpack::packer packer(buffer);
  packer.pack_map(2).pack("summary").pack("soup").pack("stars").pack(5);
  const std::string_view data{buffer.data(), buffer.size()};
  EXPECT_THAT(error_of([&] { from_msgpack<Meal>(data, UnknownFields::kRefuse); }),
              Refused(ErrorCode::kInvalidArgument, "unknown field 'stars'"));
  EXPECT_EQ(from_msgpack<Meal>(data, UnknownFields::kIgnore).summary, "soup");
}

TEST(Msgpack, a_reply_may_hold_any_bytes_a_guest_printed) {
  Meal meal;
  meal.summary = std::string("a\0b", 3);
  EXPECT_EQ(from_msgpack<Meal>(to_msgpack(meal), UnknownFields::kIgnore), meal);
  EXPECT_EQ(from_json<Meal>(to_json(meal), UnknownFields::kIgnore), meal);
}

// ---- JSON

TEST(JsonCodec, every_field_but_the_hidden_survives_a_round_trip) {
  Cook expected = filled();
  expected.secret.clear();
  EXPECT_EQ(from_json<Cook>(to_json(filled()), UnknownFields::kRefuse), expected);
}

TEST(JsonCodec, fields_come_in_the_order_of_their_list) {
  EXPECT_EQ(to_json(Meal{.summary = "soup", .price = std::nullopt}).dump(),
            R"({"summary":"soup","price":null})");
  EXPECT_EQ(to_json(Meal{.summary = "soup", .price = std::nullopt, .tip = 2}).dump(),
            R"({"summary":"soup","price":null,"tip":2})");
  EXPECT_EQ(from_json_text<Meal>(R"({"summary":"soup"})", UnknownFields::kRefuse, "meal").tip,
            std::nullopt);
}

TEST(JsonCodec, text_that_is_no_utf8_is_replaced_not_refused) {
  EXPECT_EQ(to_json(Meal{.summary = "a\xff", .price = 1}).dump(),
            "{\"summary\":\"a\xEF\xBF\xBD\",\"price\":1.0}");
}

TEST(JsonCodec, an_unknown_field_is_refused_in_requests_and_ignored_in_replies) {
  EXPECT_THAT(refusal(R"({"dish":"x","dihs":1})"),
              Refused(ErrorCode::kInvalidArgument, "request: unknown field 'dihs'"));
  EXPECT_THAT(refusal(R"({"dish":"x","sides":[{"name":"a","gram":1}]})"),
              Refused(ErrorCode::kInvalidArgument, "request: unknown field 'gram'"));
  EXPECT_EQ(from_json_text<Meal>(R"({"summary":"s","x":1})", UnknownFields::kIgnore, "").summary,
            "s");
}

TEST(JsonCodec, a_hidden_field_is_an_unknown_one) {
  EXPECT_THAT(refusal(R"({"dish":"x","secret":"s"})"),
              Refused(ErrorCode::kInvalidArgument, "request: unknown field 'secret'"));
  EXPECT_EQ(from_json_text<Cook>(R"({"dish":"x","secret":"s"})", UnknownFields::kIgnore, "").secret,
            "");
}

TEST(JsonCodec, what_is_no_json_is_named) {
  EXPECT_THAT(refusal("{"), Refused(ErrorCode::kInvalidArgument, "request is not JSON"));
  EXPECT_THAT(refusal("[]"),
              Refused(ErrorCode::kInvalidArgument, "request: a message must be a JSON object"));
}

// ---- validation

TEST(Validation, refusals_are_verbatim) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {R"({})", "request: dish is required"},
      {R"({"dish":""})", "request: dish must not be empty"},
      {R"({"dish":"a\u0000b"})", "request: dish must not contain a NUL byte"},
      {R"({"dish":"12345678901234567"})", "request: dish may be at most 16 bytes long, not 17"},
      {R"({"dish":7})", "request: dish must be a string, not 7"},
      {R"({"dish":null})", "request: dish must be a string, not null"},
      {R"({"dish":"x","table":0})", "request: table must be between 1 and 8, not 0"},
      {R"({"dish":"x","table":9})", "request: table must be between 1 and 8, not 9"},
      {R"({"dish":"x","table":-1})", "request: table must be between 1 and 8, not -1"},
      {R"({"dish":"x","table":99999999999999999999})",
       "request: table must be between 1 and 8, not 1e+20"},
      {R"({"dish":"x","table":9.0})", "request: table must be between 1 and 8, not 9"},
      {R"({"dish":"x","table":4294967297})",
       "request: table must be between 1 and 8, not 4294967297"},
      {R"({"dish":"x","table":1.5})", "request: table must be an integer, not 1.5"},
      {R"({"dish":"x","table":"1"})", "request: table must be an integer, not \"1\""},
      {R"({"dish":"x","table":true})", "request: table must be an integer, not true"},
      {R"({"dish":"x","offset":-6})", "request: offset must be between -5 and 5, not -6"},
      {R"({"dish":"x","extras":{"a":4294967296}})",
       "request: each value of extras may be at most 4294967295, not 4294967296"},
      {R"({"dish":"x","minutes":0})", "request: minutes must be positive, not 0"},
      {R"({"dish":"x","minutes":-0.5})", "request: minutes must be positive, not -0.5"},
      {R"({"dish":"x","heat":3.01})", "request: heat must be between 0 and 3, not 3.01"},
      {R"({"dish":"x","heat":-0.01})", "request: heat must be between 0 and 3, not -0.01"},
      {R"({"dish":"x","spicy":1})", "request: spicy must be true or false, not 1"},
      {R"({"dish":"x","doneness":"well"})",
       "request: doneness must be one of: rare, medium; not 'well'"},
      {R"({"dish":"x","note":"123456789"})", "request: note may be at most 8 bytes long, not 9"},
      {R"({"dish":"x","sides":{}})", "request: sides must be a list, not {}"},
      {R"({"dish":"x","sides":[{"name":"a"},{"name":"b"},{"name":"c"}]})",
       "request: sides may have at most 2 entries, not 3"},
      {R"({"dish":"x","sides":[{"name":"a","grams":501}]})",
       "request: grams must be between 1 and 500, not 501"},
      {R"({"dish":"x","sides":[{"grams":5}]})", "request: name is required"},
      {R"({"dish":"x","extras":[]})", "request: extras must be an object, not []"},
      {R"({"dish":"x","extras":{"a":-1}})",
       "request: each value of extras must not be negative, as -1 is"},
      {R"({"dish":"x","extras":{"a":"1"}})",
       "request: each value of extras must be an integer, not \"1\""},
  };
  for (const auto& [json, message] : cases) {
    EXPECT_THAT(refusal(json), Refused(ErrorCode::kInvalidArgument, message)) << json;
  }
}

TEST(Validation, a_refusal_repeats_a_value_on_one_line_and_no_more_than_its_beginning) {
  EXPECT_THAT(refusal(R"({"dish":"x","table":")" + std::string(200, 'a') + R"("})"),
              Refused(ErrorCode::kInvalidArgument,
                      "request: table must be an integer, not \"" + std::string(78, 'a') + "…"));
  EXPECT_THAT(refusal(R"({"dish":"x","doneness":"\u001b[1m\nwell"})"),
              Refused(ErrorCode::kInvalidArgument,
                      "request: doneness must be one of: rare, medium; not '[1m well'"));
}

TEST(Validation, limits_themselves_are_allowed) {
  EXPECT_EQ(refusal(R"({"dish":"1234567890123456","table":1,"offset":5,"heat":0})"), std::nullopt);
  EXPECT_EQ(refusal(R"({"dish":"x","table":8,"note":null,"sides":[],"heat":3})"), std::nullopt);
}

struct Sign {
  std::string text;

  template <class Fields>
  static void describe(Fields& f) {
    f("text", &Sign::text, "What stands on it.", kRequired, kMayBeEmpty);
  }
};

TEST(Validation, what_may_be_empty_must_be_given_all_the_same) {
  const auto text_of = [](const char* json) {
    return from_json_text<Sign>(json, UnknownFields::kRefuse, "sign").text;
  };
  EXPECT_EQ(text_of(R"({"text":""})"), "");
  EXPECT_THAT(error_of([&] { text_of("{}"); }),
              Refused(ErrorCode::kInvalidArgument, "sign: text is required"));
}

TEST(Validation, a_nan_is_refused) {
  Cook cook = filled();
  cook.minutes = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(error_of([&] { validate(cook); }),
              Refused(ErrorCode::kInvalidArgument, "minutes must be positive, not nan"));
  cook = filled();
  cook.heat = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(error_of([&] { validate(cook); }),
              Refused(ErrorCode::kInvalidArgument, "heat must be between 0 and 3, not nan"));
}

TEST(AssignFields, copies_what_both_have_by_name_and_type_and_nothing_else) {
  Workspace workspace{.workspace_id = "0123456789ab"};
  workspace.name = "one";
  workspace.mem_mib = 2048;
  workspace.labels = {{"a", "b"}};
  workspace.expires_at = 12.5;
  WorkspaceEntry entry;
  assign_fields(entry, workspace);
  EXPECT_EQ(entry.workspace_id, "0123456789ab");
  EXPECT_EQ(entry.name, "one");
  EXPECT_EQ(entry.labels, workspace.labels);
  EXPECT_EQ(entry.expires_at, 12.5);

  CreateMachine request{.workspace_id = "kept", .replaces = "kept"};
  assign_fields(request, workspace);
  EXPECT_EQ(request.mem_mib, 2048U);
  // An id that one has always and the other perhaps is of another type.
  EXPECT_EQ(request.workspace_id, "kept");
  EXPECT_EQ(request.replaces, "kept");
}

}  // namespace
}  // namespace pyro::api
