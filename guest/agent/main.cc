#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/standard_descriptors.h"
#include "guest/agent/boot.h"
#include "guest/agent/cgroup_launcher.h"
#include "guest/agent/connection_table.h"
#include "guest/agent/files/files_port.h"
#include "guest/agent/files/flusher.h"
#include "guest/agent/files/guest_volume.h"
#include "guest/agent/files/host_volume.h"
#include "guest/agent/guest_machine.h"
#include "guest/agent/host_machine.h"
#include "guest/agent/link.h"
#include "guest/agent/tree_launcher.h"

namespace pyro::agent {
namespace {

constexpr const char* kUsage =
    "usage: pyro-agent --host --link-fd N --root DIR [--cgroup DIR] [--workspace DIR]\n"
    "       (as pid 1 of a machine's initramfs without arguments)\n";

/// Buffers come and go with each piece of a stream. Given back to the kernel each time, their pages
/// are new and zeroed each time, which under TCG takes longer than to copy what goes into them.
void keep_freed_memory() {
  constexpr int kBytes = 4 << 20;
  ::mallopt(M_TRIM_THRESHOLD, kBytes);
  ::mallopt(M_MMAP_THRESHOLD, kBytes);
}

/// Null where the kernel has none: then it is not known which command was denied what.
std::unique_ptr<ConnectionTable> see_connections(CgroupLauncher& launcher, const char* group) {
  try {
    auto table = std::make_unique<ConnectionTable>(group);
    launcher.on_group([&table = *table](std::uint64_t cgroup_id, const std::string& job_id) {
      table.name(cgroup_id, job_id);
    });
    return table;
  } catch (const std::exception& error) {
    fmt::print(stderr, "connections of commands are not told apart: {}\n", error.what());
    return nullptr;
  }
}

/// pid 1: the machine ends when this does.
[[noreturn]] void run_guest() {
  keep_freed_memory();
  try {
    BootedGuest guest = boot();
    raise_descriptor_limit();
    asio::io_context io(1);
    Children children(io);
    std::unique_ptr<Launcher> launcher;
    std::unique_ptr<ConnectionTable> connections;
    if (guest.volumes.empty()) {  // a probe: no disks, no cgroups
      launcher = std::make_unique<TreeLauncher>(io, children);
    } else {
      constexpr const char* kGroup = "/sys/fs/cgroup/pyro";
      auto groups = std::make_unique<CgroupLauncher>(children, kGroup, limits_of_this_guest());
      connections = see_connections(*groups, kGroup);
      launcher = std::move(groups);
    }
    files::GuestVolume volume;
    files::Workspace workspace(volume);
    GuestMachine machine(std::move(guest.volumes), workspace, connections.get());
    files::Flusher flusher(io, [&machine] { machine.flush(); });
    JobTable jobs(io, *launcher, std::move(guest.jobs_directory), &flusher);
    Shells shells(io, *launcher);
    Service service(io, jobs, shells, machine);
    files::FilesPort files_port(io, workspace);
    std::optional<Link> link;
    PortReopening reopening(io, guest.port.get(), [&link] { link->start(); });
    link.emplace(io, std::move(guest.port), service, files_port,
                 [&reopening] { reopening.wait(); });
    link->start();
    io.run();
    give_up_boot("the agent has nothing left to do");
  } catch (const std::exception& error) {
    give_up_boot(error.what());
  }
}

struct HostOptions {
  int link_fd = -1;
  std::string root;
  std::string cgroup;
  std::string workspace;
};

std::optional<HostOptions> parse(int argc, char** argv) {
  HostOptions options;
  bool host = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--host") {
      host = true;
      continue;
    }
    if (i + 1 == argc) return std::nullopt;
    const std::string_view value = argv[++i];
    if (name == "--link-fd") {
      std::from_chars(value.data(), value.data() + value.size(), options.link_fd);
    } else if (name == "--root") {
      options.root = value;
    } else if (name == "--cgroup") {
      options.cgroup = value;
    } else if (name == "--workspace") {
      options.workspace = value;
    } else {
      return std::nullopt;
    }
  }
  if (!host || options.link_fd < 3 || options.root.empty()) return std::nullopt;
  return options;
}

/// An ordinary process, over an inherited socket; it ends with the link or on SIGTERM.
int run_host(const HostOptions& options) {
  UniqueFd link_fd(options.link_fd);
  ::fcntl(link_fd.get(), F_SETFD, FD_CLOEXEC);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  raise_descriptor_limit();
  const std::filesystem::path jobs_path = std::filesystem::path(options.root) / "jobs";
  make_private_directory(jobs_path);
  asio::io_context io(1);
  Children children(io);
  std::unique_ptr<Launcher> launcher;
  if (options.cgroup.empty()) {
    launcher = std::make_unique<TreeLauncher>(io, children);
  } else {
    launcher = std::make_unique<CgroupLauncher>(children, options.cgroup);
  }
  HostMachine machine(*launcher);
  JobTable jobs(io, *launcher, open_file(jobs_path, O_RDONLY | O_DIRECTORY));
  Shells shells(io, *launcher);
  Service service(io, jobs, shells, machine);
  files::HostVolume volume(options.workspace);
  files::Workspace workspace(volume);
  files::FilesPort files_port(io, workspace);
  asio::signal_set ending(io, SIGTERM, SIGINT);
  ending.async_wait([&machine](auto failed, int) {
    if (!failed) machine.power_off();
  });
  Link link(io, std::move(link_fd), service, files_port, [&machine] { machine.power_off(); });
  link.start();
  io.run();
  return 0;
}

int run(int argc, char** argv) {
  open_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  if (::getpid() == 1 && argc == 1) run_guest();
  const auto options = parse(argc, argv);
  if (!options) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  try {
    return run_host(*options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}

}  // namespace
}  // namespace pyro::agent

int main(int argc, char** argv) { return pyro::agent::run(argc, argv); }
