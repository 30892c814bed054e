#include "guest/agent/package_mirrors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "common/base/files.h"
#include "tests/support/temporary.h"

namespace pyro::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class PackageMirrorsTest : public ::testing::Test {
 protected:
  using Mirrors = std::vector<api::agent::PackageMirror>;

  void set(const std::vector<std::string>& sites, std::uint32_t port = 4861) const {
    Mirrors mirrors;
    for (const auto& site : sites) {
      mirrors.push_back({.site = site, .address = "10.0.2.1", .port = port});
    }
    PackageMirrors(root_.path()).set(mirrors);
  }
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  std::string text_of(const std::string& file) const {
    return fs::exists(root_ / file) ? read_file(root_ / file) : "";
  }

  pyro::testing::TestDirectory root_;
};

TEST_F(PackageMirrorsTest, each_tool_of_the_given_sites_is_set_and_no_other) {
  set({"npm", "pypi", "debian", "crates", "go"});
  EXPECT_THAT(text_of("etc/npmrc"), HasSubstr("\nregistry=http://10.0.2.1:4861/\n"));
  EXPECT_EQ(text_of("etc/npmrc"), text_of("usr/local/etc/npmrc"));
  EXPECT_THAT(
      text_of("etc/xdg/pip/pip.conf"),
      HasSubstr("index-url = http://10.0.2.1:4861/simple/\ntrusted-host = 10.0.2.1:4861\n"));
  EXPECT_THAT(text_of("etc/apt/apt.conf.d/90pyro-package-cache"),
              HasSubstr("Acquire::http::Proxy::deb.debian.org \"http://10.0.2.1:4861/\";"));
  EXPECT_THAT(text_of("root/.cargo/config.toml"),
              HasSubstr("registry = \"sparse+http://10.0.2.1:4861/index/\""));
  EXPECT_THAT(text_of("root/.config/go/env"), HasSubstr("GOPROXY=http://10.0.2.1:4861,direct\n"));
  set({"npm"});
  EXPECT_THAT(text_of("etc/npmrc"), HasSubstr("registry="));
  for (const char* file : {"etc/xdg/pip/pip.conf", "etc/apt/apt.conf.d/90pyro-package-cache",
                           "root/.cargo/config.toml", "root/.config/go/env"}) {
    EXPECT_FALSE(fs::exists(root_ / file)) << file;
  }
  set({});
  EXPECT_FALSE(fs::exists(root_ / "etc/npmrc"));
}

TEST_F(PackageMirrorsTest, what_a_user_or_the_image_wrote_is_left_alone) {
  write("etc/npmrc", "registry=https://mine.example/\n");
  write("root/.cargo/config.toml", "");
  set({"npm", "crates"});
  EXPECT_EQ(text_of("etc/npmrc"), "registry=https://mine.example/\n");
  EXPECT_EQ(text_of("root/.cargo/config.toml"), "");
  set({});
  EXPECT_EQ(text_of("etc/npmrc"), "registry=https://mine.example/\n");
  EXPECT_TRUE(fs::exists(root_ / "root/.cargo/config.toml"));
}

TEST_F(PackageMirrorsTest, of_a_file_that_a_user_added_to_only_our_lines_go) {
  set({"go", "npm"});
  write("root/.config/go/env", "GOBIN=/bin\n" + text_of("root/.config/go/env") + "GOFLAGS=-v\n");
  set({});
  EXPECT_EQ(text_of("root/.config/go/env"), "GOBIN=/bin\nGOFLAGS=-v\n");
}

TEST_F(PackageMirrorsTest, those_of_another_address_go_as_well) {
  set({"pypi"}, 99);
  set({});
  EXPECT_FALSE(fs::exists(root_ / "etc/xdg/pip/pip.conf"));
}

TEST_F(PackageMirrorsTest, what_is_no_plain_file_is_no_trap) {
  fs::create_directories(root_ / "etc");
  ASSERT_EQ(::mkfifo((root_ / "etc/npmrc").c_str(), 0600), 0);
  write("elsewhere", "# The package cache that pyro gives this machine.\nkeep\n");
  fs::create_directories(root_ / "root/.config/go");
  fs::create_symlink(root_ / "elsewhere", root_ / "root/.config/go/env");
  set({"npm", "go"});
  set({});
  EXPECT_TRUE(fs::is_fifo(root_ / "etc/npmrc"));
  EXPECT_THAT(text_of("elsewhere"), HasSubstr("keep"));
}

}  // namespace
}  // namespace pyro::agent
