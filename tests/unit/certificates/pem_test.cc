#include "common/certificates/pem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/base64.h"

namespace pyro {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// A SEQUENCE whose first element is one, as a certificate is.
std::string made_certificate(std::size_t size, char fill = 'c') {
  const std::string inside = std::string("\x30\x02\x05\x00", 4) + std::string(size, fill);
  std::string der("\x30\x82", 2);
  der += static_cast<char>(inside.size() >> 8U);
  der += static_cast<char>(inside.size() & 0xFFU);
  return der + inside;
}

std::string block(const std::string& what, const std::string& der) {
  return "-----BEGIN " + what + "-----\n" + to_base64(der) + "\n-----END " + what + "-----\n";
}

TEST(Pem, certificates_are_found_between_other_text_each_once_and_in_one_form) {
  const std::string a = made_certificate(300, 'a');
  const std::string b = made_certificate(300, 'b');
  std::string windows = block("CERTIFICATE", a);
  for (std::size_t at = 0; (at = windows.find('\n', at)) != windows.npos; at += 2) {
    windows.insert(at, "\r");
  }
  const auto found = certificates_in("# A\n" + block("CERTIFICATE", a) + "subject=b\n" +
                                     block("CERTIFICATE", b) + windows);
  EXPECT_THAT(found, ElementsAre(pem_of(a), pem_of(b)));
  EXPECT_THAT(found[0].substr(0, found[0].find('\n', 30)), SizeIs(28 + 64));
  EXPECT_THAT(certificates_in(found[0]), ElementsAre(found[0]));
}

TEST(Pem, keys_and_other_blocks_are_left_out) {
  const std::string a = made_certificate(300);
  const auto found = certificates_in(block("PRIVATE KEY", a) + block("X509 CRL", a) +
                                     block("TRUSTED CERTIFICATE", a) + block("CERTIFICATE", a));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0], Not(HasSubstr("KEY")));
}

TEST(Pem, what_is_no_certificate_is_left_out) {
  const std::string a = made_certificate(300);
  for (const std::string& der :
       {std::string("a secret"), std::string(), a + "x", a.substr(0, a.size() - 1),
        std::string("\x30\x80\x00\x00", 4), std::string("\x30\x84\xff\xff\xff\xff", 6),
        std::string("\x30\x02\x05\x00", 4), made_certificate(60000)}) {
    EXPECT_THAT(certificates_in(block("CERTIFICATE", der)), IsEmpty()) << der.size();
  }
  EXPECT_THAT(certificates_in("-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n"),
              IsEmpty());
  EXPECT_THAT(certificates_in("-----BEGIN CERTIFICATE-----\n####\n-----END CERTIFICATE-----\n" +
                              block("CERTIFICATE", a)),
              SizeIs(1));
}

TEST(Pem, no_more_than_the_most_are_taken) {
  std::string text;
  for (std::size_t i = 0; i < kMostCertificates + 5; ++i) {
    text += block("CERTIFICATE", made_certificate(300 + i));
  }
  EXPECT_THAT(certificates_in(text), SizeIs(kMostCertificates));
}

}  // namespace
}  // namespace pyro
