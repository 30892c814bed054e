#pragma once

#include <gmock/gmock.h>
#include <signal.h>

#include <optional>

#include "common/api/package_cache.h"
#include "tests/fault/fault_points.h"
#include "tests/service/packages/registry.h"
#include "tests/support/processes.h"
#include "tests/support/service_process.h"
#include "tests/support/soon.h"

namespace pyro::net {

/// The net service with the registry of the test as all that it has.
class PackageCacheFixture : public ::testing::Test {
 protected:
  using Environment = pyro::testing::ServiceProcess::Environment;

  void start(Environment more = {}) {
    service_.reset();
    Environment environment{{"HOME", (stack_ / "home").string()},
                            {"PYRO_FAULTS", (stack_ / "faults").string()},
                            {"SSL_CERT_FILE", std::nullopt}};
    for (const char* site : {"NPM", "PYPI", "PYPI_FILES", "DEBIAN", "DEBIAN_SECURITY",
                             "CRATES_INDEX", "CRATES_FILES", "GO"}) {
      std::string folder = site;
      for (char& c : folder) c = c == '_' ? '-' : static_cast<char>(std::tolower(c));
      environment[fmt::format("PYRO_PACKAGE_CACHE_{}", site)] =
          registry_.address() + folder + "/" + (folder == "pypi" ? "simple/" : "");
    }
    for (const auto& [name, value] : more) environment[name] = value;
    service_.emplace("pyro-net", stack_.paths(), environment);
  }
  std::string socket() const { return stack_.paths().package_cache_socket().string(); }
  Response fetch(const std::string& path, const std::string& fields = "") const {
    return get(socket(), path, fields);
  }
  api::PackageCache described() {
    return stack_.client("net").call(api::DescribePackageCache{},
                                     {.deadline = Clock::now() + std::chrono::seconds(30)});
  }
  api::PrunedPackageCache prune() {
    return stack_.client("net").call(api::PrunePackageCache{},
                                     {.deadline = Clock::now() + std::chrono::seconds(30)});
  }
  /// nginx and its children.
  std::vector<pid_t> processes() const {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string line = pyro::testing::content_of(entry.path() / "cmdline");
      if (line.find("nginx") == std::string::npos ||
          line.find(stack_.paths().cache_dir.string()) == std::string::npos) {
        continue;
      }
      const pid_t master = std::stoi(name);
      found.push_back(master);
      const std::string children =
          pyro::testing::content_of(entry.path() / "task" / name / "children");
      for (const auto& child : split(children, ' ')) {
        if (!trim(child).empty()) found.push_back(std::stoi(child));
      }
    }
    return found;
  }
  static bool all_gone(const std::vector<pid_t>& pids) {
    return test::soon([&] {
      return std::all_of(pids.begin(), pids.end(), [](pid_t pid) {
        const std::string status = pyro::testing::content_of(fmt::format("/proc/{}/status", pid));
        return status.empty() || status.find("State:\tZ") != std::string::npos;
      });
    });
  }

  Registry registry_;
  pyro::testing::PrivateStack stack_;
  std::optional<pyro::testing::ServiceProcess> service_;
};

}  // namespace pyro::net
