#include "common/api/package_cache.h"
#include "common/api/workspace_network.h"
#include "common/base/reasons/network.h"
#include "tests/guest/workspace_fixture.h"
#include "tests/service/packages/registry.h"
#include "tests/support/errors.h"

namespace pyro::test {

using api::NetworkPolicy;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// Real package managers, and the registries that this host is set to use.
class RealRegistries : public WorkspaceFixture {
 protected:
  std::string create_with(const std::string& environment, NetworkPolicy policy,
                          std::vector<std::string> presets = {}) {
    return call(api::CreateWorkspace{.environment = environment,
                                     .mem_mib = 2048,
                                     .ttl_seconds = 3600,
                                     .network_policy = policy,
                                     .allow_presets = std::move(presets)})
        .workspace_id;
  }
  void must(const std::string& id, const std::string& command) {
    const auto ran = run(id, command, 600);
    ASSERT_EQ(ran.exit_code, 0) << ran.stdout_text << ran.stderr_text;
  }
  std::vector<std::string> fetched(const std::string& id) {
    std::vector<std::string> paths;
    for (const auto& line : call(api::ReadNetworkLog{.workspace_id = id, .count = 1000}).entries) {
      if (line.verdict == "fetched") paths.push_back(line.path);
    }
    return paths;
  }

  /// npm install, then npm ci of its lock file in a workspace that has nothing of the first.
  void install_with_npm(NetworkPolicy policy, const std::vector<std::string>& presets) {
    const std::string first = create_with("debian:12-build", policy, presets);
    must(first, "npm init -y > /dev/null && npm install --no-audit --no-fund is-odd");
    must(first, "node -e \"process.exit(require('is-odd')(3) ? 0 : 1)\"");
    EXPECT_THAT(fetched(first), Contains(HasSubstr("/is-odd/-/is-odd-")));
    // What goes back to the host names the registry, and no address of this machine.
    const std::string lock = read(first, "package-lock.json");
    EXPECT_THAT(lock, Not(HasSubstr("10.0.2.1")));
    EXPECT_THAT(lock, HasSubstr("\"resolved\": \"https://"));
    for (const auto& entry : diff(first).entries) {
      EXPECT_THAT(entry.path, Not(HasSubstr("npmrc"))) << entry.path;
    }
    const std::string second = create_with("debian:12-build", policy, presets);
    write(second, "package.json", read(first, "package.json"));
    write(second, "package-lock.json", lock);
    const auto before = call(api::DescribePackageCache{});
    must(second, "npm ci --no-audit --no-fund");
    must(second, "node -e \"process.exit(require('is-odd')(3) ? 0 : 1)\"");
    EXPECT_THAT(fetched(second), Contains(HasSubstr("/is-odd/-/is-odd-")));
    EXPECT_EQ(call(api::DescribePackageCache{}).files, before.files);
  }
};

TEST_F(RealRegistries, npm_installs_with_the_cache_and_nothing_else) {
  install_with_npm(NetworkPolicy::kCacheOnly, {});
}

TEST_F(RealRegistries, npm_installs_under_egress_with_its_preset) {
  install_with_npm(NetworkPolicy::kEgress, {"npm"});
}

TEST_F(RealRegistries, apt_installs_with_the_cache_and_under_egress_with_its_preset) {
  for (const NetworkPolicy policy : {NetworkPolicy::kCacheOnly, NetworkPolicy::kEgress}) {
    const bool egress = policy == NetworkPolicy::kEgress;
    const std::string id =
        create_with(kEnvironment, policy,
                    egress ? std::vector<std::string>{"debian"} : std::vector<std::string>{});
    must(id,
         "apt-get -q update && apt-get -q install -y --no-install-recommends tree && tree "
         "--version");
    EXPECT_THAT(fetched(id), Contains(HasSubstr("/pool/main/t/tree/tree_")));
    EXPECT_THAT(fetched(id), Contains(HasSubstr("/InRelease")));
  }
}

/// A registry of the test's own stands in for PyPI.
class PackagesOfGuests : private net::Registry, public WorkspaceFixture {
 protected:
  PackagesOfGuests()
      : WorkspaceFixture({{"PYRO_PACKAGE_CACHE_PYPI", address() + "simple/"},
                          {"PYRO_PACKAGE_CACHE_PYPI_FILES", address() + "files/"}}) {
    const auto wheel = directory_.path() / "tiny-1.0-py3-none-any.whl";
    run_checked(
        {.argv =
             {"python3", "-c",
              "import sys, zipfile\n"
              "z = zipfile.ZipFile(sys.argv[1], 'w')\n"
              "i = 'tiny-1.0.dist-info/'\n"
              "z.writestr('tiny.py', 'print(\"from the cache\")')\n"
              "z.writestr(i + 'METADATA', 'Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n')\n"
              "z.writestr(i + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\n"
              "Root-Is-Purelib: true\\nTag: py3-none-any\\n')\n"
              "z.writestr(i + 'RECORD', 'tiny.py,,\\n' + i + 'METADATA,,\\n' + i + 'WHEEL,,\\n' + "
              "i + 'RECORD,,\\n')\n"
              "z.close()",
              wheel.string()}},
        Clock::now() + std::chrono::minutes(1), {});
    set("/files/tiny-1.0-py3-none-any.whl", {.body = read_file(wheel)});
    set("/simple/tiny/",
        {.fields = "Content-Type: text/html\r\n",
         .body = "<a href=\"" + address() +
                 "files/tiny-1.0-py3-none-any.whl\">tiny-1.0-py3-none-any.whl</a>"});
  }
  using net::Registry::count;
};

TEST_F(PackagesOfGuests, pip_installs_with_the_cache_and_nothing_else) {
  call(api::PrunePackageCache{});
  const std::string command =
      "pip install --break-system-packages --no-cache-dir tiny && python3 -m tiny";
  for (int i = 0; i < 2; ++i) {
    const auto made = call(api::CreateWorkspace{.environment = kEnvironment,
                                                .ttl_seconds = 3600,
                                                .network_policy = NetworkPolicy::kCacheOnly});
    const auto ran = run(made.workspace_id, command, 300);
    EXPECT_THAT(ran.stdout_text, HasSubstr("from the cache")) << ran.stderr_text;
    EXPECT_THAT(ran.egress_denied, IsEmpty());
  }
  EXPECT_EQ(count("/files/tiny-1.0-py3-none-any.whl"), 1U);
}

TEST_F(PackagesOfGuests, the_settings_come_and_go_with_the_policy_and_leave_a_users_alone) {
  const auto made = call(api::CreateWorkspace{.environment = kEnvironment,
                                              .ttl_seconds = 3600,
                                              .network_policy = NetworkPolicy::kCacheOnly});
  const std::string& id = made.workspace_id;
  const auto settings = [&] {
    return output_of(id,
                     "cd /; ls etc/npmrc etc/xdg/pip/pip.conf root/.cargo/config.toml "
                     "etc/apt/apt.conf.d/90pyro-package-cache root/.config/go/env 2>/dev/null "
                     "| wc -l");
  };
  EXPECT_EQ(settings(), "5\n");
  EXPECT_THAT(call(api::ShowNetwork{.workspace_id = id}).cached_packages, SizeIs(5));
  EXPECT_THAT(diff(id).entries, IsEmpty());
  call(api::UpdateNetwork{
      .workspace_id = id, .network_policy = NetworkPolicy::kEgress, .package_cache = false});
  EXPECT_EQ(settings(), "0\n");
  output_of(id, "echo 'registry=https://mine.example/' > /etc/npmrc");
  call(api::UpdateNetwork{.workspace_id = id, .package_cache = true});
  EXPECT_EQ(settings(), "5\n");
  EXPECT_EQ(output_of(id, "cat /etc/npmrc"), "registry=https://mine.example/\n");
  call(api::UpdateNetwork{.workspace_id = id, .network_policy = NetworkPolicy::kOff});
  EXPECT_EQ(settings(), "1\n");
  reset(id);
  EXPECT_EQ(settings(), "0\n");
}

class GuestsWithoutNginx : public WorkspaceFixture {
 protected:
  GuestsWithoutNginx() : WorkspaceFixture({{"PYRO_PACKAGE_CACHE_NGINX", "/nonexistent/nginx"}}) {}
};

TEST_F(GuestsWithoutNginx, what_needs_the_cache_is_refused_and_what_would_have_had_it_says_so) {
  EXPECT_THAT(error_of([&] {
                call(api::CreateWorkspace{.environment = kEnvironment,
                                          .network_policy = NetworkPolicy::kCacheOnly});
              }),
              Refused(reason::kPackageCacheMissing));
  EXPECT_THAT(error_of([&] {
                call(api::CreateWorkspace{.environment = kEnvironment,
                                          .network_policy = NetworkPolicy::kEgress,
                                          .package_cache = true});
              }),
              Refused(reason::kPackageCacheMissing));
  const auto made = call(
      api::CreateWorkspace{.environment = kEnvironment, .network_policy = NetworkPolicy::kEgress});
  EXPECT_THAT(made.package_cache_reason, ::testing::Optional(HasSubstr("nginx-light")));
  EXPECT_THAT(call(api::ShowNetwork{.workspace_id = made.workspace_id}).cached_packages, IsEmpty());
}

}  // namespace pyro::test
