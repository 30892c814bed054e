#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <set>

#include "tests/service/packages/fixture.h"

namespace pyro::net {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class PackageCacheTest : public PackageCacheFixture {
 protected:
  PackageCacheTest() { start(); }

  std::size_t stored() const {
    std::size_t files = 0;
    for (const auto& slot : fs::directory_iterator(stack_.paths().package_cache_dir())) {
      std::error_code none;
      for (const auto& file : fs::directory_iterator(slot.path() / "content", none)) {
        files += fs::is_regular_file(file) ? 1U : 0U;
      }
    }
    return files;
  }
};

TEST_F(PackageCacheTest,
       nginx_starts_with_the_first_who_needs_it_and_is_reached_by_its_user_alone) {
  EXPECT_THAT(processes(), IsEmpty());
  EXPECT_FALSE(described().running);
  registry_.set("/npm/a", {.body = "first"});
  EXPECT_EQ(fetch("/npm/a").body, "first");
  EXPECT_TRUE(described().running);
  EXPECT_GE(processes().size(), 2U);
  struct stat info {};
  ASSERT_EQ(::stat(socket().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(fs::path(socket()).parent_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST_F(PackageCacheTest, a_second_caller_gets_what_the_first_one_fetched) {
  registry_.set("/npm/a/-/a-1.0.0.tgz", {.body = std::string(100000, 'x')});
  EXPECT_EQ(fetch("/npm/a/-/a-1.0.0.tgz").cache, "MISS");
  const Response second = fetch("/npm/a/-/a-1.0.0.tgz");
  EXPECT_EQ(second.cache, "HIT");
  EXPECT_EQ(second.body, std::string(100000, 'x'));
  EXPECT_EQ(registry_.count("/npm/a/-/a-1.0.0.tgz"), 1U);
  const auto cache = described();
  EXPECT_EQ(cache.files, 1U);
  EXPECT_GT(cache.bytes, 100000U);
}

TEST_F(PackageCacheTest, each_part_of_a_site_comes_from_its_own_address) {
  const std::map<std::string, std::string> all = {
      {"/pypi/simple/six/", "/pypi/simple/six/"},
      {"/pypi/files/a.whl", "/pypi-files/a.whl"},
      {"/debian/debian/pool/a.deb", "/debian/pool/a.deb"},
      {"/debian/debian-security/x", "/debian-security/x"},
      {"/crates/index/se/rd/serde", "/crates-index/se/rd/serde"},
      {"/crates/crates/serde/1.0/download", "/crates-files/serde/1.0/download"},
      {"/go/golang.org/x/text/@v/list", "/go/golang.org/x/text/@v/list"}};
  for (const auto& [path, there] : all) {
    registry_.set(there, {.body = "of " + there});
    EXPECT_EQ(fetch(path).body, "of " + there);
  }
  EXPECT_THAT(fetch("/crates/index/config.json").body,
              HasSubstr(R"({"dl":"http://10.0.2.1:4864/crates"})"));
  EXPECT_EQ(fetch("/pypi-files/a.whl").status, 404);
  EXPECT_EQ(fetch("/").status, 404);
}

/// What a guest could try through a gate that lets all of it pass.
TEST_F(PackageCacheTest, nothing_of_a_request_but_its_path_reaches_the_registry) {
  registry_.set("/npm/a", {.body = "plain"});
  fetch("/npm/a",
        "Authorization: Bearer evil\r\nCookie: evil=1\r\nX-Forwarded-Host: evil.test\r\n"
        "X-Forwarded-For: evil\r\nX-Original-URL: /evil\r\nX-Rewrite-URL: /evil\r\n"
        "Accept-Language: evil\r\nOrigin: http://evil.test\r\nUser-Agent: evil\r\n"
        "Accept: evil/evil\r\nAccept-Encoding: evil\r\nRange: bytes=0-1\r\n"
        "If-None-Match: \"evil\"\r\nIf-Modified-Since: evil\r\nCache-Control: evil\r\n"
        "Pragma: evil\r\nVia: evil\r\nX-HTTP-Method-Override: evil\r\n");
  EXPECT_THAT(registry_.heads(), SizeIs(1));
  EXPECT_THAT(registry_.heads(),
              Each(AllOf(HasSubstr("GET /npm/a HTTP/1.1\r\n"), HasSubstr("Host: 127.0.0.1:"),
                         Not(HasSubstr("evil")))));
}

TEST_F(PackageCacheTest, what_one_guest_sends_does_not_change_what_another_gets) {
  registry_.set("/npm/a", {.fields = "Cache-Control: max-age=300\r\nVary: Accept, Origin\r\n",
                           .body = "0123456789"});
  const std::vector<std::string> hostile = {
      "GET /npm/a HTTP/1.0\r\nHost: evil.test\r\n\r\n",
      "GET /npm/a HTTP/1.0\r\nHost: packages\r\nRange: bytes=2-3\r\n\r\n",
      "GET /npm/a HTTP/1.0\r\nHost: packages\r\nRange: bytes=0-0,2-3,5-6\r\n\r\n",
      "GET /npm/a HTTP/1.0\r\nHost: packages\r\nCache-Control: no-cache\r\n\r\n",
      "GET /npm/a HTTP/1.0\r\nHost: packages\r\nOrigin: evil\r\n\r\n",
      "HEAD /npm/a HTTP/1.0\r\nHost: packages\r\n\r\n",
      "GET /npm/a?evil=1 HTTP/1.0\r\nHost: packages\r\n\r\n",
      "GET http://evil.test/npm/a HTTP/1.0\r\nHost: packages\r\n\r\n",
      "GET /npm/a HTTP/1.1\r\nHost: packages\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
      "GET /npm/a HTTP/1.1\r\nHost: packages\r\nConnection: close\r\nTransfer-Encoding: "
      "chunked\r\n\r\n0\r\n\r\nGET /npm/evil HTTP/1.1\r\nHost: packages\r\n\r\n",
      "POST /npm/a HTTP/1.0\r\nHost: packages\r\nContent-Length: 4\r\n\r\nevil",
      "PURGE /npm/a HTTP/1.0\r\nHost: packages\r\n\r\n",
      "GET /npm/a#evil HTTP/1.0\r\nHost: packages\r\n\r\n"};
  for (const auto& one : hostile) talk_to(socket(), one);
  for (const auto& one : hostile) talk_to(socket(), one);
  const Response honest = fetch("/npm/a");
  EXPECT_EQ(honest.status, 200);
  EXPECT_EQ(honest.body, "0123456789");
  EXPECT_THAT(registry_.heads(), Each(Not(HasSubstr("evil"))));
  // One form, one file: none of it made another.
  EXPECT_EQ(stored(), 1U);
}

TEST_F(PackageCacheTest, no_path_leads_out_of_its_site) {
  registry_.set("/go/a", {.body = "of go"});
  registry_.set("/a", {.body = "outside"});
  for (const char* path :
       {"/npm/../go/a", "/npm/%2e%2e/go/a", "/npm/..%2fgo/a", "/npm/.%2e/a", "/npm//go/a",
        "/npm/./../../a", "/go/../../a", "/npm/%2E%2E%2Fa", "/npm/..", "/npm/a%00b",
        "/npm/%5c..%5ca", "//evil.test/a", "/npm/%252e%252e/a", "/npm@evil.test/a",
        "/npm:80@evil.test/a", "/npma", "/refused/../npm/x", "/npm/a b"}) {
    const Response answer = fetch(path);
    EXPECT_GE(answer.status, 400) << path;
    EXPECT_THAT(answer.body, Not(HasSubstr("outside"))) << path;
    EXPECT_THAT(answer.body, Not(HasSubstr("of go"))) << path;
  }
  for (const auto& head : registry_.heads()) EXPECT_THAT(head, HasSubstr("GET /npm/")) << head;
}

TEST_F(PackageCacheTest, what_is_for_one_caller_is_not_kept) {
  registry_.set("/npm/cookie", {.fields = "Set-Cookie: session=1\r\n", .body = "a"});
  registry_.set("/npm/private", {.fields = "Cache-Control: private, max-age=99\r\n", .body = "b"});
  registry_.set("/npm/no-store", {.fields = "Cache-Control: no-store\r\n", .body = "c"});
  registry_.set("/npm/broken", {.status = "500 Internal Server Error", .body = "d"});
  registry_.set("/npm/long",
                {.fields = "Content-Length: 20000000000\r\n", .body = "e", .with_length = false});
  for (const char* path : {"/npm/cookie", "/npm/private", "/npm/no-store", "/npm/broken",
                           "/npm/missing", "/npm/long"}) {
    EXPECT_THAT(fetch(path).head, Not(HasSubstr("Set-Cookie"))) << path;
    EXPECT_NE(fetch(path).cache, "HIT") << path;
  }
  EXPECT_EQ(stored(), 0U);
}

TEST_F(PackageCacheTest, a_registry_commands_nginx_nothing) {
  registry_.set("/npm/evil", {.fields = "X-Accel-Redirect: /go/a\r\nX-Accel-Expires: 99999\r\n",
                              .body = "its own"});
  registry_.set("/go/a", {.body = "of go"});
  EXPECT_EQ(fetch("/npm/evil").body, "its own");
  EXPECT_EQ(registry_.count("/go/a"), 0U);
}

TEST_F(PackageCacheTest, the_two_forms_of_npms_metadata_are_two) {
  registry_.set("/npm/a", {.body = "a form"});
  const std::string brief = "Accept: application/vnd.npm.install-v1+json\r\n";
  EXPECT_EQ(fetch("/npm/a", brief).cache, "MISS");
  EXPECT_EQ(fetch("/npm/a").cache, "MISS");
  EXPECT_EQ(fetch("/npm/a", brief).cache, "HIT");
  EXPECT_EQ(fetch("/npm/a", "Accept: text/html\r\n").cache, "HIT");
  EXPECT_EQ(stored(), 2U);
}

TEST_F(PackageCacheTest, addresses_in_metadata_lead_through_the_cache) {
  registry_.set("/npm/a", {.fields = "Content-Type: application/json\r\n",
                           .body = "{\"tarball\":\"" + registry_.address() + "npm/a/-/a-1.tgz\"}"});
  EXPECT_EQ(fetch("/npm/a").body, "{\"tarball\":\"https://registry.npmjs.org/a/-/a-1.tgz\"}");
  registry_.set("/pypi/simple/six/",
                {.fields = "Content-Type: text/html\r\n",
                 .body = "<a href=\"" + registry_.address() +
                         "pypi-files/six.whl\">x</a><a href=\"/pypi/other.whl\">y</a>"});
  EXPECT_EQ(fetch("/pypi/simple/six/").body,
            "<a href=\"http://10.0.2.1:4862/files/six.whl\">x</a><a href=\"/other.whl\">y</a>");
  registry_.set("/pypi/simple/Six",
                {.status = "301 Moved Permanently", .fields = "Location: /pypi/simple/six/\r\n"});
  EXPECT_THAT(fetch("/pypi/simple/Six").head, HasSubstr("Location: /simple/six/\r\n"));
}

TEST_F(PackageCacheTest, metadata_that_is_old_is_asked_for_again_and_only_if_it_changed) {
  registry_.set("/npm/a",
                {.fields = "Cache-Control: max-age=1\r\nETag: \"one\"\r\n", .body = "one"});
  EXPECT_EQ(fetch("/npm/a").body, "one");
  registry_.set("/npm/a", {.status = "304 Not Modified",
                           .fields = "Cache-Control: max-age=1\r\nETag: \"one\"\r\n"});
  EXPECT_TRUE(test::soon([&] { return fetch("/npm/a").cache == "REVALIDATED"; }));
  EXPECT_THAT(registry_.heads().back(), HasSubstr("If-None-Match: \"one\""));
  EXPECT_EQ(fetch("/npm/a").body, "one");
}

TEST_F(PackageCacheTest, a_killed_nginx_is_started_again_with_what_it_had) {
  registry_.set("/npm/a/-/a-1.tgz", {.body = "tarball"});
  fetch("/npm/a/-/a-1.tgz");
  const auto before = processes();
  ASSERT_THAT(before, Not(IsEmpty()));
  ::kill(before.front(), SIGKILL);
  EXPECT_TRUE(all_gone(before));
  EXPECT_TRUE(test::soon([&] { return fetch("/npm/a/-/a-1.tgz").cache == "HIT"; }));
  EXPECT_EQ(registry_.count("/npm/a/-/a-1.tgz"), 1U);
}

TEST_F(PackageCacheTest, with_the_service_all_of_nginx_ends_however_that_ends) {
  for (const bool killed : {true, false}) {
    registry_.set("/npm/a", {.body = "a"});
    fetch("/npm/a");
    const auto all = processes();
    ASSERT_GE(all.size(), 2U);
    if (killed) {
      service_->kill();
    } else {
      EXPECT_TRUE(service_->stop());
    }
    EXPECT_TRUE(all_gone(all));
    EXPECT_EQ(fs::exists(socket()), killed);
    start();
  }
  EXPECT_EQ(fetch("/npm/a").body, "a");
}

TEST_F(PackageCacheTest, pruning_frees_all_of_it_and_the_cache_goes_on) {
  registry_.set("/npm/a/-/a-1.tgz", {.body = std::string(50000, 'x')});
  fetch("/npm/a/-/a-1.tgz");
  const auto pruned = prune();
  EXPECT_EQ(pruned.files, 1U);
  EXPECT_GE(pruned.freed_bytes, 50000U);
  EXPECT_EQ(described().files, 0U);
  EXPECT_EQ(fetch("/npm/a/-/a-1.tgz").cache, "MISS");
  EXPECT_EQ(prune().files, 1U);
  EXPECT_EQ(prune().files, 0U);
}

TEST_F(PackageCacheTest, a_kill_while_it_is_pruned_leaves_a_cache_that_works) {
  registry_.set("/npm/a/-/a-1.tgz", {.body = "tarball"});
  fetch("/npm/a/-/a-1.tgz");
  test::FaultPoints(stack_ / "faults").kill_at("net.packages.pruning");
  EXPECT_THROW(prune(), Error);
  start();
  EXPECT_EQ(fetch("/npm/a/-/a-1.tgz").body, "tarball");
  EXPECT_EQ(prune().files, 1U);
}

TEST_F(PackageCacheTest, a_second_stack_of_the_same_cache_directory_has_files_of_its_own) {
  registry_.set("/npm/a/-/a-1.tgz", {.body = "tarball"});
  fetch("/npm/a/-/a-1.tgz");
  Paths other = stack_.paths();
  other.state_dir = stack_ / "other";
  other.runtime_dir = stack_ / "orun";
  other.make_directories();
  Environment environment{{"PYRO_PACKAGE_CACHE_NPM", registry_.address() + "npm/"},
                          {"HOME", (stack_ / "home").string()}};
  const pyro::testing::ServiceProcess second("pyro-net", other, environment);
  EXPECT_EQ(get(other.package_cache_socket().string(), "/npm/a/-/a-1.tgz").cache, "MISS");
  // Its files are in use.
  EXPECT_EQ(prune().files, 1U);
  EXPECT_EQ(get(other.package_cache_socket().string(), "/npm/a/-/a-1.tgz").cache, "HIT");
}

TEST_F(PackageCacheTest, it_writes_nothing_outside_of_its_directory) {
  std::set<std::string> before;
  const auto files = [&] {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(stack_.paths().cache_dir)) {
      if (entry.path().string().find("/packages/") == std::string::npos) {
        found.insert(entry.path().string());
      }
    }
    for (const char* place : {"/var/lib/nginx", "/var/log/nginx"}) {
      std::error_code none;
      for (const auto& entry : fs::recursive_directory_iterator(place, none)) {
        found.insert(fmt::format("{} {}", entry.path().string(),
                                 fs::last_write_time(entry, none).time_since_epoch().count()));
      }
    }
    return found;
  };
  before = files();
  registry_.set("/npm/a", {.body = std::string(3000000, 'x')});
  fetch("/npm/a");
  EXPECT_EQ(files(), before);
}

class WithoutNginx : public PackageCacheFixture {};

TEST_F(WithoutNginx, those_who_ask_are_told_what_to_install) {
  start({{"PYRO_PACKAGE_CACHE_NGINX", "/nonexistent/nginx"}});
  for (int i = 0; i < 2; ++i) {
    const Response answer = fetch("/npm/a");
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, HasSubstr("apt-get install nginx-light"));
  }
  const auto cache = described();
  EXPECT_FALSE(cache.available);
  EXPECT_THAT(cache.message, ::testing::Optional(HasSubstr("apt-get install nginx-light")));
}

TEST_F(WithoutNginx, an_nginx_that_ends_at_once_is_an_answer_with_its_last_words) {
  std::ofstream(stack_ / "nginx") << "#!/bin/sh\necho 'no such option' >&2\nexit 3\n";
  fs::permissions(stack_ / "nginx", fs::perms::owner_all);
  start({{"PYRO_PACKAGE_CACHE_NGINX", (stack_ / "nginx").string()}});
  const Response answer = fetch("/npm/a");
  EXPECT_EQ(answer.status, 503);
  EXPECT_FALSE(described().running);
}

class SmallCache : public PackageCacheFixture {};

TEST_F(SmallCache, what_was_not_used_for_longest_makes_room) {
  // No more than the free disk leaves: each of the files is too much.
  start({{"PYRO_LIMITS_KEEP_FREE_MIB", "1048576"}});
  registry_.set("/npm/a/-/a-1.tgz", {.body = std::string(500000, 'x')});
  EXPECT_EQ(fetch("/npm/a/-/a-1.tgz").body.size(), 500000U);
  EXPECT_TRUE(test::soon([&] { return described().files == 0; }));
  EXPECT_EQ(fetch("/npm/a/-/a-1.tgz").cache, "MISS");
}

}  // namespace
}  // namespace pyro::net
