#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <fstream>

#include "common/process/child_process.h"
#include "tests/service/packages/fixture.h"

namespace pyro::net {
namespace {

using ::testing::HasSubstr;

/// openssl as a registry with TLS, whose certificate names `name`.
class TlsRegistry {
 public:
  TlsRegistry(const std::filesystem::path& directory, const std::string& name)
      : certificate_(directory / (name + ".crt")) {
    const auto key = directory / (name + ".key");
    run_checked({.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                          "-keyout", key.string(), "-out", certificate_.string(), "-subj",
                          "/CN=" + name, "-addext", "subjectAltName=DNS:" + name}},
                Clock::now() + std::chrono::minutes(1), {});
    std::filesystem::create_directories(directory / "www");
    std::ofstream(directory / "www/a") << "over TLS";
    port_ = free_port();
    server_.emplace(Command{.argv = {"openssl", "s_server", "-quiet", "-WWW", "-accept",
                                     fmt::format("127.0.0.1:{}", port_), "-cert",
                                     certificate_.string(), "-key", key.string()},
                            .directory = directory / "www"});
    EXPECT_TRUE(test::soon([this] { return answers(); }));
  }

  const std::filesystem::path& certificate() const { return certificate_; }
  /// /etc/hosts has this name, which the certificate may or may not name.
  std::string address() const { return fmt::format("https://localhost:{}/", port_); }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static std::uint16_t free_port() {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size);
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }
  bool answers() const {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port_);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  std::filesystem::path certificate_;
  std::uint16_t port_ = 0;
  std::optional<ChildProcess> server_;
};

class UpstreamTls : public PackageCacheFixture {
 protected:
  Response fetched(const TlsRegistry& registry, const std::filesystem::path& trusted) {
    start({{"PYRO_PACKAGE_CACHE_NPM", registry.address()},
           {"SSL_CERT_FILE", trusted.string()},
           {"npm_config_cafile", trusted.string()}});
    return fetch("/npm/a");
  }
  pyro::testing::TestDirectory directory_;
};

TEST_F(UpstreamTls, a_registry_whose_authority_the_host_trusts_is_used) {
  const TlsRegistry registry(directory_.path(), "localhost");
  const Response answer = fetched(registry, registry.certificate());
  EXPECT_EQ(answer.status, 200) << described().message.value_or("");
  EXPECT_THAT(answer.body, HasSubstr("over TLS"));
}

TEST_F(UpstreamTls, one_of_an_authority_that_it_does_not_trust_is_not) {
  const TlsRegistry registry(directory_.path(), "localhost");
  const TlsRegistry other(directory_.path(), "other.test");
  EXPECT_EQ(fetched(registry, other.certificate()).status, 502);
  EXPECT_THAT(described().message, ::testing::Optional(HasSubstr("certificate verify error")));
}

TEST_F(UpstreamTls, one_with_the_certificate_of_another_name_is_not) {
  const TlsRegistry registry(directory_.path(), "other.test");
  EXPECT_EQ(fetched(registry, registry.certificate()).status, 502);
}

}  // namespace
}  // namespace pyro::net
