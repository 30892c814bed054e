#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/stack.h"
#include "common/registry/registry.h"
#include "tests/support/temporary.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

/// Fills what is left to the last byte.
void fill(const fs::path& file) {
  const UniqueFd fd = open_file(file, O_WRONLY | O_CREAT | O_APPEND);
  std::string block(1U << 20U, 'x');
  while (!block.empty()) {
    if (::write(fd.get(), block.data(), block.size()) < 0) block.resize(block.size() / 2);
  }
}

std::string reason_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return std::string(error.reason());
  }
  return "";
}

/// In them this user may mount.
bool enter_namespaces() {
  const std::string uid = fmt::format("0 {} 1", ::getuid());
  const std::string gid = fmt::format("0 {} 1", ::getgid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  const std::pair<const char*, std::string> settings[] = {
      {"setgroups", "deny"}, {"uid_map", uid}, {"gid_map", gid}};
  for (const auto& [name, value] : settings) {
    write_all(open_file(fs::path("/proc/self") / name, O_WRONLY).get(), value);
  }
  return true;
}

/// Each body runs in a process of its own whose directory is a small disk, without root: in a user
/// and mount namespace. What it returns is "" or the failure.
class FullDisk : public ::testing::Test {
 protected:
  std::string on_disk_of(const char* size,
                         const std::function<std::string(const fs::path&)>& body) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      std::string said = "the small disk cannot be mounted";
      if (enter_namespaces() &&
          ::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, size) == 0) {
        try {
          said = body(directory_.path());
        } catch (const std::exception& error) {
          said = error.what();
        }
      }
      write_all(ends[1], said);
      ::_exit(0);
    }
    ::close(ends[1]);
    const UniqueFd out(ends[0]);
    std::string said = read_to_end(out.get(), 4096);
    ::waitpid(pid, nullptr, 0);
    return said;
  }

  testing::TestDirectory directory_;
};

TEST_F(FullDisk, a_deletion_is_recorded_with_the_space_of_the_ballast) {
  EXPECT_EQ(on_disk_of("size=128m",
                       [](const fs::path& disk) -> std::string {
                         Registry registry(disk / "registry.db");
                         for (int i = 0; i < 200; ++i) {
                           registry.put("workspaces", std::to_string(i), std::string(4000, 'r'));
                         }
                         fill(disk / "filler");
                         const std::string refused = reason_of([&] {
                           for (int i = 0; i < 2000; ++i) {
                             registry.put("workspaces", "more" + std::to_string(i),
                                          std::string(4000, 'r'));
                           }
                         });
                         if (refused != reason::kDiskFull.name()) return "not refused: " + refused;
                         if (!fs::exists(disk / "registry.db-ballast")) return "ballast gone early";
                         const Registry::Urgent urgent;
                         for (int i = 0; i < 200; ++i)
                           registry.erase("workspaces", std::to_string(i));
                         if (registry.contains("workspaces", "7")) return "not deleted";
                         if (fs::exists(disk / "registry.db-ballast"))
                           return "no ballast was needed";
                         fs::remove(disk / "filler");
                         registry.erase("workspaces", "more1");
                         return fs::exists(disk / "registry.db-ballast") ? "" : "no new ballast";
                       }),
            "");
}

TEST_F(FullDisk, a_small_disk_gets_no_ballast) {
  EXPECT_EQ(on_disk_of("size=16m",
                       [](const fs::path& disk) -> std::string {
                         const Registry registry(disk / "registry.db");
                         return fs::exists(disk / "registry.db-ballast") ? "there is one" : "";
                       }),
            "");
}

}  // namespace
}  // namespace pyro
