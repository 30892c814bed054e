#pragma once

#include <sys/resource.h>

namespace pyro {

/// This process and its children leave no core dump, which would hold the values of secrets. A
/// limit of one byte holds also where cores are piped to a program (core(5)). Children may raise
/// it.
inline void leave_no_core_dumps() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur <= 1) return;
  limit.rlim_cur = 1;
  ::setrlimit(RLIMIT_CORE, &limit);
}

}  // namespace pyro
