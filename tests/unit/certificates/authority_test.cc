#include "common/certificates/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "common/process/child_process.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
using ::testing::AllOf;
using ::testing::HasSubstr;

class AuthorityTest : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) const {
    write_file_atomically(directory_ / name, text);
    return (directory_ / name).string();
  }
  /// What openssl(1) says of a certificate, with this authority alone to trust.
  std::string verified(const CertificateAuthority& authority, const std::string& certificate,
                       std::vector<std::string> also = {}) const {
    std::vector<std::string> words = {"openssl",
                                      "verify",
                                      "-x509_strict",
                                      "-no-CApath",
                                      "-no-CAstore",
                                      "-CAfile",
                                      file("ca.pem", authority.certificate)};
    words.insert(words.end(), also.begin(), also.end());
    words.push_back(file("leaf.pem", certificate));
    const auto ran = run_command({.argv = words}, Clock::now() + std::chrono::seconds(30), {});
    return ran.output + ran.error_output;
  }
  std::string text_of(const std::string& certificate) const {
    return run_checked(
        {.argv = {"openssl", "x509", "-noout", "-text", "-in", file("shown.pem", certificate)}},
        Clock::now() + std::chrono::seconds(30), {});
  }

 private:
  TestDirectory directory_;
};

TEST_F(AuthorityTest, a_certificate_for_its_host_holds) {
  const auto authority = make_authority({"api.example.com", "b.example.org"});
  for (const std::string& host : {std::string("api.example.com"), std::string("b.example.org")}) {
    const auto issued = issue_certificate(authority, host);
    EXPECT_THAT(verified(authority, issued.certificate,
                         {"-purpose", "sslserver", "-verify_hostname", host}),
                HasSubstr(": OK"));
    EXPECT_THAT(issued.key.data, HasSubstr("BEGIN PRIVATE KEY"));
  }
}

TEST_F(AuthorityTest, none_for_another_host_or_an_address_holds) {
  const auto authority = make_authority({"api.example.com"});
  EXPECT_THAT(verified(authority, issue_certificate(authority, "evil.example.org").certificate),
              HasSubstr("permitted subtree violation"));
  EXPECT_THAT(verified(authority, issue_certificate(authority, "example.com").certificate),
              HasSubstr("permitted subtree violation"));
  for (const std::string& address : {std::string("IP:192.0.2.1"), std::string("IP:2001:db8::1")}) {
    const auto forged = issue_certificate(authority, "api.example.com," + address);
    EXPECT_THAT(verified(authority, forged.certificate), HasSubstr("excluded subtree violation"))
        << address;
  }
}

TEST_F(AuthorityTest, its_constraints_are_critical_and_it_makes_no_other_authority) {
  const auto authority = make_authority({"api.example.com"});
  EXPECT_THAT(text_of(authority.certificate),
              AllOf(HasSubstr("X509v3 Name Constraints: critical"),
                    HasSubstr("Permitted:\n                  DNS:api.example.com"),
                    HasSubstr("CA:TRUE, pathlen:0"), HasSubstr("Certificate Sign")));
  EXPECT_THAT(text_of(issue_certificate(authority, "api.example.com").certificate),
              AllOf(HasSubstr("CA:FALSE"), HasSubstr("TLS Web Server Authentication")));
}

TEST_F(AuthorityTest, no_two_are_the_same_and_one_does_not_hold_for_the_other) {
  const auto one = make_authority({"api.example.com"});
  const auto other = make_authority({"api.example.com"});
  EXPECT_NE(one.key, other.key);
  EXPECT_THAT(verified(one, issue_certificate(other, "api.example.com").certificate),
              HasSubstr("error"));
}

TEST_F(AuthorityTest, an_authority_that_is_none_issues_nothing) {
  EXPECT_THAT(error_of([] { issue_certificate({}, "api.example.com"); }),
              Refused(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace pyro
