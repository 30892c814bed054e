#include "guest/agent/borrowing_child.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace pyro::agent {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr __u64 kBorrowing = CLONE_VFORK;  // a sanitizer notes what the child does
#else
constexpr __u64 kBorrowing = CLONE_VFORK | CLONE_VM;
#endif

constexpr std::size_t kStackBytes = 32U << 10U;

/// clone3(2) has no wrapper in the C library, and behind syscall(2) the child would return on a
/// stack without a frame: parent and child part before the next instruction.
long clone3(const clone_args& arguments, void (*child)(void*), void* argument) {
  long result = 0;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"  // the outermost frame
      "mov %[argument], %%rdi\n\t"
      "call *%[child]\n\t"
      "ud2\n"
      "1:"
      : "=a"(result)
      : "a"(SYS_clone3), "D"(&arguments),
        "S"(sizeof arguments), [child] "b"(child), [argument] "d"(argument)
      : "rcx", "r11", "cc", "memory");
  return result;
}

}  // namespace

pid_t start_borrowing_child(int cgroup_fd, void (*child)(void*), void* argument) {
  alignas(16) std::array<std::byte, kStackBytes> stack;
  clone_args arguments{};
  arguments.flags = kBorrowing | CLONE_INTO_CGROUP;
  arguments.exit_signal = SIGCHLD;
  arguments.stack = reinterpret_cast<std::uintptr_t>(stack.data());
  arguments.stack_size = stack.size();
  arguments.cgroup = static_cast<__u64>(cgroup_fd);
  const long result = clone3(arguments, child, argument);
  if (result >= 0) return static_cast<pid_t>(result);
  errno = static_cast<int>(-result);
  return -1;
}

}  // namespace pyro::agent
