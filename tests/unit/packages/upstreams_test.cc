#include "services/net/packages/upstreams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/reasons/network.h"
#include "tests/support/errors.h"

namespace pyro::net {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Site site_of(const std::string& name, const PackageCacheConfig& config,
             const HostRegistries& host) {
  for (auto& site : find_sites(config, host)) {
    if (site.name == name) return site;
  }
  return {};
}

TEST(PackageUpstreams, an_address_ends_with_a_slash_and_is_taken_apart) {
  const auto address = Address::parse("https://mirror.example:8443/npm");
  EXPECT_TRUE(address.tls);
  EXPECT_EQ(address.host, "mirror.example");
  EXPECT_EQ(address.authority, "mirror.example:8443");
  EXPECT_EQ(address.text(), "https://mirror.example:8443/npm/");
  EXPECT_EQ(Address::parse("http://[2001:db8::1]:80").text(), "http://[2001:db8::1]:80/");
}

TEST(PackageUpstreams, an_address_that_could_be_more_than_one_is_refused) {
  for (const char* bad :
       {"", "mirror.example", "ftp://a.example/", "https://", "https:///x", "https://a.example/;x",
        "https://a.example/ x", "https://a.example/\"", "https://a.example/$host/",
        "https://a.example/{}", "https://a.example/\n", "https://a.example/x?y=1",
        "https://a.example:port/", "https://$host/", "https://a.example/#x"}) {
    EXPECT_THAT(error_of([&] { Address::parse(bad); }), Refused(reason::kPackageUpstreamRefused))
        << bad;
  }
  const auto refused = error_of([] { Address::parse("https://me:secret@a.example/npm/"); });
  EXPECT_THAT(refused, Refused(reason::kPackageUpstreamRefused));
  EXPECT_THAT(refused->message(), ::testing::Not(HasSubstr("secret")));
}

TEST(PackageUpstreams, a_setting_comes_before_the_hosts_own_and_that_before_the_public_one) {
  EXPECT_EQ(site_of("npm", {}, {}).routes.at(0).upstream.text(), "https://registry.npmjs.org/");
  const HostRegistries host{.npm = "https://company.example/npm"};
  EXPECT_EQ(site_of("npm", {}, host).routes.at(0).upstream.text(), "https://company.example/npm/");
  PackageCacheConfig config;
  config.npm = "https://set.example/";
  EXPECT_EQ(site_of("npm", config, host).routes.at(0).upstream.text(), "https://set.example/");
}

TEST(PackageUpstreams, a_mirror_of_npm_names_its_tarballs_as_the_public_registry_does) {
  const auto site = site_of("npm", {}, {.npm = "https://company.example/npm/"});
  EXPECT_THAT(site.routes.at(0).rewrites,
              Contains(Pair("https://company.example/npm/", "https://registry.npmjs.org/")));
  EXPECT_THAT(site_of("npm", {}, {}).routes.at(0).rewrites, IsEmpty());
}

TEST(PackageUpstreams, files_of_an_index_of_python_come_through_the_cache) {
  const auto plain = site_of("pypi", {}, {});
  EXPECT_THAT(plain.routes.back().rewrites,
              Contains(Pair("https://files.pythonhosted.org/", "http://10.0.2.1:4862/files/")));
  const auto mirror = site_of("pypi", {}, {.pypi = "https://company.example/pypi/simple"});
  EXPECT_THAT(mirror.routes.back().rewrites,
              Contains(Pair("https://company.example/pypi/", "http://10.0.2.1:4862/")));
  EXPECT_THAT(mirror.routes.back().rewrites, Contains(Pair("href=\"/pypi/", "href=\"/")));
}

TEST(PackageUpstreams, a_site_whose_address_is_refused_has_a_problem_and_leaves_the_others) {
  const HostRegistries host{.npm = "https://me:secret@company.example/"};
  EXPECT_THAT(site_of("npm", {}, host).problem, HasSubstr("credentials"));
  EXPECT_THAT(site_of("npm", {}, host).routes, IsEmpty());
  EXPECT_THAT(site_of("pypi", {}, host).problem, IsEmpty());
}

TEST(PackageUpstreams, each_tool_trusts_whom_it_trusts_on_the_host) {
  const HostRegistries host{.npm_authorities = "/npm.crt", .authorities = "/system.crt"};
  EXPECT_EQ(site_of("npm", {}, host).trusted, "/npm.crt");
  EXPECT_EQ(site_of("go", {}, host).trusted, "/system.crt");
}

}  // namespace
}  // namespace pyro::net
