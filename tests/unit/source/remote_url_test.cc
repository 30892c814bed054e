#include "common/source/remote_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/source/ref_name.h"
#include "tests/support/errors.h"

namespace pyro::source {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RemoteUrl, is_of_https_ssh_or_this_host) {
  for (const char* url :
       {"https://example.org/a.git", "https://example.org:8443/a", "ssh://git@example.org:2222/a",
        "git@example.org:a/b.git", "example.org:a", "file:///srv/a.git", "/srv/a@b.git"}) {
    EXPECT_EQ(parse_remote_url(url).plain, url);
    EXPECT_TRUE(parse_remote_url(url).settings.empty());
  }
}

TEST(RemoteUrl, of_another_protocol_or_with_an_option_in_it_is_refused) {
  for (const char* url : {"",
                          "ext::sh -c evil",
                          "ext://x/y",
                          "http://example.org/a",
                          "git://example.org/a",
                          "fd::17",
                          "-u",
                          "--upload-pack=evil",
                          "ssh://-oProxyCommand=evil/x",
                          "ssh://git@-oProxyCommand=x/y",
                          "git@-oProxyCommand=evil:x",
                          "https:///a",
                          "https://user@/a",
                          "ssh://u:pw@example.org/a",
                          "https://a b/c",
                          "https://example.org/a\nb",
                          "https://example.org/a?token=x",
                          "file://host/a",
                          "host::x",
                          "https://h=x/a",
                          "relative"}) {
    EXPECT_THAT(error_of([&] { parse_remote_url(url); }), Refused(ErrorCode::kInvalidArgument))
        << url;
  }
}

TEST(RemoteUrl, keeps_its_credentials_out_of_all_that_is_shown_and_of_command_lines) {
  const RemoteUrl url = parse_remote_url("https://us%40er:t0%3Aken@example.org:8443/a");
  EXPECT_EQ(url.plain, "https://example.org:8443/a");
  EXPECT_EQ(url.variables.at("PYRO_GIT_USER"), "us@er");
  EXPECT_EQ(url.variables.at("PYRO_GIT_PASSWORD"), "t0:ken");
  ASSERT_EQ(url.settings.size(), 1U);
  EXPECT_THAT(url.settings[0], AllOf(HasSubstr("credential.https://example.org:8443.helper="),
                                     Not(HasSubstr("ken"))));
  EXPECT_EQ(parse_remote_url("https://t0ken@example.org/a").variables.at("PYRO_GIT_USER"), "t0ken");
  for (const char* bad :
       {"ext://u:t0ken@h/x", "u:t0ken@h:x", "https://u:t0ken@/x", "ssh://u:t0ken@h/x",
        "https://u:t0%0Aken@h/x", "https://u:t0ken@h/x?y", "https://user:t0ken/abc@host.org/x.git",
        "https://user:123/t0ken@host.org/x.git", "https://t0ken/abc@host.org/x.git",
        "ssh://user:t0ken/abc@host.org/x.git", "user@host.org:t0ken@host.org:x"}) {
    EXPECT_THAT(error_of([&] { parse_remote_url(bad); }),
                Refused(ErrorCode::kInvalidArgument, Not(HasSubstr("ken"))))
        << bad;
  }
  EXPECT_EQ(parse_remote_url("https://h/a%40b.git").plain, "https://h/a%40b.git");
  EXPECT_EQ(parse_remote_url("https://[::1]:8443/a").plain, "https://[::1]:8443/a");
  EXPECT_EQ(parse_remote_url("https://[::1]/a").plain, "https://[::1]/a");
}

TEST(RefName, is_what_git_takes_for_one) {
  for (const char* ref : {"main", "topic/a-b", "v1.2.3", "refs/pull/1/head", "HEAD", "a@b", "+a",
                          "0123456789abcdef0123456789abcdef01234567"}) {
    EXPECT_FALSE(error_of([&] { check_ref(ref); })) << ref;
  }
  for (const char* ref : {"",     "-x",     "--upload-pack=evil",
                          "a..b", "a b",    "a:b",
                          "^a",   "a~1",    "a^{}",
                          "a*",   "a?",     "[a]",
                          "a\\b", "a@{1}",  "/a",
                          "a//b", "a/",     ".a",
                          "a/.b", "a.lock", "a.",
                          "a\nb"}) {
    EXPECT_THAT(error_of([&] { check_ref(ref); }), Refused(ErrorCode::kInvalidArgument)) << ref;
  }
}

}  // namespace
}  // namespace pyro::source
