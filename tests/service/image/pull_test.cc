// Real pulls of debian:12-base from the network's Debian archive, by a process of its own and, when
// the tests run as root, as user nobody.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "common/api/environment.h"
#include "common/api/json_codec.h"
#include "common/base/files.h"
#include "common/process/child_process.h"
#include "services/image/garbage.h"
#include "services/image/vmlinux.h"
#include "tests/support/errors.h"
#include "tests/support/processes.h"

namespace pyro::image {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kName = "debian:12-base";

Deadline in(std::chrono::seconds limit) { return Clock::now() + limit; }

class Pull : public ::testing::Test {
 protected:
  Pull() : directory_(fs::temp_directory_path(), "pull") {
    // nobody may not enter the build directory, so the programs come along.
    const fs::path bin = fs::read_symlink("/proc/self/exe").parent_path();
    fs::create_directory(directory_.path() / "bin");
    for (const char* program : {"image_pull_helper", "pyro-image-guard"}) {
      fs::copy_file(bin / program, directory_.path() / "bin" / program);
    }
    fs::create_directory(directory_.path() / "cache");
    if (::geteuid() == 0) {
      ::chmod(directory_.path().c_str(), 0755);
      EXPECT_EQ(::chown((directory_.path() / "cache").c_str(), kNobody, kNobody), 0);
    }
  }

  Command helper(const std::string& mirror) const {
    Command command{.argv = {(directory_.path() / "bin/image_pull_helper").string(),
                             environments().string(), kernels().string(), mirror, kName}};
    if (::geteuid() == 0) {
      command.argv.insert(command.argv.begin(),
                          {"setpriv", "--reuid", std::to_string(kNobody), "--regid",
                           std::to_string(kNobody), "--clear-groups"});
    }
    return command;
  }
  fs::path environments() const { return directory_.path() / "cache/environments"; }
  fs::path kernels() const { return directory_.path() / "cache/kernels"; }
  static std::string debugfs(const std::string& request, const std::string& image) {
    return run_checked({.argv = {"debugfs", "-R", request, image}}, in(std::chrono::seconds(30)),
                       {});
  }

  static constexpr unsigned kNobody = 65534;
  TemporaryDirectory directory_;
};

TEST_F(Pull, by_an_unprivileged_user_installs_a_whole_bootable_environment) {
  const auto result = run_command(helper(""), in(std::chrono::seconds(280)), {});
  ASSERT_TRUE(result.status.ok()) << result.error_output;
  const auto files = api::from_json_text<api::BootFiles>(
      result.output.substr(0, result.output.find("\n}") + 2), api::UnknownFields::kRefuse, "files");

  run_checked({.argv = {"e2fsck", "-fn", files.rootfs_path}}, in(std::chrono::seconds(60)), {});
  EXPECT_THAT(debugfs("stat /etc/shadow", files.rootfs_path),
              AllOf(HasSubstr("User:     0   Group:    42"), HasSubstr("Mode:  0640")));
  EXPECT_THAT(debugfs("cat /etc/apt/sources.list", files.rootfs_path),
              HasSubstr("http://deb.debian.org/debian bookworm main"));
  EXPECT_THAT(debugfs("stat /usr/bin/bash", files.rootfs_path), HasSubstr("Type: regular"));
  EXPECT_THAT(debugfs("stat /bin", files.rootfs_path), HasSubstr("Fast link dest: \"usr/bin\""));
  EXPECT_THAT(debugfs("ls -p /etc/apt/apt.conf.d", files.rootfs_path),
              ::testing::Not(HasSubstr("99mmdebstrap")));
  EXPECT_LT(disk_usage(fs::path(files.rootfs_path).parent_path()), 200ULL << 20U);

  require_bootable_elf(read_file(files.kernel_path, kMaxVmlinuxBytes));
  EXPECT_THAT(files.modules,
              ::testing::IsSupersetOf({"virtio_mmio.ko", "virtio_blk.ko", "virtio_net.ko",
                                       "overlay.ko", "virtio_console.ko"}));
  for (const auto& module : files.modules) {
    EXPECT_TRUE(read_file(fs::path(files.modules_dir) / module)
                    .starts_with("\x7f"
                                 "ELF"))
        << module;
  }

  const auto again = run_command(helper(""), in(std::chrono::seconds(30)), {});
  EXPECT_EQ(again.output, result.output);
  EXPECT_EQ(again.error_output, "");  // no progress: nothing had to be done
}

TEST_F(Pull, without_an_archive_that_answers_says_so_and_leaves_nothing) {
  const auto result =
      run_command(helper("http://127.0.0.1:1/debian"), in(std::chrono::seconds(60)), {});
  EXPECT_EQ(result.status.code, 1);
  EXPECT_THAT(result.error_output,
              AllOf(HasSubstr("unavailable: pull environment 'debian:12-base': the Debian package "
                              "archive does not answer: check the network"),
                    HasSubstr("127.0.0.1")));
  for (const auto& parent : {environments(), kernels()}) {
    for (const auto& entry : fs::directory_iterator(parent)) {
      EXPECT_THAT(entry.path().filename(), ::testing::AnyOf("references", "locks"));
    }
  }
}

TEST_F(Pull, that_is_killed_leaves_no_process_and_only_garbage) {
  std::array<int, 2> progress{};
  ASSERT_EQ(::pipe2(progress.data(), O_CLOEXEC), 0);
  const UniqueFd said(progress[0]);
  UniqueFd saying(progress[1]);
  Command command = helper("");
  // By which all that is below the helper is known.
  command.environment = {{"PYRO_STATE_DIR", environments().string()}};
  command.descriptors = {{2, saying.get()}};
  ChildProcess pull(command);
  saying.reset();
  std::string text;
  while (text.find("extract:") == std::string::npos) {
    ASSERT_TRUE(
        wait_for(said.get(), POLLIN, in(std::chrono::seconds(120)), StopFd(std::stop_token())));
    std::array<char, 4096> buffer{};
    const ssize_t n = ::read(said.get(), buffer.data(), buffer.size());
    ASSERT_GT(n, 0) << text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  pull.kill();
  const auto left = [&] { return testing::processes_of(environments()); };
  const Deadline deadline = in(std::chrono::seconds(20));
  while (!left().empty() && Clock::now() < deadline) std::this_thread::yield();
  EXPECT_THAT(left(), ::testing::IsEmpty()) << "something of the pull is still running";
  const StorePaths paths{.environments_dir = environments(), .kernels_dir = kernels()};
  EXPECT_TRUE(fs::is_empty(paths.references()));
  EXPECT_GT(sweep(paths, Sweep::kGarbage).freed_bytes, 0U);
  for (const auto& entry : fs::directory_iterator(environments())) {
    EXPECT_THAT(entry.path().filename(), ::testing::AnyOf("references", "locks"));
  }
}

}  // namespace
}  // namespace pyro::image
