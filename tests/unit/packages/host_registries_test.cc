#include "services/net/packages/host_registries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "tests/support/temporary.h"

namespace pyro::net {
namespace {

namespace fs = std::filesystem;
using pyro::testing::TestDirectory;

/// A host of files and variables that a test writes.
class HostRegistriesTest : public ::testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((directory_ / file).parent_path());
    std::ofstream(directory_ / file) << text;
  }
  HostRegistries read() const {
    return HostRegistries::read(
        {.root = directory_.path(),
         .home = directory_ / "home",
         .variable = [this](const char* name) -> std::optional<std::string> {
           const auto found = variables_.find(name);
           return found == variables_.end() ? std::nullopt : std::optional(found->second);
         }});
  }

  TestDirectory directory_;
  std::map<std::string, std::string> variables_;
};

TEST_F(HostRegistriesTest, a_host_without_settings_has_none) {
  const auto host = read();
  EXPECT_EQ(host.npm, std::nullopt);
  EXPECT_EQ(host.pypi, std::nullopt);
  EXPECT_EQ(host.debian, std::nullopt);
  EXPECT_EQ(host.crates, std::nullopt);
  EXPECT_EQ(host.go, std::nullopt);
  EXPECT_EQ(host.authorities, "");
}

TEST_F(HostRegistriesTest, npm_is_set_by_its_variable_before_the_users_file_before_the_systems) {
  write("usr/etc/npmrc", "cafile = \"/etc/ssl/all.crt\"\n");
  write("etc/npmrc", "registry=https://system.example/npm/\n");
  EXPECT_EQ(read().npm, "https://system.example/npm/");
  EXPECT_EQ(read().npm_authorities, "/etc/ssl/all.crt");
  write("home/.npmrc",
        "; mine\n@ours:registry=https://scope.example/\nregistry = https://user.example/\n"
        "//user.example/:_authToken=secret\n");
  EXPECT_EQ(read().npm, "https://user.example/");
  variables_["npm_config_registry"] = "https://variable.example/";
  EXPECT_EQ(read().npm, "https://variable.example/");
}

TEST_F(HostRegistriesTest, pip_is_set_by_the_section_global) {
  write("etc/pip.conf",
        "[global]\ncert = /etc/ssl/company.crt\n[install]\nindex-url = https://no.example/\n");
  write("home/.config/pip/pip.conf",
        "[global]\nindex_url: no\nindex_url = https://mirror.example/simple\n");
  EXPECT_EQ(read().pypi, "https://mirror.example/simple");
  EXPECT_EQ(read().pypi_authorities, "/etc/ssl/company.crt");
  variables_["PIP_INDEX_URL"] = "https://variable.example/simple";
  EXPECT_EQ(read().pypi, "https://variable.example/simple");
}

TEST_F(HostRegistriesTest, apt_is_read_in_both_forms_and_only_of_the_guests_release) {
  write("etc/apt/sources.list",
        "# deb http://no.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib\n"
        "deb-src http://no.example/debian bookworm main\n"
        "deb http://no.example/debian trixie main\n");
  write("etc/apt/sources.list.d/security.sources",
        "Types: deb\nURIs: http://off.example/\nSuites: bookworm-security\nEnabled: no\n\n"
        "Types: deb\n# a comment\nURIs: http://mirror.example/security\n"
        "Suites: bookworm-security\nComponents: main\n");
  EXPECT_EQ(read().debian, "http://mirror.example/debian");
  EXPECT_EQ(read().debian_security, "http://mirror.example/security");
}

TEST_F(HostRegistriesTest, cargo_is_followed_from_replacement_to_replacement) {
  write("home/.cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"a\"\n[source.a]\nreplace-with = \"b\"\n"
        "[source.b]\nregistry = \"sparse+https://crates.example/index/\"\n");
  EXPECT_EQ(read().crates, "https://crates.example/index/");
  write("home/.cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"a\"\n[source.a]\nreplace-with = \"crates-io\"\n");
  EXPECT_EQ(read().crates, std::nullopt);
  write("home/.cargo/config.toml", "no toml [");
  EXPECT_EQ(read().crates, std::nullopt);
}

TEST_F(HostRegistriesTest, go_is_set_by_the_first_proxy_of_its_list) {
  write("home/.config/go/env", "GOFLAGS=-mod=mod\nGOPROXY=direct\n");
  EXPECT_EQ(read().go, std::nullopt);
  variables_["GOPROXY"] = "https://proxy.example|https://other.example,direct";
  EXPECT_EQ(read().go, "https://proxy.example");
}

TEST_F(HostRegistriesTest, the_authorities_are_the_systems_unless_a_variable_says_otherwise) {
  write("etc/pki/tls/certs/ca-bundle.crt", "");
  EXPECT_EQ(read().authorities, directory_ / "etc/pki/tls/certs/ca-bundle.crt");
  variables_["SSL_CERT_FILE"] = "/company.crt";
  EXPECT_EQ(read().authorities, "/company.crt");
}

}  // namespace
}  // namespace pyro::net
