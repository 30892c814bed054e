#include "common/base/error.h"

#include <gtest/gtest.h>

#include "common/base/reasons/stack.h"
#include "common/base/reasons/workspace.h"
#include "tests/support/errors.h"

namespace pyro {
namespace {

using testing::error_of;
using testing::Refused;

TEST(Error, every_code_comes_back_from_its_name) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_EQ(error_code_from(to_string(code)), code);
  }
}

TEST(Error, a_code_of_a_newer_peer_is_internal) {
  EXPECT_EQ(error_code_from("out_of_cheese"), ErrorCode::kInternal);
}

TEST(Error, contexts_come_outermost_first) {
  const auto error = error_of([] {
    with_context("start vm 'a1b2'", [] {
      with_context("boot", [] { throw system_error("open '/dev/kvm'", EACCES); });
    });
  });
  EXPECT_THAT(error, Refused(ErrorCode::kInternal,
                             "start vm 'a1b2': boot: open '/dev/kvm': Permission denied"));
}

TEST(Error, a_context_gives_back_what_its_action_returns) {
  EXPECT_EQ(with_context("count", [] { return 3; }), 3);
}

TEST(Error, a_refusal_has_the_reason_that_it_was_given_also_within_an_attempt) {
  const Error error = not_found(reason::kJobMissing, "job '{}' does not exist", "j");
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.reason(), reason::kJobMissing);
  EXPECT_EQ(error.reason(), "job_missing");
  EXPECT_EQ(error.message(), "job 'j' does not exist");
  EXPECT_EQ(error.within("poll").reason(), reason::kJobMissing);
}

TEST(Error, the_name_of_the_code_stands_for_a_reason_that_was_not_given) {
  EXPECT_EQ(not_found("no {}", "cheese").reason(), "not_found");
  EXPECT_EQ(not_found("no {}", "cheese").within("order").reason(), "not_found");
  EXPECT_EQ(Error(ErrorCode::kCancelled, "by the caller").reason(), "cancelled");
}

TEST(Error, a_full_disk_has_a_reason) {
  EXPECT_EQ(system_error("write", ENOSPC).reason(), reason::kDiskFull);
  EXPECT_EQ(system_error("write", EDQUOT).reason(), reason::kDiskFull);
  EXPECT_EQ(system_error("fork", ENOMEM).reason(), "resource_exhausted");
}

TEST(Error, a_missing_file_and_a_full_disk_have_codes_of_their_own) {
  EXPECT_EQ(system_error("open", ENOENT).code(), ErrorCode::kNotFound);
  EXPECT_EQ(system_error("write", ENOSPC).code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(system_error("mkdir", EEXIST).code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(system_error("ioctl", EINVAL).code(), ErrorCode::kInternal);
}

}  // namespace
}  // namespace pyro
