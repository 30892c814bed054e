#include "common/api/workspace_disk.h"

#include <signal.h>

#include "common/base/base64.h"
#include "common/base/reasons/machine.h"
#include "common/base/text.h"
#include "common/process/child_process.h"
#include "tests/guest/workspace_fixture.h"
#include "tests/support/errors.h"

namespace pyro::test {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

class WorkspaceDisk : public WorkspaceFixture {
 protected:
  void stop() { call(api::StopWorkspace{.workspace_id = id_}); }
  std::vector<std::string> list(const std::string& path, bool recursive = false) {
    std::vector<std::string> paths;
    const auto found =
        call(api::ListDisk{.workspace_id = id_, .path = path, .recursive = recursive});
    for (const auto& entry : found.entries) paths.push_back(entry.path);
    return paths;
  }
  std::string disk_read(const std::string& path) {
    const auto read = call(api::ReadDisk{
        .workspace_id = id_, .path = path, .max_bytes = api::kFileLimit, .as_base64 = true});
    return from_base64(read.content).value();
  }
  static CommandResult run_tool(std::vector<std::string> words) {
    return run_command({.argv = std::move(words)}, Clock::now() + std::chrono::minutes(2), {});
  }

  std::string id_ = create(small_seed()).workspace_id;
};

TEST_F(WorkspaceDisk, shows_all_that_a_guest_wrote_after_it_stopped) {
  output_of(id_,
            "echo new > /workspace/new.txt && rm /workspace/README.md && echo mine > /etc/mine && "
            "echo changed >> /etc/hosts && rm /etc/debian_version && "
            "rm -r /usr/share/doc && mkdir /usr/share/doc && echo 1 > /usr/share/doc/only && "
            "echo secret > /run/pyro-secret && echo memory > /dev/shm/memory && "
            "ln -s /etc/mine /workspace/mine");
  EXPECT_THAT(error_of([&] { list("/"); }), Refused(reason::kNotStopped));
  stop();
  EXPECT_THAT(list("/workspace"),
              IsSupersetOf({"/workspace/new.txt", "/workspace/mine", "/workspace/src"}));
  EXPECT_THAT(list("/workspace"), Not(Contains("/workspace/README.md")));
  EXPECT_EQ(disk_read("new.txt"), "new\n");
  EXPECT_EQ(disk_read("/etc/mine"), "mine\n");
  EXPECT_THAT(disk_read("/etc/hosts"), HasSubstr("changed\n"));
  EXPECT_THAT(list("/etc"), Not(Contains("/etc/debian_version")));
  EXPECT_THAT(list("/usr/share/doc"), ::testing::ElementsAre("/usr/share/doc/only"));
  EXPECT_THAT(list("/"), IsSupersetOf({"/bin", "/etc", "/usr", "/workspace"}));
  EXPECT_THAT(list("/run"), Not(Contains(HasSubstr("pyro-"))));
  EXPECT_THAT(list("/dev/shm"), ::testing::IsEmpty());
}

TEST_F(WorkspaceDisk, shows_untouched_files_of_the_environment_as_the_guest_sees_them) {
  const std::string digest = output_of(id_, "sha256sum < /usr/bin/env | cut -d' ' -f1");
  const std::string names = output_of(id_, "cd /etc && ls -A1 | LC_ALL=C sort | sed s,^,/etc/,");
  stop();
  EXPECT_EQ(pyro::join(list("/etc"), "\n") + "\n", names);
  const fs::path copy = directory_.path() / "env";
  put(copy, disk_read("/bin/env"));
  EXPECT_THAT(run_tool({"sha256sum", copy.string()}).output, HasSubstr(digest.substr(0, 64)));
}

TEST_F(WorkspaceDisk, an_export_is_sound_and_holds_the_tree) {
  output_of(id_, "head -c 3000000 /dev/urandom > big && sha256sum big > sum");
  stop();
  const fs::path output = directory_.path() / "disk.ext4";
  const auto exported = call(api::ExportDisk{.workspace_id = id_, .output_path = output.string()});
  EXPECT_EQ(exported.disk_format, "ext4");
  EXPECT_EQ(exported.size_bytes, fs::file_size(output));
  EXPECT_LT(exported.bytes_written, exported.size_bytes / 10);
  const auto checked = run_tool({"e2fsck", "-fn", output.string()});
  EXPECT_EQ(checked.status.code, 0) << checked.output;
  run_tool({"debugfs", "-R", "rdump /tree " + directory_.path().string(), output.string()});
  const auto same = run_tool(
      {"sh", "-c", "cd " + (directory_.path() / "tree").string() + " && sha256sum -c sum"});
  EXPECT_EQ(same.status.code, 0) << same.output << same.error_output;
}

/// Not by a command, which is answered only once all is in its place: what was synced is in the
/// journals alone.
TEST_F(WorkspaceDisk, a_guest_that_was_killed_left_what_it_had_synced) {
  output_of(id_,
            "setsid sh -c 'until [ -e go ]; do :; done; echo kept > kept; echo kept > /etc/kept; "
            "sync kept /etc/kept; : > written' > /dev/null 2>&1 &");
  write(id_, "go", "");
  const Deadline deadline = Clock::now() + std::chrono::minutes(1);
  while (error_of([&] { read(id_, "written"); })) ASSERT_LT(Clock::now(), deadline);
  ::kill(process_of("qemu-system-x86_64"), SIGKILL);
  EXPECT_EQ(wait_for_stopped(id_).state, api::WorkspaceState::kStopped);
  EXPECT_EQ(disk_read("/workspace/kept"), "kept\n");
  EXPECT_EQ(disk_read("/etc/kept"), "kept\n");
  EXPECT_THAT(list("/workspace"), Contains("/workspace/kept"));
}

TEST_F(WorkspaceDisk, a_workspace_that_does_not_start_any_more_is_read_and_exported) {
  stop();
  const fs::path machines = paths_.machines_dir();
  for (const auto& machine : fs::directory_iterator(machines)) {
    const fs::path disk = machine.path() / "system.ext4";
    if (fs::exists(disk)) fs::resize_file(disk, 4096);
  }
  const auto failed = pyro({"workspace", "start", id_});
  EXPECT_NE(failed.status.code, 0);
  EXPECT_THAT(failed.error_output, HasSubstr("`pyro workspace disk` still lists"));
  const auto read = pyro({"workspace", "disk", "read", id_, "README.md"});
  EXPECT_THAT(read.output, HasSubstr("# Project"));
  EXPECT_THAT(pyro({"workspace", "disk", "list", id_}).output, HasSubstr("/workspace/src/"));
  const fs::path output = directory_.path() / "disk.ext4";
  const auto exported = pyro({"workspace", "disk", "export", id_, "--output", output.string()});
  EXPECT_EQ(exported.status.code, 0) << exported.error_output;
  EXPECT_THAT(exported.output, HasSubstr("ext4"));
  EXPECT_THAT(pyro({"workspace", "disk", "read", id_, "/etc/hosts"}).error_output,
              HasSubstr("damaged"));
}

}  // namespace
}  // namespace pyro::test
