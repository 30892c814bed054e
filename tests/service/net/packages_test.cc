#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include <array>
#include <list>

#include "common/base/error.h"
#include "services/net/gate/rules/denial.h"
#include "tests/service/net/lab.h"

namespace pyro::gate {
namespace {

using network::Verdict;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kGateway = "10.0.2.1";
constexpr std::uint16_t kNpm = 4861;
constexpr std::uint16_t kPypi = 4862;

/// Where the package cache would listen: sends back what it gets, with a mark before it.
class FakeCache {
 public:
  explicit FakeCache(const std::filesystem::path& path)
      : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 200) != 0) {
      throw system_error("listen");
    }
    thread_ = std::jthread([this] {
      while (true) {
        UniqueFd one(::accept(listener_.get(), nullptr, nullptr));
        if (!one) return;
        ++count_;
        connections_.emplace_back([fd = std::make_shared<UniqueFd>(std::move(one))] {
          std::array<char, 4096> buffer{};
          ssize_t got = 0;
          while ((got = ::recv(fd->get(), buffer.data(), buffer.size(), 0)) > 0) {
            // At least as long as what the guest sent, for Lab::exchange.
            const std::string answer = "cache<" +
                                       std::string(buffer.data(), static_cast<std::size_t>(got)) +
                                       ">" + std::string(500, '.');
            if (::send(fd->get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
          }
        });
      }
    });
  }
  ~FakeCache() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  FakeCache(const FakeCache&) = delete;
  FakeCache& operator=(const FakeCache&) = delete;

  int count() const { return count_; }

 private:
  UniqueFd listener_;
  std::atomic<int> count_ = 0;
  std::list<std::jthread> connections_;
  std::jthread thread_;
};

std::string request(std::string_view path) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: 10.0.2.1:4861\r\nCookie: evil\r\n\r\n", path);
}

class GatePackages : public ::testing::Test, protected Lab {
 protected:
  GatePackages() : cache_(std::in_place, directory() / "cache.sock") {
    set_package_cache(directory() / "cache.sock");
    internet().set("allowed.test", {"203.0.113.10"});
  }
  ~GatePackages() override { kill_gate(); }

  static network::Policy policy(api::NetworkPolicy kind, std::vector<std::string> packages,
                                std::vector<std::string> allow = {}) {
    return {.kind = kind, .allow = std::move(allow), .packages = std::move(packages)};
  }

  std::optional<FakeCache> cache_;
};

TEST_F(GatePackages, cache_only_reaches_the_cache_for_its_sites_and_nothing_else) {
  start(policy(api::NetworkPolicy::kCacheOnly, {"npm"}));
  EXPECT_THAT(talk(kGateway, kNpm, request("/lodash")),
              ::testing::Optional(HasSubstr("cache<GET /npm/lodash HTTP/1.1\r\n")));
  EXPECT_THAT(talk(kGateway, kNpm, request("/lodash")),
              ::testing::Optional(Not(HasSubstr("evil"))));
  EXPECT_NE(dial(kGateway, kPypi).error, 0);
  EXPECT_NE(dial(kGateway, 80).error, 0);
  EXPECT_NE(dial("203.0.113.10", 443).error, 0);
  EXPECT_NE(dial("203.0.113.10", 80).error, 0);
  EXPECT_NE(dial("2a00:1::10", 443).error, 0);
  EXPECT_NE(dial("10.0.2.2", kNpm).error, 0);
  EXPECT_NE(resolve("allowed.test").rcode, 0);
  EXPECT_TRUE(logged(Verdict::kDenied, denial::kCacheOnly, "allowed.test"));
  EXPECT_THAT(internet().questions(), IsEmpty());
  EXPECT_THAT(internet().connections(), IsEmpty());
  const UniqueFd datagrams = guest_socket(AF_INET, SOCK_DGRAM);
  sockaddr_storage to{};
  const socklen_t size = Endpoint{*Address::parse(kGateway), kNpm}.put(to);
  ::sendto(datagrams.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), size);
  EXPECT_TRUE(logged(Verdict::kDenied, denial::kCacheOnly, ""));
  EXPECT_EQ(cache_->count(), 2);
}

TEST_F(GatePackages, the_log_has_each_request_with_what_it_asked_for_and_from_where) {
  start(policy(api::NetworkPolicy::kEgress, {"npm"}));
  const auto dialed = dial(kGateway, kNpm);
  ASSERT_EQ(dialed.error, 0);
  exchange(dialed.fd.get(), request("/@types%2fnode"));
  exchange(dialed.fd.get(), request("/a/-/a-1.tgz"));
  exchange(dialed.fd.get(), "POST /-/npm HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_TRUE(logged(Verdict::kFailed, denial::kNotCached, "npm"));
  const auto port = local_end(dialed.fd.get())->port;
  std::vector<std::string> fetched;
  for (const auto& line : log()) {
    if (line.verdict != Verdict::kFetched) continue;
    fetched.push_back(line.path);
    EXPECT_EQ(line.name, "npm");
    EXPECT_EQ(line.guest_port, port);
  }
  EXPECT_THAT(fetched, ElementsAre("/@types%2Fnode", "/a/-/a-1.tgz"));
}

TEST_F(GatePackages, without_the_cache_its_ports_are_as_private_as_all_others) {
  start(open_policy());
  EXPECT_NE(dial(kGateway, kNpm).error, 0);
  EXPECT_TRUE(logged(Verdict::kDenied, denial::kNotPublic));
  EXPECT_EQ(cache_->count(), 0);
}

TEST_F(GatePackages, a_changed_policy_takes_the_cache_away_also_from_open_connections) {
  start(policy(api::NetworkPolicy::kEgress, {"npm"}));
  const auto dialed = dial(kGateway, kNpm);
  EXPECT_THAT(exchange(dialed.fd.get(), request("/a")), HasSubstr("cache<"));
  set_policy(policy(api::NetworkPolicy::kEgress, {"pypi"}));
  char byte = 0;
  EXPECT_LE(::recv(dialed.fd.get(), &byte, 1, 0), 0);
  EXPECT_NE(dial(kGateway, kNpm).error, 0);
  EXPECT_EQ(dial(kGateway, kPypi).error, 0);
  EXPECT_TRUE(logged(Verdict::kClosed, denial::kPolicyChanged, "npm"));
}

TEST_F(GatePackages, a_cache_that_is_not_there_is_refused_at_once_and_found_once_it_is) {
  cache_.reset();
  std::filesystem::remove(directory() / "cache.sock");
  start(policy(api::NetworkPolicy::kCacheOnly, {"npm"}));
  EXPECT_EQ(dial(kGateway, kNpm).error, ECONNREFUSED);
  EXPECT_TRUE(logged(Verdict::kFailed, denial::kRefused, "npm"));
  cache_.emplace(directory() / "cache.sock");
  EXPECT_THAT(talk(kGateway, kNpm, request("/a")), ::testing::Optional(HasSubstr("cache<")));
}

TEST_F(GatePackages, one_guest_has_so_many_connections_to_it_and_no_more) {
  start(policy(api::NetworkPolicy::kCacheOnly, {"npm"}));
  std::vector<Dialed> open;
  for (int i = 0; i < 64; ++i) {
    open.push_back(dial(kGateway, kNpm));
    ASSERT_EQ(open.back().error, 0) << i;
    exchange(open.back().fd.get(), request("/a"));
  }
  EXPECT_NE(dial(kGateway, kNpm).error, 0);
  EXPECT_TRUE(logged(Verdict::kDenied, denial::kTooMany, "npm"));
  open.pop_back();
  EXPECT_TRUE(test::soon([&] { return dial(kGateway, kNpm).error == 0; }));
}

}  // namespace
}  // namespace pyro::gate
