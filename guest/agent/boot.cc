#include "guest/agent/boot.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/standard_descriptors.h"
#include "common/base/text.h"
#include "guest/agent/kernel_events.h"
#include "guest/agent/modules.h"

namespace pyro::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPortName = "pyro.agent";
constexpr std::chrono::seconds kDevicePatience{30};

struct Mount {
  const char* source;
  const char* target;
  const char* type;
  unsigned long flags = 0;
  const char* options = "";
};

void make_directory(const std::string& path, unsigned mode = 0755) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    throw system_error(fmt::format("mkdir '{}'", path));
  }
}

void mount_at(const std::string& root, const Mount& what) {
  const std::string target = root + what.target;
  make_directory(target);
  if (::mount(what.source, target.c_str(), what.type, what.flags, what.options) != 0) {
    throw system_error(fmt::format("mount {} ({}) at '{}'", what.source, what.type, target));
  }
}

void mount_kernel_file_systems(const std::string& root) {
  constexpr unsigned long kPlain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  mount_at(root, {"proc", "/proc", "proc", kPlain});
  mount_at(root, {"sysfs", "/sys", "sysfs", kPlain});
  mount_at(root, {"devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755"});
}

/// `/dev/vport3p1`: its number follows that of the virtio device, so it is found by its name.
std::string find_port() {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/sys/class/virtio-ports", none)) {
    const UniqueFd file(::open((entry.path() / "name").c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) continue;  // its name comes a moment after the port
    const std::string name = read_to_end(file.get(), 256);
    const std::string device = "/dev/" + entry.path().filename().string();
    if (trim(name) == kPortName && ::access(device.c_str(), F_OK) == 0) return device;
  }
  return "";
}

/// The overlay at /newroot; the job directory and a hold on the system disk into `guest`.
void mount_root(KernelEvents& events, BootedGuest& guest, Deadline deadline) {
  for (const char* disk : {"/dev/vda", "/dev/vdb"}) {
    events.wait_until([disk] { return ::access(disk, F_OK) == 0; }, fmt::format("disk '{}'", disk),
                      deadline);
  }
  mount_at("", {"/dev/vda", "/lower", "ext4", MS_RDONLY | MS_NOATIME});
  // Without ext4's thread that initialises in the background: in a guest that was just started, or
  // restored, it would compete with the first commands.
  mount_at("",
           {"/dev/vdb", "/system", "ext4", MS_NOATIME, "noinit_itable,no_prefetch_block_bitmaps"});
  make_directory("/system/upper");
  make_directory("/system/work");
  make_directory("/system/jobs", 0700);
  mount_at("", {"overlay", "/newroot", "overlay", MS_NOATIME,
                "lowerdir=/lower,upperdir=/system/upper,workdir=/system/work"});
  guest.jobs_directory = open_file("/system/jobs", O_RDONLY | O_DIRECTORY);
  guest.volumes.push_back(open_file("/system", O_RDONLY | O_DIRECTORY));
}

void furnish_root(const std::string& root) {
  mount_kernel_file_systems(root);
  mount_at(root,
           {"devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666"});
  mount_at(root, {"tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"});
  mount_at(root, {"tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"});
  mount_at(root, {"cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC});
  // On disk: as a tmpfs it would compete with the guest's work for memory.
  make_directory(root + "/tmp", 01777);
  ::chmod((root + "/tmp").c_str(), 01777);
  const std::pair<const char*, const char*> links[] = {{"/proc/self/fd", "/dev/fd"},
                                                       {"/proc/self/fd/0", "/dev/stdin"},
                                                       {"/proc/self/fd/1", "/dev/stdout"},
                                                       {"/proc/self/fd/2", "/dev/stderr"}};
  for (const auto& [target, name] : links) {
    [[maybe_unused]] const int made = ::symlink(target, (root + name).c_str());
  }
}

/// The initramfs is memory: its files go before it is left for ever.
void free_initramfs() {
  for (const char* mounted : {"/proc", "/sys", "/dev"}) ::umount2(mounted, MNT_DETACH);
  std::error_code ignored;
  fs::remove_all("/modules", ignored);
  fs::remove("/init", ignored);
}

/// As switch_root(8): the new root is moved over the old one before chroot(2). With a chroot alone
/// no process of the guest could make a user namespace.
void enter_root(const char* root) {
  if (::chdir(root) != 0 || ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 ||
      ::chroot(".") != 0 || ::chdir("/") != 0) {
    throw system_error(fmt::format("enter the root at '{}'", root));
  }
}

void bring_loopback_up() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    throw system_error("bring up the loopback device");
  }
}

bool probing() {
  const std::string line = read_file("/proc/cmdline", 1U << 16U);
  const auto words = split(trim(line), ' ');
  return std::find(words.begin(), words.end(), "pyro.probe") != words.end();
}

}  // namespace

BootedGuest boot() {
  const Deadline deadline = Clock::now() + kDevicePatience;
  BootedGuest guest;
  ::umask(0);
  mount_kernel_file_systems("");
  // The kernel gives its init none when the initramfs holds no /dev/console.
  open_standard_descriptors();
  KernelEvents events;
  load_modules("/modules");
  std::string port;
  events.wait_until([&port] { return !(port = find_port()).empty(); },
                    fmt::format("virtio port '{}'", kPortName), deadline);
  guest.port = open_file(port, O_RDWR | O_NONBLOCK);
  if (probing()) {
    make_directory("/jobs");
    guest.jobs_directory = open_file("/jobs", O_RDONLY | O_DIRECTORY);
  } else {
    mount_root(events, guest, deadline);
    furnish_root("/newroot");
    free_initramfs();
    enter_root("/newroot");
  }
  bring_loopback_up();
  ::umask(022);
  return guest;
}

void give_up_boot(std::string_view reason) {
  const UniqueFd console(::open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC));
  const std::string line = fmt::format("pyro-agent: {}\n", reason);
  if (console) [[maybe_unused]]
    const ssize_t n = ::write(console.get(), line.data(), line.size());
  ::sync();
  ::reboot(RB_AUTOBOOT);
  ::_exit(1);
}

}  // namespace pyro::agent
