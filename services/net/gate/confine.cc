#include "services/net/gate/confine.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "common/base/error.h"
#include "common/confinement/landlock.h"
#include "common/confinement/system_call_filter.h"

namespace pyro::gate {
namespace {

namespace fs = std::filesystem;

/// Waiting, relaying, the host's resolvers, the log, and what libc needs to do that and to end.
const std::vector<const char*> kCalls = {"epoll_wait",
                                         "epoll_pwait",
                                         "epoll_ctl",
                                         "read",
                                         "write",
                                         "readv",
                                         "writev",
                                         "pread64",
                                         "recvfrom",
                                         "recvmsg",
                                         "sendto",
                                         "sendmsg",
                                         "accept4",
                                         "connect",
                                         "shutdown",
                                         "getsockname",
                                         "getpeername",
                                         "getsockopt",
                                         "setsockopt",
                                         "close",
                                         "open",
                                         "openat",
                                         "stat",
                                         "fstat",
                                         "lstat",
                                         "newfstatat",
                                         "statx",
                                         "lseek",
                                         "fsync",
                                         "ftruncate",
                                         "rename",
                                         "renameat",
                                         "renameat2",
                                         "unlink",
                                         "unlinkat",
                                         "fchmod",
                                         "fcntl",
                                         "mmap",
                                         "munmap",
                                         "mremap",
                                         "mprotect",
                                         "madvise",
                                         "brk",
                                         "getrandom",
                                         "futex",
                                         "clock_gettime",
                                         "gettimeofday",
                                         "rt_sigreturn",
                                         "rt_sigprocmask",
                                         "rt_sigaction",
                                         "gettid",
                                         "getpid",
                                         "tgkill",
                                         "restart_syscall",
                                         "exit",
                                         "exit_group"};

/// The machine's namespace is our user's, so that its queue still takes our answers.
void drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) throw system_error("capset");
}

/// The directory of the file, wherever a link leads: the host replaces it by renames.
void allow_resolv_conf(ConfinementPlan& plan) {
  std::error_code failed;
  const fs::path file = fs::canonical("/etc/resolv.conf", failed);
  if (!failed) plan.readable.push_back(file.parent_path().string());
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/// A sanitizer reads /proc and, at the end, starts a process.
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

/// It may hold the values of secrets: no file of a crash has them, and no other process of the user
/// reads them.
void keep_memory_private() {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    throw system_error("keep the gate's memory private");
  }
}

}  // namespace

void confine(const fs::path& directory) {
  keep_memory_private();
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw system_error("prctl");
  drop_capabilities();
  if (kSanitized) return;
  const SystemCallFilter filter = SystemCallFilter::only(kCalls, {AF_INET, AF_INET6});
  if (landlock_works()) {
    ConfinementPlan plan{.owned = {fs::absolute(directory).string()}, .network = true};
    allow_resolv_conf(plan);
    if (!Landlock(plan).apply()) throw system_error("landlock_restrict_self");
  }
  if (!filter.apply()) throw system_error("seccomp");
}

}  // namespace pyro::gate
