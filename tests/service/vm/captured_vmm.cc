// A VMM that a guest has taken over: the shim starts it in QEMU's place, and it tries everything
// that a captured QEMU must not be able to do. It prints `done NAME` or `refused NAME: errno`, and
// `end` before the last two, each of which may be its end.
//
// It reads what it may of its command line: the disk `root` holds lines `key value`.

#include <dirent.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

namespace {

std::map<std::string, std::string> known;

void report(const char* name, bool done) {
  if (done) {
    std::printf("done %s\n", name);
  } else {
    std::printf("refused %s: %s\n", name, std::strerror(errno));
  }
  std::fflush(stdout);
}

/// The value of `key=` in the words of the drive `id`.
std::string file_of(int argc, char** argv, const std::string& start) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with(start)) continue;
    return std::string(word.substr(start.size(), word.find(',', start.size()) - start.size()));
  }
  return "";
}

bool can_read(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY);
  char byte = 0;
  return file >= 0 && ::read(file, &byte, 1) == 1;
}

bool can_write(const std::string& path, int flags = 0) {
  const int file = ::open(path.c_str(), O_WRONLY | flags, 0600);
  return file >= 0 && ::pwrite(file, "x", 1, 0) == 1;
}

bool can_connect(int family, const void* address, socklen_t size) {
  const int end = ::socket(family, SOCK_STREAM, 0);
  return end >= 0 && ::connect(end, static_cast<const sockaddr*>(address), size) == 0;
}

bool can_connect_tcp(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return can_connect(AF_INET, &address, sizeof address);
}

bool can_connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return can_connect(AF_UNIX, &address, sizeof address);
}

/// A datagram socket that was not made by socket(2) sends to any address as well.
bool can_send_from_a_pair(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  int ends[2];
  return ::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0 &&
         ::sendto(ends[0], "x", 1, 0, reinterpret_cast<const sockaddr*>(&address),
                  sizeof address) == 1;
}

bool can_read_memory(pid_t pid, std::uint64_t address) {
  char byte = 0;
  const iovec here{&byte, 1};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a place in another process
  const iovec there{reinterpret_cast<void*>(address), 1};
  return ::process_vm_readv(pid, &here, 1, &there, 1, 0) == 1;
}

bool can_take_a_descriptor(pid_t pid) {
  const long process = ::syscall(SYS_pidfd_open, pid, 0);
  return process >= 0 && ::syscall(SYS_pidfd_getfd, process, 1, 0) >= 0;
}

bool can_fork() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  return child > 0 && ::waitpid(child, nullptr, 0) == child;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--version") {
    std::puts("QEMU emulator version 7.2");
    return 0;
  }
  const std::string root = file_of(argc, argv, "id=root,file=");
  std::ifstream lines(root);
  for (std::string key, value; lines >> key >> value;) known[key] = value;
  const auto number = [](const char* key) {
    return std::strtoull(known[key].c_str(), nullptr, 10);
  };
  const auto pid = static_cast<pid_t>(number("pid"));

  // What it must go on to be able to do.
  report("own_disk", can_write(file_of(argc, argv, "id=system,file=")));
  report("root_disk", !known.empty());

  report("read_home", can_read(known["home"] + "/secret"));
  report("write_home", can_write(known["home"] + "/secret", O_APPEND));
  report("make_in_home", can_write(known["home"] + "/made", O_CREAT));
  report("list_home", ::opendir(known["home"].c_str()) != nullptr);
  report("other_machines_disk", can_write(known["other_disk"]));
  report("write_root_disk", can_write(root));
  const std::string disk = file_of(argc, argv, "id=system,file=");
  const std::string directory = disk.substr(0, disk.rfind('/'));
  report("make_beside_its_disks", can_write(directory + "/made", O_CREAT));
  report("replace_its_disk", ::rename(disk.c_str(), (directory + "/moved").c_str()) == 0);
  report("environment", std::getenv("PYRO_TEST_SECRET") != nullptr);
  report("tcp", can_connect_tcp(static_cast<int>(number("port"))));
  report("unix_socket", can_connect_unix(known["stream_socket"]));
  report("datagram", can_send_from_a_pair(known["datagram_socket"]));
  report("vsock", ::socket(AF_VSOCK, SOCK_STREAM, 0) >= 0);
  report("netlink", ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) >= 0);
  report("proc", can_read("/proc/" + known["pid"] + "/environ"));
  report("ptrace",
         ::ptrace(PTRACE_SEIZE, static_cast<pid_t>(number("victim")), nullptr, nullptr) == 0);
  report("memory", can_read_memory(pid, number("address")));
  report("descriptor", can_take_a_descriptor(pid));
  report("signal", ::kill(pid, 0) == 0);
  report("shared_memory", ::shmat(static_cast<int>(number("shared_memory")), nullptr, 0) !=
                              reinterpret_cast<void*>(-1));  // NOLINT(performance-no-int-to-ptr)
  report("keyring", ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1) >= 0);
  constexpr int kUserModeOnly = 1;
  report("userfaultfd", ::syscall(SYS_userfaultfd, kUserModeOnly) >= 0);
  io_uring_params ring{};
  report("io_uring", ::syscall(SYS_io_uring_setup, 1, &ring) >= 0);
  report("live_on", ::prctl(PR_SET_PDEATHSIG, 0) == 0);
  report("fork", can_fork());
  report("capabilities", ::prctl(PR_CAPBSET_READ, 0) == 1);
  // A root by its own user namespace where it is none yet.
  report("unshare", ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0);
  report("mount", ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                      ::mount("x", known["home"].c_str(), "tmpfs", 0, nullptr) == 0);
  std::puts("end");
  std::fflush(stdout);
  if (known.contains("exec")) {
    ::execl("/bin/sh", "sh", "-c", "echo done execve; exec sleep 1000", nullptr);
    report("execve", false);
  }
  while (true) ::pause();
}
