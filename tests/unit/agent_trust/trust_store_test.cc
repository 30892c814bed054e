#include "guest/agent/trust/trust_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/base/files.h"
#include "common/certificates/pem.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro::agent {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string certificate(char fill) {
  return pem_of(std::string("\x30\x44\x30\x02\x05\x00", 6) + std::string(0x40, fill));
}

class TrustStoreTest : public ::testing::Test {
 protected:
  fs::path in_guest(const std::string& path) const { return root_.path() / path; }
  void put(const std::string& path, const std::string& text) const {
    fs::create_directories(in_guest(path).parent_path());
    write_file_atomically(in_guest(path), text, 0644);
  }
  std::string text_of(const std::string& path) const { return read_file(in_guest(path)); }
  std::vector<std::string> sources() const {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& one : fs::directory_iterator(in_guest(kSources), none)) {
      names.push_back(one.path().filename());
    }
    return names;
  }

  static constexpr const char* kStore = "etc/ssl/certs/ca-certificates.crt";
  static constexpr const char* kSources = "usr/local/share/ca-certificates";
  static constexpr const char* kAdded = "run/pyro-trust/certificates.pem";
  TestDirectory root_;
  TrustStore store_{root_.path()};
};

TEST_F(TrustStoreTest, the_store_of_the_system_has_ours_after_its_own) {
  put(kStore, certificate('o'));
  store_.set({.certificates = {certificate('h')}, .public_ones = {certificate('p')}});
  EXPECT_THAT(text_of(kStore), StartsWith(certificate('o')));
  EXPECT_THAT(text_of(kStore), EndsWith(certificate('h')));
  EXPECT_THAT(text_of(kAdded), EndsWith(certificate('h')));
  EXPECT_THAT(text_of(kAdded), Not(HasSubstr(certificate('o'))));
  EXPECT_EQ(text_of("usr/local/share/ca-certificates/pyro-0001.crt"), certificate('h'));
  EXPECT_THAT(store_.variables(),
              Contains(Pair("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")));
  EXPECT_THAT(store_.variables(),
              Contains(Pair("NODE_EXTRA_CA_CERTS", "/run/pyro-trust/certificates.pem")));
  struct stat info {};
  ASSERT_EQ(::stat(in_guest(kAdded).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0644U);
}

TEST_F(TrustStoreTest, what_the_guest_trusts_already_is_not_added) {
  put(kStore, certificate('o'));
  store_.set({.certificates = {certificate('o')}});
  EXPECT_EQ(text_of(kStore), certificate('o'));
  EXPECT_THAT(store_.variables(), IsEmpty());
  EXPECT_THAT(sources(), IsEmpty());
}

TEST_F(TrustStoreTest, a_guest_without_a_store_gets_the_public_ones_too) {
  store_.set({.certificates = {certificate('h')}, .public_ones = {certificate('p')}});
  EXPECT_THAT(text_of(kStore), HasSubstr(certificate('h') + certificate('p')));
  EXPECT_THAT(text_of(kAdded), Not(HasSubstr(certificate('p'))));
  EXPECT_THAT(sources(), SizeIs(1));
}

TEST_F(TrustStoreTest, another_start_changes_nothing_and_other_certificates_take_their_place) {
  put(kStore, "# no newline at its end\n" + certificate('o') + "#");
  store_.set({.certificates = {certificate('a'), certificate('b')}});
  const std::string before = text_of(kStore);
  fs::remove_all(in_guest("run"));
  TrustStore next(root_.path());
  next.set({.certificates = {certificate('a'), certificate('b')}});
  EXPECT_EQ(text_of(kStore), before);
  EXPECT_THAT(text_of(kAdded), EndsWith(certificate('b')));
  next.set({.certificates = {certificate('c')}});
  EXPECT_THAT(text_of(kStore), Not(HasSubstr(certificate('a'))));
  EXPECT_THAT(text_of(kStore), EndsWith(certificate('c')));
  EXPECT_THAT(sources(), SizeIs(1));
}

TEST_F(TrustStoreTest, none_at_a_later_start_takes_them_away) {
  put(kStore, certificate('o'));
  store_.set({.certificates = {certificate('a')}});
  TrustStore next(root_.path());
  next.set({});
  EXPECT_EQ(text_of(kStore), certificate('o'));
  EXPECT_THAT(sources(), IsEmpty());
  EXPECT_THAT(next.variables(), IsEmpty());
}

TEST_F(TrustStoreTest, a_machine_that_never_had_any_is_left_as_it_is) {
  store_.set({});
  EXPECT_FALSE(fs::exists(in_guest("etc")));
  EXPECT_FALSE(fs::exists(in_guest("run")));
}

TEST_F(TrustStoreTest, the_store_that_an_image_has_is_used) {
  put("etc/pki/tls/certs/ca-bundle.crt", certificate('o'));
  store_.set({.certificates = {certificate('h')}});
  EXPECT_THAT(text_of("etc/pki/tls/certs/ca-bundle.crt"), EndsWith(certificate('h')));
  EXPECT_FALSE(fs::exists(in_guest(kStore)));
}

TEST_F(TrustStoreTest, what_is_no_certificate_is_refused_before_anything_changes) {
  put(kStore, certificate('o'));
  for (const std::string& bad :
       {std::string("text"), certificate('a') + certificate('b'), "x" + certificate('a'),
        std::string("-----BEGIN CERTIFICATE-----\n")}) {
    EXPECT_THAT(error_of([&] {
                  store_.set({.certificates = {certificate('h'), bad}});
                }),
                Refused(ErrorCode::kInvalidArgument, HasSubstr("certificate")));
  }
  EXPECT_EQ(text_of(kStore), certificate('o'));
}

TEST_F(TrustStoreTest, a_pipe_in_the_place_of_a_store_holds_nothing_up) {
  fs::create_directories(in_guest(kStore).parent_path());
  ASSERT_EQ(::mkfifo(in_guest(kStore).c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { store_.set({.certificates = {certificate('h')}}); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("is no file")));
}

}  // namespace
}  // namespace pyro::agent
