#include "services/image/tool.h"

#include "tests/support/errors.h"

namespace pyro::image {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ToolFailure, of_an_archive_that_does_not_answer_says_so_with_apts_own_words) {
  const Error error = tool_failure(
      "apt-get", 100,
      "W: something\nE: Failed to fetch http://127.0.0.1:1/x  Could not connect to 127.0.0.1:1\n"
      "E: Some index files failed to download.\n",
      "/cache");
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("check the network"), HasSubstr("127.0.0.1:1")));
}

TEST(ToolFailure, of_a_full_disk_names_the_directory) {
  for (const char* words : {"dpkg: error: cannot write: No space left on device",
                            "E: Failed to fetch http://x/y  Error writing to file - write (28: No "
                            "space left on device)",
                            "E: You don't have enough free space in /cache/archives/."}) {
    const Error error = tool_failure("mmdebstrap", 25, words, "/cache/environments");
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted) << words;
    EXPECT_THAT(error.message(), HasSubstr("'/cache/environments'"));
  }
}

TEST(ToolFailure, of_another_kind_keeps_the_last_words_without_escapes) {
  const Error error = tool_failure("dpkg", 2, "first\n\x1b[31mlast\n", "/cache");
  EXPECT_EQ(error.code(), ErrorCode::kInternal);
  EXPECT_EQ(error.message(), "'dpkg' ended with status 2: [31mlast");
}

TEST(RequireTools, says_which_packages_to_install) {
  EXPECT_THAT(
      error_of([] {
        require_tools({{"no-such-a", "pkg-a"}, {"sh", "dash"}, {"no-such-b", "pkg-b"}});
      }),
      Refused(
          ErrorCode::kFailedPrecondition,
          "'no-such-a', 'no-such-b' are not installed: run 'sudo apt-get install pkg-a pkg-b'"));
}

}  // namespace
}  // namespace pyro::image
