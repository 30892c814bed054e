// The real files service on a private bus, with the agent's own files port behind a link socket.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "common/api/disks.h"
#include "common/api/files.h"
#include "common/base/files.h"
#include "common/bus/client.h"
#include "common/ownership/marker.h"
#include "common/process/child_process.h"
#include "guest/agent/files/files_connection.h"
#include "guest/agent/files/host_volume.h"
#include "services/files/volume/volume_reader.h"
#include "tests/support/errors.h"
#include "tests/support/git_repository.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;

/// The link of a machine whose workspace is a directory: one caller after the other.
class LinkedGuest {
 public:
  LinkedGuest(const fs::path& socket, const fs::path& directory) : volume_(directory) {
    workspace_.mount();
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 8) != 0) {
      throw system_error("bind");
    }
    thread_ = std::jthread([this] { accept_all(); });
  }
  ~LinkedGuest() { ::shutdown(listener_.get(), SHUT_RDWR); }

 private:
  void accept_all() {
    while (true) {
      const UniqueFd caller(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!caller) return;
      char c = 0;
      while (c != '\n' && ::read(caller.get(), &c, 1) == 1) {
      }
      write_all(caller.get(), "OK 1\n");
      agent::files::FilesConnection(caller.get(), workspace_).serve();
    }
  }

  agent::files::HostVolume volume_;
  agent::files::Workspace workspace_{volume_};
  UniqueFd listener_;
  std::jthread thread_;
};

class FilesService : public ::testing::Test {
 protected:
  FilesService() : directory_(fs::temp_directory_path(), "files") { start(); }

  void start() {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd ready(ends[0]);
    UniqueFd announcing(ends[1]);
    constexpr int kReadyDescriptor = 3;
    service_.emplace(
        Command{.argv = {(fs::read_symlink("/proc/self/exe").parent_path() / "pyro-files").string(),
                         "--state-dir", path("state"), "--cache-dir", path("cache"),
                         "--runtime-dir", path("run")},
                .environment = {{"PYRO_READY_FD", std::to_string(kReadyDescriptor)}},
                .descriptors = {{kReadyDescriptor, announcing.get()}}});
    announcing.reset();
    char byte = 0;
    ASSERT_EQ(::read(ready.get(), &byte, 1), 1) << "the service did not start";
  }
  std::string path(std::string_view name) const { return (directory_.path() / name).string(); }

  template <class Op>
  typename Op::Reply on_machine(Op request) {
    request.workspace_id = "w";
    return client_.call(api::OnMachine<Op>{.vm_id = "vm",
                                           .baseline = path("baseline.ext4"),
                                           .execution_mode = api::ExecutionMode::kHostCompat,
                                           .request = std::move(request)});
  }

  TemporaryDirectory directory_;
  std::optional<ChildProcess> service_;
  bus::Context context_;
  bus::Client client_{context_, "files", directory_.path() / "run/bus/files.sock"};
};

TEST_F(FilesService, serves_a_workspace_from_its_seed_to_its_export) {
  fs::create_directories(path("seed/src"));
  write_file_atomically(path("seed/src/a.txt"), "one\n", 0644);
  const auto seed =
      client_.call(api::BuildVolume{.volume = path("baseline.ext4"), .seed_path = path("seed")});
  EXPECT_EQ(seed.entry_count, 2U);
  const LinkedGuest guest(path("run/machines/vm.link"), path("guest"));
  EXPECT_EQ(client_.call(api::FillWorkspace{.vm_id = "vm", .volume = path("baseline.ext4")})
                .bytes_written,
            4U);
  EXPECT_FALSE(on_machine(api::DiffWorkspace{}).changed);

  EXPECT_TRUE(on_machine(api::ApplyPatch{.patch = "--- a/src/a.txt\n+++ b/src/a.txt\n"
                                                  "@@ -1 +1 @@\n-one\n+two\n"})
                  .changed);
  on_machine(api::WriteFile{.path = "new.txt", .text = "new\n"});
  EXPECT_EQ(on_machine(api::ReadFile{.path = "src/a.txt"}).content, "two\n");
  EXPECT_EQ(on_machine(api::ListFiles{.recursive = true}).entries.size(), 3U);
  fs::create_directories(path("more"));
  write_file_atomically(path("more/b.txt"), "b\n", 0644);
  const auto pushed = on_machine(api::PushSync{.source_path = path("more"), .dest = "lib"});
  EXPECT_EQ(pushed.execution_mode, api::ExecutionMode::kHostCompat);

  const auto diff = on_machine(api::DiffWorkspace{});
  EXPECT_EQ(diff.summary.total, 3U);
  EXPECT_EQ(diff.summary.added, 2U);
  EXPECT_EQ(on_machine(api::DiffWorkspace{.path = "new.txt"}).patch, diff.entries[1].text_patch);
  on_machine(api::ExportPath{.path = "/workspace", .output_path = path("out")});
  EXPECT_EQ(read_file(path("out/src/a.txt")), "two\n");
  EXPECT_EQ(read_file(path("out/lib/b.txt")), "b\n");
  EXPECT_EQ(client_.call(api::CopyVolume{.vm_id = "vm", .volume = path("copy")}).entry_count, 5U);
  EXPECT_EQ(volume::VolumeReader(path("copy")).find("new.txt").size, 4U);
  EXPECT_TRUE(entries_beside_marker(path("state/files-scratch")).empty());
}

TEST_F(FilesService, reads_and_exports_disks_of_which_no_guest_runs) {
  fs::create_directories(path("work/tree"));
  fs::create_directories(path("work/empty"));
  write_file_atomically(path("work/tree/a.txt"), "text\n", 0644);
  run_checked({.argv = {"mke2fs", "-q", "-t", "ext4", "-d", path("work"), path("disk"), "16M"}},
              Clock::now() + std::chrono::minutes(1), {});
  const api::DiskPaths disks{path("disk"), path("disk"), path("disk")};
  EXPECT_EQ(
      client_.call(api::OnDisks<api::ListDisk>{disks, {.workspace_id = "w"}}).entries.at(0).path,
      "/workspace/a.txt");
  EXPECT_EQ(client_.call(api::OnDisks<api::ReadDisk>{disks, {.workspace_id = "w", .path = "a.txt"}})
                .content,
            "text\n");
  client_.call(
      api::OnDisks<api::ExportDisk>{disks, {.workspace_id = "w", .output_path = path("out/copy")}});
  EXPECT_EQ(read_file(path("out/copy")), read_file(path("disk")));
  EXPECT_THAT(error_of([&] {
                client_.call(api::OnDisks<api::ExportDisk>{
                    disks, {.workspace_id = "w", .output_path = path("out/copy")}});
              }),
              Refused(ErrorCode::kAlreadyExists));
}

/// The host and the guest both ran the tests of a project: each has the files that this makes.
TEST_F(FilesService, gives_a_patch_of_a_tested_project_that_applies_to_the_tested_project) {
  pyro::testing::GitRepository repository(path("seed"));
  const auto put = [this](const std::string& name, std::string_view text) {
    fs::create_directories(fs::path(path("seed/" + name)).parent_path());
    write_file_atomically(path("seed/" + name), text, 0644);
  };
  put(".gitignore", "__pycache__/\n*.pyc\nbuild/\n");
  put("calc.py", "def add(a, b):\n    return a - b\n");
  repository.commit("begin");
  put("__pycache__/calc.pyc", std::string("\0host", 5));
  client_.call(api::BuildVolume{.volume = path("baseline.ext4"), .seed_path = path("seed")});
  const LinkedGuest guest(path("run/machines/vm.link"), path("guest"));
  client_.call(api::FillWorkspace{.vm_id = "vm", .volume = path("baseline.ext4")});

  on_machine(api::WriteFile{.path = "calc.py", .text = "def add(a, b):\n    return a + b\n"});
  on_machine(api::WriteFile{.path = "__pycache__/calc.pyc", .text = "guest"});
  on_machine(api::WriteFile{.path = "__pycache__/test_calc.pyc", .text = "guest"});
  on_machine(api::WriteFile{.path = "build/out.o", .text = "guest"});
  put("__pycache__/test_calc.pyc", "host");
  put("build/out.o", "host");
  const auto diff = on_machine(api::DiffWorkspace{});
  EXPECT_EQ(diff.summary.total, 1U);
  EXPECT_EQ(diff.summary.ignored_count, 3U);
  write_file_atomically(path("patch"), diff.patch);
  repository.git({"apply", path("patch")});
  EXPECT_EQ(read_file(path("seed/calc.py")), "def add(a, b):\n    return a + b\n");
}

/// Binary content, links, types that change: by a diff out of one workspace, into another.
TEST_F(FilesService, applies_the_patch_of_its_own_diff) {
  const auto write = [this](const std::string& name, std::string_view content) {
    fs::create_directories(fs::path(path(name)).parent_path());
    write_file_atomically(path(name), content, 0644);
  };
  write("seed/text", "one\ntwo\n");
  write("seed/binary", std::string("\0\1\2 binary", 10));
  write("seed/gone", std::string("\0gone", 5));
  write("seed/file", "becomes a link\n");
  fs::create_symlink("text", path("seed/link"));
  fs::create_symlink("text", path("seed/other"));
  client_.call(api::BuildVolume{.volume = path("baseline.ext4"), .seed_path = path("seed")});
  api::Diff diff;
  {
    const LinkedGuest guest(path("run/machines/vm.link"), path("guest"));
    client_.call(api::FillWorkspace{.vm_id = "vm", .volume = path("baseline.ext4")});
    write("guest/tree/text", "one\r\n2\n");
    write("guest/tree/binary", std::string("\0\1\2 other", 9));
    write("guest/tree/new", std::string("\0\xFF", 2));
    for (const char* name : {"gone", "file", "link", "other"}) {
      fs::remove(path(std::string("guest/tree/") + name));
    }
    fs::create_symlink("binary", path("guest/tree/file"));
    fs::create_symlink("new", path("guest/tree/other"));
    write("guest/tree/link", "a file now\n");
    diff = on_machine(api::DiffWorkspace{});
    EXPECT_EQ(diff.summary.total, 7U);
  }
  fs::remove(path("run/machines/vm.link"));
  fs::remove_all(path("guest"));
  const LinkedGuest guest(path("run/machines/vm.link"), path("guest"));
  client_.call(api::FillWorkspace{.vm_id = "vm", .volume = path("baseline.ext4")});
  const auto applied = on_machine(api::ApplyPatch{.patch_bytes = {diff.patch}});
  EXPECT_EQ(applied.summary.total, 7U);
  EXPECT_EQ(on_machine(api::DiffWorkspace{}).patch, diff.patch);
  EXPECT_EQ(fs::read_symlink(path("guest/tree/file")), "binary");
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(path("guest/tree/link"))));
}

TEST_F(FilesService, reads_a_patch_from_a_file_of_the_workspace) {
  client_.call(api::BuildVolume{.volume = path("baseline.ext4")});
  const LinkedGuest guest(path("run/machines/vm.link"), path("guest"));
  const std::string line = std::string("+caf\xE9 of a line that is not UTF-8\n");
  std::string patch = "--- /dev/null\n+++ b/new\n@@ -0,0 +1,60000 @@\n";
  for (int i = 0; i < 60000; ++i) patch += line;
  ASSERT_GT(patch.size(), std::size_t{1} << 20U);
  write_file_atomically(path("guest/tree/fix.patch"), patch);
  EXPECT_TRUE(on_machine(api::ApplyPatch{.patch_file = "/workspace/fix.patch"}).changed);
  EXPECT_EQ(fs::file_size(path("guest/tree/new")), 60000 * (line.size() - 1));
  EXPECT_THAT(error_of([&] { on_machine(api::ApplyPatch{.patch_file = "../x"}); }),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(error_of([&] { on_machine(api::ApplyPatch{}); }),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(
      error_of([&] { on_machine(api::ApplyPatch{.patch = "--- a\n", .patch_file = "fix.patch"}); }),
      Refused(ErrorCode::kInvalidArgument));
  fs::resize_file(path("guest/tree/fix.patch"), (16U << 20U) + 1);
  EXPECT_THAT(error_of([&] { on_machine(api::ApplyPatch{.patch_file = "fix.patch"}); }),
              Refused(ErrorCode::kResourceExhausted));
}

TEST_F(FilesService, says_that_a_machine_cannot_be_reached) {
  EXPECT_THAT(error_of([&] { on_machine(api::ListFiles{}); }), Refused(ErrorCode::kUnavailable));
}

TEST_F(FilesService, removes_at_its_start_what_a_kill_left) {
  service_->kill();
  fs::create_directories(path("state/files-scratch/git.abcdef"));
  fs::create_directories(path(".pyro-export-1234/half"));
  write_file_atomically(path("state/exports/pyro-export-1234"), path(".pyro-export-1234"));
  start();
  EXPECT_TRUE(entries_beside_marker(path("state/files-scratch")).empty());
  EXPECT_TRUE(fs::is_empty(path("state/exports")));
  EXPECT_FALSE(fs::exists(path(".pyro-export-1234")));
}

TEST_F(FilesService, leaves_alone_at_its_start_what_it_did_not_make) {
  service_->kill();
  fs::remove_all(path("state/files-scratch"));
  fs::create_directories(path("state/files-scratch/drafts"));
  write_file_atomically(path("state/exports/letter"), path("state"));
  for (int time = 0; time < 2; ++time) {
    start();
    service_->kill();
  }
  start();
  EXPECT_TRUE(fs::exists(path("state/files-scratch/drafts")));
  EXPECT_TRUE(fs::exists(path("state/exports/letter")));
}

}  // namespace
}  // namespace pyro::files
