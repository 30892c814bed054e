#include "common/api/error_body.h"

#include <gtest/gtest.h>

#include "common/api/msgpack_codec.h"
#include "common/base/reasons/workspace.h"
#include "tests/support/errors.h"

namespace pyro::api {
namespace {

ErrorBody travelled(const ErrorBody& body) {
  return from_msgpack<ErrorBody>(to_msgpack(body), UnknownFields::kIgnore);
}

TEST(ErrorBodyTest, an_error_arrives_as_it_was_sent) {
  const Error sent = not_found(reason::kJobMissing, "job 'j' does not exist");
  const Error came = error_from(travelled(error_body(sent)));
  EXPECT_EQ(came.code(), sent.code());
  EXPECT_EQ(came.reason(), sent.reason());
  EXPECT_EQ(came.message(), sent.message());
}

TEST(ErrorBodyTest, a_body_without_a_reason_has_that_of_its_code) {
  EXPECT_EQ(error_from({.code = "not_found", .message = "no"}).reason(), "not_found");
}

TEST(ErrorBodyTest, a_reason_of_a_newer_peer_is_kept) {
  const ErrorBody body{.code = "out_of_cheese", .reason = "no_brie", .message = "no"};
  EXPECT_EQ(error_from(travelled(body)).code(), ErrorCode::kInternal);
  EXPECT_EQ(error_from(travelled(body)).reason(), "no_brie");
}

TEST(ErrorBodyTest, a_reason_that_is_too_long_is_refused) {
  EXPECT_EQ(travelled({.code = "internal", .reason = std::string(64, 'x')}).reason.size(), 64U);
  const ErrorBody longer{.code = "internal", .reason = std::string(65, 'x')};
  EXPECT_THAT(
      testing::error_of([&] { travelled(longer); }),
      testing::Refused(ErrorCode::kInvalidArgument, "reason may be at most 64 bytes long, not 65"));
}

TEST(ErrorBodyTest, a_message_without_end_is_cut_and_arrives) {
  const Error sent(ErrorCode::kInternal, std::string(1U << 20U, 'x'));
  EXPECT_LE(travelled(error_body(sent)).message.size(), ErrorBody::kMostMessageBytes);
}

}  // namespace
}  // namespace pyro::api
