#include "common/certificates/host_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "common/base/reasons/network.h"
#include "common/certificates/pem.h"
#include "tests/support/environment.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
using pyro::testing::WithVariable;
using ::testing::ElementsAre;

TEST(HostStore, the_file_that_SSL_CERT_FILE_names_is_the_store) {
  const TestDirectory directory;
  const auto file = directory.path() / "store.pem";
  const WithVariable named("SSL_CERT_FILE", file.c_str());
  EXPECT_THAT(error_of([] { host_certificates(); }), Refused(reason::kHostCaUnreadable));
  const std::string certificate = pem_of(std::string("\x30\x06\x30\x02\x05\x00\x05\x00", 8));
  write_file_atomically(file, "# ours\n" + certificate);
  EXPECT_THAT(host_certificates(), ElementsAre(certificate));
}

}  // namespace
}  // namespace pyro
