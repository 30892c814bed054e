#include "common/network/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/reasons/network.h"
#include "common/network/package_choice.h"
#include "common/network/package_sites.h"
#include "tests/support/errors.h"

namespace pyro::network {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;

TEST(AllowEntry, an_exact_name_covers_itself_alone) {
  const auto entry = AllowEntry::parse("Example.COM");
  EXPECT_EQ(entry.text(), "example.com");
  EXPECT_TRUE(entry.covers_name("example.com"));
  for (const char* other :
       {"notexample.com", "example.com.evil.test", "a.example.com", "com", ""}) {
    EXPECT_FALSE(entry.covers_name(other)) << other;
  }
}

TEST(AllowEntry, a_wildcard_covers_the_names_below_and_not_the_name) {
  const auto entry = AllowEntry::parse("*.example.com:22");
  EXPECT_EQ(entry.text(), "*.example.com:22");
  EXPECT_TRUE(entry.covers_name("a.example.com"));
  EXPECT_TRUE(entry.covers_name("a.b.example.com"));
  for (const char* other :
       {"example.com", ".example.com", "notexample.com", "a.example.com.test"}) {
    EXPECT_FALSE(entry.covers_name(other)) << other;
  }
}

TEST(AllowEntry, without_a_port_it_covers_443_and_80) {
  const auto plain = AllowEntry::parse("example.com");
  EXPECT_TRUE(plain.covers_port(443));
  EXPECT_TRUE(plain.covers_port(80));
  EXPECT_FALSE(plain.covers_port(22));
  const auto ssh = AllowEntry::parse("example.com:22");
  EXPECT_TRUE(ssh.covers_port(22));
  EXPECT_FALSE(ssh.covers_port(443));
}

TEST(AllowEntry, what_is_no_name_is_refused) {
  for (const char* text : {"",
                           "*",
                           "*.",
                           "*.*",
                           "*.com",
                           "com",
                           "localhost",
                           "a.*.com",
                           "ex*.com",
                           "example.com.",
                           "*.example.com.",
                           ".example.com",
                           "a..b",
                           "10.0.0.1",
                           "1.2.3.4:80",
                           "0x7f.1",
                           "127.1",
                           "[::1]",
                           "::1",
                           "fe80::1",
                           "exämple.com",
                           "example.com:",
                           "example.com:0",
                           "example.com:65536",
                           "example.com:80:80",
                           "example.com:-1",
                           "example.com:+1",
                           "-a.com",
                           "a-.com",
                           "a b.com",
                           "a\n.com",
                           "a/b.com",
                           "http://a.com",
                           "user@a.com"}) {
    EXPECT_THAT(error_of([&] { AllowEntry::parse(text); }), Refused(reason::kAllowEntryRefused))
        << text;
  }
  EXPECT_THAT(error_of([&] { AllowEntry::parse(std::string("a\0.com", 6)); }),
              Refused(reason::kAllowEntryRefused));
  EXPECT_THAT(error_of([&] { AllowEntry::parse(std::string(64, 'a') + ".com"); }),
              Refused(reason::kAllowEntryRefused));
  std::string long_name;
  while (long_name.size() < 254) long_name += "abcdefg.";
  EXPECT_THAT(error_of([&] { AllowEntry::parse(long_name + "com"); }),
              Refused(reason::kAllowEntryRefused));
}

TEST(AllowEntry, punycode_and_underscores_are_names) {
  EXPECT_EQ(AllowEntry::parse("xn--exmple-cua.com").text(), "xn--exmple-cua.com");
  EXPECT_EQ(AllowEntry::parse("_a.example.xn--p1ai").text(), "_a.example.xn--p1ai");
}

TEST(Policy, its_form_does_not_depend_on_order_case_or_repetition) {
  const Policy one{.kind = api::NetworkPolicy::kEgress, .allow = {"b.com", "A.com", "a.com"}};
  const Policy two{.kind = api::NetworkPolicy::kEgress, .allow = {"a.com", "b.com"}};
  EXPECT_THAT(canonical(one).allow, ElementsAre("a.com", "b.com"));
  EXPECT_EQ(text_of(one), text_of(two));
  EXPECT_EQ(digest_of(one), digest_of(two));
}

TEST(Policy, each_part_of_it_is_in_its_digest) {
  const Policy base{.kind = api::NetworkPolicy::kEgress, .allow = {"a.com"}};
  Policy other = base;
  other.kind = api::NetworkPolicy::kEgressPublishedPorts;
  EXPECT_NE(digest_of(base), digest_of(other));
  other = base;
  other.allow.push_back("b.com");
  EXPECT_NE(digest_of(base), digest_of(other));
  other = base;
  other.learn = true;
  EXPECT_NE(digest_of(base), digest_of(other));
}

TEST(PackageSites, a_list_gives_those_whose_registry_it_allows_whole) {
  const auto within = [](std::vector<std::string> allow) {
    return package_sites_within({.kind = api::NetworkPolicy::kEgress, .allow = std::move(allow)});
  };
  EXPECT_THAT(within({}), ::testing::ElementsAre("npm", "pypi", "debian", "crates", "go"));
  EXPECT_THAT(within({"registry.npmjs.org", "pypi.org"}), ::testing::ElementsAre("npm"));
  EXPECT_THAT(within({"pypi.org", "*.pythonhosted.org"}), ::testing::ElementsAre("pypi"));
  EXPECT_THAT(within({"registry.npmjs.org:22"}), ::testing::IsEmpty());
  EXPECT_THAT(within({"example.com"}), ::testing::IsEmpty());
  EXPECT_THAT(package_sites_within({}), ::testing::IsEmpty());
  EXPECT_THAT(package_sites_within({.kind = api::NetworkPolicy::kCacheOnly}),
              ::testing::SizeIs(kPackageSites.size()));
}

TEST(PackageSites, a_policy_names_only_those_that_there_are) {
  EXPECT_THAT(error_of([] {
                canonical({.kind = api::NetworkPolicy::kEgress, .packages = {"npm", "gems"}});
              }),
              Refused(ErrorCode::kInvalidArgument, ::testing::HasSubstr("gems")));
  EXPECT_THAT(canonical({.packages = {"pypi", "npm", "npm"}}).packages,
              ::testing::ElementsAre("npm", "pypi"));
}

TEST(PackageChoice, what_was_asked_for_and_cannot_be_is_refused_and_what_was_not_is_told) {
  using api::NetworkPolicy;
  const std::string there = "/bin/sh";
  const std::string missing = "/nonexistent/nginx";
  const Policy open{.kind = NetworkPolicy::kEgress};
  const Policy listed{.kind = NetworkPolicy::kEgress, .allow = {"example.com"}};
  const Policy only{.kind = NetworkPolicy::kCacheOnly};
  EXPECT_THAT(choose_packages(open, std::nullopt, there).packages, ::testing::SizeIs(5));
  EXPECT_THAT(choose_packages(only, std::nullopt, there).packages, ::testing::SizeIs(5));
  EXPECT_THAT(choose_packages(open, false, there).packages, ::testing::IsEmpty());
  EXPECT_THAT(choose_packages({}, std::nullopt, missing).packages, ::testing::IsEmpty());

  const PackageChoice without = choose_packages(open, std::nullopt, missing);
  EXPECT_THAT(without.packages, ::testing::IsEmpty());
  EXPECT_THAT(without.reason, ::testing::Optional(::testing::HasSubstr("apt-get install")));
  EXPECT_THAT(choose_packages(listed, std::nullopt, there).reason,
              ::testing::Optional(::testing::HasSubstr("allow_presets")));

  EXPECT_THAT(error_of([&] { choose_packages(open, true, missing); }),
              Refused(reason::kPackageCacheMissing));
  EXPECT_THAT(error_of([&] { choose_packages(only, std::nullopt, missing); }),
              Refused(reason::kPackageCacheMissing));
  EXPECT_THAT(error_of([&] { choose_packages(listed, true, there); }),
              Refused(reason::kPackageCacheOutside));
  EXPECT_THAT(error_of([&] { choose_packages({}, true, there); }),
              Refused(reason::kPackageCacheOutside));
  EXPECT_THAT(error_of([&] { choose_packages(only, false, there); }),
              Refused(reason::kPackageCacheOutside));
}

}  // namespace
}  // namespace pyro::network
