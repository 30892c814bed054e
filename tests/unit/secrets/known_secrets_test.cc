#include "common/secrets/known_secrets.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/log/log.h"
#include "common/secrets/secret_file.h"

namespace pyro {
namespace {

TEST(KnownSecrets, keep_values_out_of_the_log) {
  const TemporaryDirectory directory(std::filesystem::temp_directory_path(), "pyro-test");
  const auto file = directory.path() / "secrets";
  StoredSecret secret;
  secret.name = "token";
  secret.value.data = "hunter22";
  write_secret_file(file, {.secrets = {secret}});
  log::start(directory.path(), "known-secrets", "info");
  {
    KnownSecrets known;
    known.of(file);
    log::warn("the guest says {}", "hunter22");
    known.forget(file);
    log::warn("forgotten");
  }
  const std::string text = read_file(directory.path() / "known-secrets.log");
  EXPECT_EQ(text.find("hunter22"), std::string::npos) << text;
  EXPECT_NE(text.find("the guest says [REDACTED]"), std::string::npos) << text;
  EXPECT_NE(text.find("forgotten"), std::string::npos) << text;
}

TEST(KnownSecrets, a_file_that_is_lost_is_refused_each_time) {
  KnownSecrets known;
  EXPECT_THROW(known.of("/nonexistent"), Error);
  EXPECT_THROW(known.of("/nonexistent"), Error);
  EXPECT_EQ(redactor_of(known, std::nullopt), nullptr);
}

}  // namespace
}  // namespace pyro
