#include "common/confinement/system_call_filter.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <memory>

#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro {
namespace {

using Context = std::unique_ptr<void, decltype(&::seccomp_release)>;

constexpr std::array kRefused = {
    // Other processes, and what lies in their memory.
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease",
    "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "kcmp", "perf_event_open", "kill", "tkill",
    "rt_sigqueueinfo", "rt_tgsigqueueinfo", "migrate_pages", "move_pages", "get_robust_list",
    "setpriority", "ioprio_set", "sched_setattr", "sched_setparam", "sched_setscheduler", "setpgid",
    // New processes; threads are below.
    "fork", "vfork",
    // Sockets: a program inherits the few that it has. A pair of datagram sockets could send to
    // any.
    "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4",
    // Objects that all processes of a user share.
    "shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd",
    "msgrcv", "msgctl", "mq_open", "mq_unlink", "add_key", "request_key", "keyctl",
    // Parts of the kernel with many faults.
    "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "fanotify_init",
    "fanotify_mark", "name_to_handle_at", "open_by_handle_at", "lookup_dcookie", "vmsplice",
    "modify_ldt", "ioperm", "iopl", "personality", "uselib",
    // Namespaces, mounts, and the rights of root.
    "unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount",
    "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "swapon", "swapoff", "quotactl",
    "quotactl_fd", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load",
    "reboot", "acct", "syslog", "vhangup", "sethostname", "setdomainname", "settimeofday",
    "clock_settime", "clock_adjtime", "adjtimex", "nfsservctl", "setuid", "setgid", "setreuid",
    "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups", "capset"};

void check(int result, const char* what) {
  if (result < 0) throw system_error(fmt::format("seccomp: {}", what), -result);
}

/// On the first argument of a call. libseccomp's SCMP_A0 is C.
scmp_arg_cmp first(scmp_compare compare, scmp_datum_t a, scmp_datum_t b = 0) {
  return {.arg = 0, .op = compare, .datum_a = a, .datum_b = b};
}

template <class... Conditions>
void add(void* context, std::uint32_t action, int call, Conditions... conditions) {
  const std::array<scmp_arg_cmp, sizeof...(conditions)> all{conditions...};
  check(::seccomp_rule_add_array(context, action, call, sizeof...(conditions), all.data()),
        "a rule");
}

/// clone makes threads in the namespaces that there are, and nothing else. clone3 has its flags in
/// memory, where no filter sees them: libc then takes clone.
void allow_only_threads(void* context) {
  add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), first(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
  for (const scmp_datum_t kind :
       std::initializer_list<scmp_datum_t>{CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                           CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET}) {
    add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), first(SCMP_CMP_MASKED_EQ, kind, kind));
  }
}

std::vector<sock_filter> compiled(void* context) {
  const UniqueFd file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file) throw system_error("memfd_create");
  check(::seccomp_export_bpf(context, file.get()), "export");
  ::lseek(file.get(), 0, SEEK_SET);
  const std::string bytes = read_to_end(file.get(), 1U << 20U);
  std::vector<sock_filter> instructions(bytes.size() / sizeof(sock_filter));
  std::memcpy(instructions.data(), bytes.data(), instructions.size() * sizeof(sock_filter));
  return instructions;
}

}  // namespace

SystemCallFilter::SystemCallFilter(const char* program) {
  const Context context(::seccomp_init(SCMP_ACT_ALLOW), &::seccomp_release);
  if (!context) throw internal_error("seccomp makes no filter");
  check(::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "a search tree");
  for (const char* name : kRefused) {
    const int call = ::seccomp_syscall_resolve_name(name);
    // One that this architecture lacks cannot be called.
    if (call < 0) continue;
    add(context.get(), SCMP_ACT_ERRNO(EPERM), call);
  }
  allow_only_threads(context.get());
  add(context.get(), SCMP_ACT_KILL_PROCESS, SCMP_SYS(execve),
      first(SCMP_CMP_NE, reinterpret_cast<scmp_datum_t>(program)));
  add(context.get(), SCMP_ACT_KILL_PROCESS, SCMP_SYS(execveat));
  // It would outlive its shim.
  add(context.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), first(SCMP_CMP_EQ, PR_SET_PDEATHSIG));
  // Of other processes; its own are as before.
  add(context.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), first(SCMP_CMP_NE, 0));
  instructions_ = compiled(context.get());
}

SystemCallFilter SystemCallFilter::only(const std::vector<const char*>& calls,
                                        const std::vector<int>& socket_families) {
  const Context context(::seccomp_init(SCMP_ACT_ERRNO(EPERM)), &::seccomp_release);
  if (!context) throw internal_error("seccomp makes no filter");
  check(::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "a search tree");
  for (const char* name : calls) {
    const int call = ::seccomp_syscall_resolve_name(name);
    if (call >= 0) add(context.get(), SCMP_ACT_ALLOW, call);
  }
  for (const int family : socket_families) {
    add(context.get(), SCMP_ACT_ALLOW, SCMP_SYS(socket),
        first(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family)));
  }
  SystemCallFilter filter;
  filter.instructions_ = compiled(context.get());
  return filter;
}

bool SystemCallFilter::apply() const {
  const sock_fprog program{.len = static_cast<unsigned short>(instructions_.size()),
                           .filter = const_cast<sock_filter*>(instructions_.data())};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

}  // namespace pyro
