#include "common/api/prepare.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/api/json_codec.h"
#include "common/api/machine.h"
#include "common/api/msgpack_codec.h"
#include "tests/support/errors.h"

namespace pyro::api {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;

template <class Request>
Request from(const char* json) {
  return from_json<Request>(Json::parse(json), UnknownFields::kRefuse);
}

TEST(PrepareEnvironment, without_words_prepares_the_usual_environment_offline) {
  const auto request = from<PrepareEnvironment>("{}");
  EXPECT_EQ(request.environment, "debian:12");
  EXPECT_FALSE(request.network);
  EXPECT_FALSE(request.force);
  EXPECT_EQ(from<GetDailyLoop>("{}").environment, "debian:12");
  EXPECT_FALSE(from<GetDailyLoop>("{}").verify);
}

TEST(PrepareEnvironment, bounds_the_name_of_the_environment) {
  const auto refused =
      Refused(ErrorCode::kInvalidArgument, "environment may be at most 128 bytes long, not 129");
  PrepareEnvironment prepare;
  prepare.environment.assign(129, 'x');
  EXPECT_THAT(error_of([&] {
                from_msgpack<PrepareEnvironment>(to_msgpack(prepare), UnknownFields::kRefuse);
              }),
              refused);
  GetDailyLoop ask;
  ask.environment.assign(129, 'x');
  EXPECT_THAT(
      error_of([&] { from_msgpack<GetDailyLoop>(to_msgpack(ask), UnknownFields::kRefuse); }),
      refused);
}

TEST(DailyLoop, tells_its_status_by_a_word_and_survives_the_way) {
  DailyLoop loop;
  loop.environment = "debian:12";
  loop.status = Warmth::kStale;
  loop.reason = "the kernel changed";
  EXPECT_EQ(to_json(loop)["status"], "stale");
  const auto copy = from_msgpack<DailyLoop>(to_msgpack(loop), UnknownFields::kIgnore);
  EXPECT_EQ(copy.status, Warmth::kStale);
  EXPECT_EQ(copy.reason, "the kernel changed");
  EXPECT_EQ(copy.prepared_at, std::nullopt);
}

}  // namespace
}  // namespace pyro::api
