/// The floor of the link: an init that does nothing with the port but move bytes. The host's first
/// byte chooses: `e` echoes all that follows, `s` sends zeros without end.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/standard_descriptors.h"
#include "guest/agent/kernel_events.h"
#include "guest/agent/modules.h"

namespace pyro::bench {
namespace {

constexpr std::chrono::seconds kPortLimit{30};

/// The port is the first of the guest's only serial device; its number depends on the other
/// devices, and it comes a moment after the module.
UniqueFd open_port() {
  agent::KernelEvents events;
  UniqueFd port;
  const auto found = [&port] {
    for (int device = 0; device < 8 && !port; ++device) {
      const std::string path = "/dev/vport" + std::to_string(device) + "p1";
      port.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    }
    return static_cast<bool>(port);
  };
  events.wait_until(found, "the port", Clock::now() + kPortLimit);
  return port;
}

bool host_is_away(int port) {
  pollfd state{.fd = port, .events = POLLOUT, .revents = 0};
  return ::poll(&state, 1, 0) <= 0 || (state.revents & POLLHUP) != 0;
}

/// Returns once the host has opened its side. poll(2) reports a closed port as readable at once, so
/// it is the kernel's SIGIO that tells.
void wait_for_host(int port) {
  sigset_t opened;
  ::sigemptyset(&opened);
  ::sigaddset(&opened, SIGIO);
  ::sigprocmask(SIG_BLOCK, &opened, nullptr);
  ::fcntl(port, F_SETOWN, ::getpid());
  const int flags = ::fcntl(port, F_GETFL);
  ::fcntl(port, F_SETFL, flags | O_ASYNC);
  for (int signal = 0; host_is_away(port);) ::sigwait(&opened, &signal);
  ::fcntl(port, F_SETFL, flags);
}

/// A port reads as ended while its host is away.
std::size_t read_port(int port, char* buffer, std::size_t bytes) {
  while (true) {
    const ssize_t n = ::read(port, buffer, bytes);
    if (n > 0) return static_cast<std::size_t>(n);
    wait_for_host(port);
  }
}

void serve(int port) {
  static std::array<char, 64U << 10U> buffer;
  char mode = 0;
  read_port(port, &mode, 1);
  if (mode == 's') {
    while (true) write_all(port, {buffer.data(), buffer.size()});
  }
  while (true) write_all(port, {buffer.data(), read_port(port, buffer.data(), buffer.size())});
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
