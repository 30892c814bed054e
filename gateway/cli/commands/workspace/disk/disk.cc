#include "gateway/cli/commands/workspace/disk/disk.h"

#include <memory>

#include "gateway/cli/call_command.h"
#include "gateway/cli/commands/workspace/disk/disk_text.h"
#include "gateway/cli/commands/workspace/files/file_text.h"
#include "gateway/cli/commands/workspace/files/read_command.h"
#include "gateway/cli/commands/workspace/host_path.h"

namespace pyro::cli {
namespace {

void add_workspace_disk_list(CliCommand& disk, Session& session) {
  auto& command = disk.add_command("list", "List a directory on the disks");
  command.footer =
      "Examples:\n"
      "  pyro workspace disk list 0123456789ab\n"
      "  pyro workspace disk list 0123456789ab /var/log --recursive\n\n"
      "A relative path begins at /workspace. Links on the way are followed within the guest.";
  add_plain_call<api::ListDisk>(command, session, file_list_text);
}

void add_workspace_disk_read(CliCommand& disk, Session& session) {
  auto& command = disk.add_command("read", "Read a text file on the disks");
  command.footer =
      "Examples:\n"
      "  pyro workspace disk read 0123456789ab /etc/hosts\n"
      "  pyro workspace disk read 0123456789ab src/main.c --content-only > main.c\n\n"
      "A relative path begins at /workspace. Of a binary file only its size is shown; "
      "--content-only\n"
      "gives its bytes, up to --max-bytes of them.";
  add_read_call<api::ReadDisk>(command, session, "pyro workspace disk export");
}

void add_workspace_disk_export(CliCommand& disk, Session& session) {
  auto& command = disk.add_command("export", "Copy the disk that holds /workspace to the host");
  command.footer =
      "Examples:\n"
      "  pyro workspace disk export 0123456789ab --output work.ext4\n"
      "  debugfs -R 'ls -l /tree' work.ext4\n"
      "  debugfs -R 'rdump /tree ./result' work.ext4\n\n"
      "The copy is sparse: an ext4 file system without partitions, whose directory tree is "
      "/workspace.\n"
      "What the guest changed elsewhere (/etc, installed packages) is on another disk, which\n"
      "pyro workspace disk read shows. The path on the host must not exist. A guest wrote the "
      "disk:\n"
      "open it with debugfs, or mount it in a virtual machine, not by your host's kernel.";
  auto request = std::make_shared<api::ExportDisk>();
  add_request_options(command, *request, {"output_path"});
  command.add({.name = "--output",
               .help = "Path on the host, which must not exist",
               .value_name = "HOST_PATH",
               .required = true},
              request->output_path);
  add_call<api::ExportDisk>(
      command, session, request, disk_exported_text, [](api::ExportDisk& copy) {
        copy.output_path = absolute_host_path("output_path", copy.output_path);
      });
}

}  // namespace

void add_workspace_disk(CliCommand& workspace, Session& session) {
  auto& disk = workspace.add_command("disk", "Read and export the disks of a stopped workspace");
  disk.needs_command = true;
  disk.footer =
      "Examples:\n"
      "  pyro workspace stop 0123456789ab\n"
      "  pyro workspace disk list 0123456789ab /etc\n"
      "  pyro workspace disk read 0123456789ab /var/log/dpkg.log\n"
      "  pyro workspace disk export 0123456789ab --output work.ext4\n\n"
      "They work without the guest, also for a workspace that does not start any more. Paths may "
      "be\n"
      "anywhere in the guest's file system; what it had in memory (/run, /proc, /dev/shm) is not "
      "there.";
  add_workspace_disk_list(disk, session);
  add_workspace_disk_read(disk, session);
  add_workspace_disk_export(disk, session);
}

}  // namespace pyro::cli
