#include "common/secrets/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/workspace.h"

namespace pyro {
namespace {

class SecretFileTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory{std::filesystem::temp_directory_path(), "pyro-test"};
  std::filesystem::path file = directory.path() / "secrets";

  static StoredSecret secret(const std::string& name, const std::string& value) {
    StoredSecret secret;
    secret.name = name;
    secret.source_kind = api::SecretSource::kFile;
    secret.value.data = value;
    return secret;
  }
};

TEST_F(SecretFileTest, is_for_its_user_alone_and_keeps_every_byte) {
  write_secret_file(file,
                    {.secrets = {secret("a", std::string("x\0y\n", 4)), secret("b", "hunter22")}});
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto read = read_secret_file(file).secrets;
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].name, "a");
  EXPECT_EQ(read[0].source_kind, api::SecretSource::kFile);
  EXPECT_EQ(values_of(read), (std::vector<std::string>{std::string("x\0y\n", 4), "hunter22"}));
}

TEST_F(SecretFileTest, one_that_is_lost_or_damaged_says_so_by_name) {
  const auto reason = [&] {
    try {
      read_secret_file(file);
      return std::string("none");
    } catch (const Error& error) {
      return std::string(error.reason());
    }
  };
  EXPECT_EQ(reason(), reason::kSecretsLost.name());
  write_file_atomically(file, "damaged");
  EXPECT_EQ(reason(), reason::kSecretsLost.name());
}

TEST_F(SecretFileTest, is_overwritten_before_it_is_removed) {
  write_secret_file(file, {.secrets = {secret("a", "hunter22")}});
  const auto link = directory.path() / "other-name";
  std::filesystem::create_hard_link(file, link);
  wipe_secret_file(file);
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_EQ(read_file(link).find_first_not_of('\0'), std::string::npos);
  wipe_secret_file(file);
}

}  // namespace
}  // namespace pyro
