#pragma once

#include <sys/types.h>

namespace pyro::agent {

/// fork(2) for a child that soon becomes another program, without copying a page table: the child
/// runs in the caller's memory, on its own stack, and the caller waits until it calls execve or
/// _exit (as in vfork(2)). It starts inside the cgroup; a later move would wait for an RCU grace
/// period.
///
/// `child` must not return, and may do no more than a signal handler may: change nothing but errno
/// in memory, and allocate nothing. All signals must be blocked until it has reset their handlers.
/// Returns the child's pid, or -1 with errno.
pid_t start_borrowing_child(int cgroup_fd, void (*child)(void*), void* argument);

}  // namespace pyro::agent
