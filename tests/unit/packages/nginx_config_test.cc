#include "services/net/packages/nginx_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/base/text.h"
#include "tests/support/temporary.h"

namespace pyro::net {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

NginxSettings settings(const PackageCacheConfig& config = {}, const HostRegistries& host = {}) {
  HostRegistries with_authorities = host;
  if (with_authorities.authorities.empty()) with_authorities.authorities = "/etc/ssl/system.crt";
  return {.socket = "/run/cache.sock",
          .directory = "/cache/0",
          .sites = find_sites(config, with_authorities),
          .names = {.addresses = {"192.0.2.53"}}};
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(NginxConfig, each_upstream_with_tls_is_verified) {
  const std::string config = nginx_config(settings());
  EXPECT_GT(count(config, "proxy_pass https://"), 0U);
  EXPECT_EQ(count(config, "proxy_pass https://"), count(config, "proxy_ssl_verify on;"));
  EXPECT_EQ(count(config, "proxy_pass https://"),
            count(config, "proxy_ssl_trusted_certificate \"/etc/ssl/system.crt\";"));
  EXPECT_EQ(count(config, "proxy_pass https://"), count(config, "proxy_ssl_name "));
  EXPECT_THAT(config, Not(HasSubstr("proxy_ssl_verify off")));
}

TEST(NginxConfig, a_key_is_the_fixed_address_and_the_path_and_nothing_of_the_request_else) {
  const std::string config = nginx_config(settings());
  for (const auto& line : split(config, '\n')) {
    const auto text = trim(line);
    if (!text.starts_with("proxy_cache_key")) continue;
    EXPECT_THAT(
        std::string(text),
        ::testing::MatchesRegex(R"(proxy_cache_key "https?://[a-z./-]*\$rest(#\$brief_form)?";)"));
  }
  EXPECT_EQ(count(config, "proxy_cache_key"), count(config, "proxy_pass http"));
  EXPECT_THAT(config, HasSubstr("proxy_pass_request_headers off;"));
  EXPECT_THAT(config, HasSubstr("proxy_pass_request_body off;"));
}

TEST(NginxConfig, all_of_its_files_are_its_own) {
  const std::string config = nginx_config(settings());
  for (const char* line :
       {"listen unix:/run/cache.sock;", "pid /cache/0/temporary/nginx.pid;",
        "proxy_cache_path /cache/0/content ", "proxy_temp_path /cache/0/temporary/proxy;",
        "client_body_temp_path /cache/0/temporary/body;", "access_log off;", "error_log stderr",
        "max_size=10g", "min_free=256m"}) {
    EXPECT_THAT(config, HasSubstr(line));
  }
  EXPECT_EQ(count(config, "listen "), 1U);
}

TEST(NginxConfig, a_site_with_a_problem_says_so) {
  const std::string config = nginx_config(settings({}, {.npm = "https://a:b@c.example/"}));
  EXPECT_THAT(config, HasSubstr("location /npm/ {\n      return 503"));
  EXPECT_THAT(config, Not(HasSubstr("c.example")));
}

TEST(NginxConfig, a_name_of_the_hosts_file_is_connected_to_by_its_address_and_checked_by_its_name) {
  NginxSettings own = settings({}, {.npm = "https://company.example:8443/npm/"});
  own.names.known["company.example"] = "192.0.2.7";
  const std::string config = nginx_config(own);
  EXPECT_THAT(config, HasSubstr("proxy_pass https://192.0.2.7:8443/npm/$rest;"));
  EXPECT_THAT(config, HasSubstr("proxy_ssl_name company.example;"));
  EXPECT_THAT(config, HasSubstr("proxy_set_header Host company.example:8443;"));
}

TEST(NginxConfig, name_servers_and_names_are_the_hosts) {
  const pyro::testing::TestDirectory directory;
  std::filesystem::create_directories(directory / "etc");
  std::ofstream(directory / "etc/resolv.conf")
      << "# no\nnameserver 192.0.2.53\nnameserver 2001:db8::53\nnameserver no;such\nsearch "
         "a.example\n";
  std::ofstream(directory / "etc/hosts")
      << "127.0.0.1\tlocalhost\n::1 localhost six.example\n192.0.2.7 a.example b.example # "
         "c.example\n"
         "192.0.2.8 a.example six.example\n";
  const NameServers names = NameServers::read(directory.path());
  EXPECT_THAT(names.addresses, ElementsAre("192.0.2.53", "[2001:db8::53]"));
  EXPECT_THAT(names.known, Contains(Pair("a.example", "192.0.2.7")));
  EXPECT_THAT(names.known, Contains(Pair("six.example", "192.0.2.8")));
  EXPECT_THAT(names.known, Contains(Pair("localhost", "127.0.0.1")));
  EXPECT_THAT(names.known, Not(Contains(Pair("c.example", "192.0.2.7"))));
}

}  // namespace
}  // namespace pyro::net
