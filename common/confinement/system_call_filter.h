#pragma once

#include <linux/filter.h>

#include <vector>

namespace pyro {

/// What a confined program may ask of the kernel: a seccomp filter. QEMU's own comes later and has
/// gaps (ptrace, process_vm_*, pidfd_getfd, keyctl, userfaultfd, io_uring, sockets).
///
/// A program gets its sockets ready-made and starts nothing but threads, so all that makes sockets,
/// processes and namespaces is refused, as is all that reaches another process. An execve ends it,
/// except for the one of `program`: that name lies at an address that it cannot know.
class SystemCallFilter {
 public:
  explicit SystemCallFilter(const char* program);

  /// The other way round, for a program that shuts itself in once it has all it needs: these calls,
  /// sockets of these families, and no other.
  static SystemCallFilter only(const std::vector<const char*>& calls,
                               const std::vector<int>& socket_families);

  /// Async-signal-safe; needs no_new_privs. False: errno says why.
  bool apply() const;

 private:
  SystemCallFilter() = default;

  std::vector<sock_filter> instructions_;
};

}  // namespace pyro
