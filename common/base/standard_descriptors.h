#pragma once

#include <fcntl.h>
#include <unistd.h>

namespace pyro {

/// Opens those of the descriptors 0 to 2 that are closed on /dev/null: what else would be opened
/// next gets their numbers, and what is printed then. The first call of each main. Nothing but
/// system calls, for programs that link no library.
inline void open_standard_descriptors() {
  int fd = ::open("/dev/null", O_RDWR | O_NOCTTY);
  while (fd >= 0 && fd < 2) fd = ::dup(fd);
  if (fd > 2) ::close(fd);
}

}  // namespace pyro
