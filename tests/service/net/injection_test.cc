#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <fstream>
#include <sstream>

#include "common/base/base64.h"
#include "common/base/files.h"
#include "tests/service/net/tls_ends.h"

namespace pyro::gate {
namespace {

using network::Policy;
using network::Verdict;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kApi = "203.0.113.10";
constexpr const char* kOther = "203.0.113.20";
constexpr const char* kHost = "api.example";
const std::string kValue = "sk-live+0123456789/abcdef";
const std::string kPlaceholder = "pyro_secret_00112233445566778899aabbccddeeff";

std::string ok(const std::string& body, const std::string& type = "text/plain") {
  return "HTTP/1.1 200 OK\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string get(const std::string& fields, const std::string& target = "/",
                const std::string& host = kHost) {
  return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n";
}

class GateInjection : public ::testing::Test {
 protected:
  GateInjection() : server_({.certificate = root_.issue({.host = kHost})}) {
    server_.answer = [](const std::string&) { return ok("fine"); };
    lab_.internet().set(kHost, {kApi});
    lab_.internet().set("other.example", {kOther});
    lab_.internet().serve(kApi, [this](int socket) { server_.serve(socket); });
    lab_.set_injection(
        {.secrets = {{.hosts = {kHost}, .placeholder = kPlaceholder, .value = {kValue}}},
         .authority = authority_,
         .roots = {root_.certificate()}});
  }
  Policy policy(std::vector<std::string> allow = {}) const {
    return {.kind = api::NetworkPolicy::kEgress,
            .allow = std::move(allow),
            .secret_hosts = {kHost},
            .secret_authority = authority_.certificate};
  }
  void start(std::vector<std::string> allow = {}) {
    lab_.start(policy(std::move(allow)));
    ASSERT_EQ(lab_.resolve(kHost).rcode, 0);
  }
  TlsClient client(const std::string& address = kApi) {
    return TlsClient(lab_.dial(address, 443).fd,
                     {.server_name = kHost, .trusted = authority_.certificate});
  }
  std::string asked(const std::string& request) { return client().ask(request); }
  /// What of the log's bytes and of the reports would show a value.
  std::string log_text() const {
    std::stringstream text;
    for (const auto& entry : std::filesystem::directory_iterator(lab_.directory() / "net")) {
      text << std::ifstream(entry.path()).rdbuf();
    }
    return text.str();
  }

  TestAuthority root_;
  CertificateAuthority authority_ = make_authority({kHost});
  TlsServer server_;
  Lab lab_;
};

TEST_F(GateInjection, a_value_takes_the_place_of_its_placeholder_in_headers_to_its_host) {
  start();
  EXPECT_THAT(asked(get("Authorization: Bearer " + kPlaceholder + "\r\n")), HasSubstr("fine"));
  ASSERT_THAT(server_.requests(), SizeIs(1));
  EXPECT_THAT(server_.requests()[0], HasSubstr("Authorization: Bearer " + kValue + "\r\n"));
  EXPECT_THAT(server_.requests()[0], Not(HasSubstr(kPlaceholder)));
  EXPECT_TRUE(lab_.logged(Verdict::kOpened, "", kHost));
  EXPECT_TRUE(lab_.logged(Verdict::kClosed, "", kHost));
  EXPECT_THAT(log_text(), Not(HasSubstr(kValue)));
}

TEST_F(GateInjection, under_a_list_too) {
  start({"api.example:443"});
  EXPECT_THAT(asked(get("X-Api-Key: " + kPlaceholder + "\r\n")), HasSubstr("fine"));
  EXPECT_THAT(server_.requests()[0], HasSubstr("X-Api-Key: " + kValue + "\r\n"));
}

}  // namespace
}  // namespace pyro::gate
