/// The floor of the link: an init that does nothing with the port but move bytes. The host's first
/// byte chooses: `e` echoes all that follows, `s` sends zeros without end.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <exception>
#include <string>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/standard_descriptors.h"
#include "guest/agent/modules.h"

namespace pyro::bench {
namespace {

/// The port is the first of the guest's only serial device; its number depends on the other
/// devices, and it comes a moment after the module.
UniqueFd open_port() {
  while (true) {
    for (int device = 0; device < 8; ++device) {
      const std::string path = "/dev/vport" + std::to_string(device) + "p1";
      UniqueFd port(::open(path.c_str(), O_RDWR | O_CLOEXEC));
      if (port) return port;
    }
    ::usleep(1000);
  }
}

void serve(int port) {
  static std::array<char, 64U << 10U> buffer;
  char mode = 0;
  // A port reads as ended while its host is away.
  while (::read(port, &mode, 1) != 1) ::usleep(1000);
  if (mode == 's') {
    while (true) write_all(port, {buffer.data(), buffer.size()});
  }
  while (true) {
    const ssize_t n = ::read(port, buffer.data(), buffer.size());
    if (n > 0) write_all(port, {buffer.data(), static_cast<std::size_t>(n)});
    if (n <= 0) ::usleep(1000);
  }
}

void run() {
  for (const char* directory : {"/proc", "/sys", "/dev"}) ::mkdir(directory, 0755);
  ::mount("proc", "/proc", "proc", 0, "");
  ::mount("sysfs", "/sys", "sysfs", 0, "");
  ::mount("devtmpfs", "/dev", "devtmpfs", 0, "");
  open_standard_descriptors();
  agent::load_modules("/modules");
  const UniqueFd port = open_port();
  write_all(port.get(), "r");
  serve(port.get());
}

}  // namespace
}  // namespace pyro::bench

int main() {
  try {
    pyro::bench::run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "port echo: %s\n", error.what());
  }
  ::reboot(RB_AUTOBOOT);
}
