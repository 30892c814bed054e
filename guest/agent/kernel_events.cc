#include "guest/agent/kernel_events.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "common/base/error.h"

namespace pyro::agent {

KernelEvents::KernelEvents()
    : socket_(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT)) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1;  // the kernel's own, not udev's
  if (!socket_ ||
      ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw system_error("listen for the kernel's device events");
  }
}

void KernelEvents::wait_until(const std::function<bool()>& there, const std::string& what,
                              Deadline deadline) {
  while (!there()) {
    pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(remaining(deadline).count()));
    if (ready == 0) throw deadline_exceeded("{} did not appear", what);
    std::array<char, 4096> event;
    while (::recv(socket_.get(), event.data(), event.size(), MSG_DONTWAIT) > 0) {
    }
  }
}

}  // namespace pyro::agent
