#include "services/net/gate/streams/package_guard.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/net/gate/rules/denial.h"

namespace pyro::gate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const network::PackageSite& npm() { return *network::package_site_named("npm"); }
const network::PackageSite& debian() { return *network::package_site_named("debian"); }

/// What the cache gets of these bytes, which come in pieces of this length.
std::string asked_for(const network::PackageSite& site, std::string_view bytes,
                      std::size_t piece = 1000000) {
  PackageGuard guard(site);
  std::string out;
  while (!bytes.empty()) {
    EXPECT_TRUE(guard.up(bytes.substr(0, piece), out));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return out;
}

std::string of_npm(std::string_view bytes) { return asked_for(npm(), bytes); }

std::string refused_as(int status) {
  return fmt::format("GET /refused/{} HTTP/1.1\r\nHost: packages\r\nConnection: close\r\n\r\n",
                     status);
}

TEST(PackageGuard, a_request_is_written_anew_however_it_is_cut) {
  const std::string request =
      "GET /@types%2fnode HTTP/1.1\r\nHost: 10.0.2.1:4861\r\naccept: "
      "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8\r\nAccept-Encoding: "
      "gzip,deflate\r\nUser-Agent: npm\r\nAuthorization: Bearer secret\r\nCookie: a=b\r\n"
      "X-Forwarded-Host: evil.test\r\nIf-None-Match: \"abc\"\r\n\r\n";
  const std::string expected =
      "GET /npm/@types%2Fnode HTTP/1.1\r\nHost: packages\r\nAccept: "
      "application/vnd.npm.install-v1+json\r\nAccept-Encoding: gzip\r\nIf-None-Match: "
      "\"abc\"\r\n\r\n";
  EXPECT_EQ(of_npm(request), expected);
  EXPECT_EQ(asked_for(npm(), request, 1), expected);
  EXPECT_EQ(of_npm(request + request), expected + expected);
}

TEST(PackageGuard, what_it_logs_is_what_was_asked_for) {
  PackageGuard guard(npm());
  std::string out;
  guard.up("GET /lodash HTTP/1.1\r\nHost: a\r\n\r\nPOST /-/npm/v1 HTTP/1.1\r\nHost: a\r\n\r\n",
           out);
  const auto asked = guard.take_asked();
  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_EQ(asked[0].path, "/lodash");
  EXPECT_THAT(asked[0].refused, IsEmpty());
  EXPECT_EQ(asked[1].refused, denial::kNotCached);
  EXPECT_THAT(guard.take_asked(), IsEmpty());
  EXPECT_EQ(guard.name(), "npm");
}

TEST(PackageGuard, a_path_has_one_form) {
  EXPECT_EQ(package_path(npm(), "/a%2Db%7e/%40x"), "/a-b~/@x");
  EXPECT_EQ(package_path(npm(), "/@s%2fx"), "/@s%2Fx");
  EXPECT_EQ(package_path(debian(), "/debian/pool/a_1%3a2+b.deb"), "/debian/pool/a_1:2+b.deb");
  EXPECT_EQ(package_path(debian(), "http://deb.debian.org/debian/x"), "/debian/x");
  EXPECT_EQ(package_path(debian(), "http://security.debian.org/debian-security/x"),
            "/debian-security/x");
  EXPECT_EQ(package_path(npm(), "/"), "/");
  for (const char* bad : {"",
                          "x",
                          "/a/../b",
                          "/..",
                          "/.",
                          "/a/./b",
                          "//a",
                          "/a//b",
                          "/%2e%2e/b",
                          "/a/%2E./b",
                          "/a%2f..%2fb",
                          "/a%2f%2fb",
                          "/a?b=c",
                          "/a#b",
                          "/a%",
                          "/a%2",
                          "/a%zz",
                          "/a%00b",
                          "/a%0d%0ab",
                          "/a%25b",
                          "/a%5cb",
                          "/a\\b",
                          "/a%3fb",
                          "/a%23b",
                          "/a\"b",
                          "/a<b",
                          "/a{b}",
                          "/a$b",
                          "/a`b",
                          "http://evil.test/a",
                          "https://registry.npmjs.org/a",
                          "http://deb.debian.org/a",
                          "/a\x80"}) {
    EXPECT_THAT(package_path(npm(), bad), IsEmpty()) << bad;
  }
  for (const char* bad :
       {"http://deb.debian.org.evil.test/x", "http://evil.test/debian/x",
        "http://deb.debian.org@evil.test/x", "/debian%2fx", "http://deb.debian.org/../x"}) {
    EXPECT_THAT(package_path(debian(), bad), IsEmpty()) << bad;
  }
  EXPECT_THAT(package_path(npm(), "/" + std::string(PackageGuard::kMostPathBytes, 'a')), IsEmpty());
}

TEST(PackageGuard, methods_other_than_get_and_head_are_answered_and_their_bodies_dropped) {
  for (const char* method : {"POST", "PUT", "DELETE", "PURGE", "CONNECT", "OPTIONS", "get"}) {
    EXPECT_EQ(of_npm(fmt::format("{} /lodash HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
                                 "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n",
                                 method)),
              refused_as(405))
        << method;
  }
  EXPECT_THAT(of_npm("HEAD /lodash HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("HEAD /npm/lodash "));
}

TEST(PackageGuard, a_request_that_could_be_read_in_two_ways_is_none) {
  const std::string next = "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string bad :
       {"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\ntransfer-encoding : chunked\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /a HTTP/1.1\nHost: a\n\n", "GET /a HTTP/1.1\r\nHost: a\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\n X: y\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\rX: y\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /a HTTP/1.1\r\n\r\n",
        "GET /a HTTP/2.0\r\nHost: a\r\n\r\n", "GET /a\r\n\r\n",
        "GET  /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", "\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
    EXPECT_EQ(of_npm(bad + next), refused_as(400)) << bad;
  }
  EXPECT_EQ(of_npm("GET /a HTTP/1.1\r\nHost: a\r\nX: " + std::string(40000, 'x')), refused_as(400));
  EXPECT_EQ(of_npm("GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n" + next), refused_as(404));
}

TEST(PackageGuard, a_range_goes_on_as_one_and_without_a_condition_only) {
  const auto with = [](std::string_view fields) {
    return of_npm(fmt::format("GET /a HTTP/1.1\r\nHost: a\r\n{}\r\n", fields));
  };
  EXPECT_THAT(with("Range: bytes=5-\r\n"), HasSubstr("Range: bytes=5-\r\n"));
  EXPECT_THAT(with("Range: bytes=5-\r\nIf-Range: \"x\"\r\n"), Not(HasSubstr("Range")));
  EXPECT_THAT(with("Range: bytes=0-0,5-6\r\n"), Not(HasSubstr("Range")));
  EXPECT_THAT(with("Range: lines=1-2\r\n"), Not(HasSubstr("Range")));
  EXPECT_THAT(with("If-None-Match: a\tb\r\n"), Not(HasSubstr("If-None-Match")));
}

TEST(PackageGuard, an_old_client_gets_its_one_answer) {
  EXPECT_EQ(of_npm("GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n"),
            "GET /npm/a HTTP/1.0\r\nHost: packages\r\nConnection: close\r\n\r\n");
}

}  // namespace
}  // namespace pyro::gate
