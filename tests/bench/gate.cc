#include "tests/bench/gate.h"

#include <fmt/core.h>
#include <linux/if_tun.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <thread>

#include "common/base/error.h"
#include "common/config/programs.h"
#include "common/network/gate_protocol.h"
#include "common/process/pidfd.h"
#include "services/net/gate/rules/address.h"
#include "services/net/gate/setup/machine_network.h"
#include "tests/bench/far_host.h"
#include "tests/bench/injection.h"
#include "tests/support/namespaces.h"

namespace pyro::bench {
namespace {

using gate::Address;
using gate::Endpoint;
using network::GuestNetwork;
using test::NetworkNamespace;

constexpr auto kEach = std::chrono::seconds(1);
constexpr int kGateRounds = 5;

struct Rates {
  double up = 0;
  double down = 0;
  double connects = 0;
};

UniqueFd dial() {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  constexpr int kYes = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &kYes, sizeof kYes);
  sockaddr_storage to{};
  const socklen_t size = Endpoint{*Address::parse(FarHost::kAddress), FarHost::kPort}.put(to);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), size) != 0) {
    throw system_error("connect");
  }
  return fd;
}

double rate(char what) {
  const UniqueFd fd = dial();
  ::send(fd.get(), &what, 1, 0);
  std::vector<char> block(256U << 10U);
  std::uint64_t total = 0;
  const auto start = Clock::now();
  while (Clock::now() - start < kEach) {
    const ssize_t n = what == 'S' ? ::recv(fd.get(), block.data(), block.size(), 0)
                                  : ::send(fd.get(), block.data(), block.size(), MSG_NOSIGNAL);
    if (n <= 0) throw unavailable("the connection broke");
    total += static_cast<std::uint64_t>(n);
  }
  return static_cast<double>(total) / 1e6 /
         std::chrono::duration<double>(Clock::now() - start).count();
}

Rates measure_from(const NetworkNamespace& where) {
  Rates rates;
  where.run([&] {
    rates.up = rate('K');
    rates.down = rate('S');
    int done = 0;
    const auto start = Clock::now();
    while (Clock::now() - start < kEach) {
      const UniqueFd fd = dial();
      char byte = 'P';
      if (::send(fd.get(), &byte, 1, 0) != 1 || ::recv(fd.get(), &byte, 1, 0) != 1) {
        throw unavailable("the connection broke");
      }
      ++done;
    }
    rates.connects = done / std::chrono::duration<double>(Clock::now() - start).count();
  });
  return rates;
}

/// What is there to be had: accepts, connects and copies; knows no rules, writes no log.
[[noreturn]] void relay_bare(int listener) {
  struct Side {
    int fd;
    Side* peer;
    std::string held;
    bool at_end;
    std::uint32_t armed;
    bool over;
  };
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const auto control = [epoll](int how, int fd, std::uint32_t events, Side* side) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = side;
    ::epoll_ctl(epoll, how, fd, &event);
  };
  control(EPOLL_CTL_ADD, listener, EPOLLIN, nullptr);
  std::vector<char> block(256U << 10U);
  const auto arm = [&](Side* side) {
    std::uint32_t events = 0;
    if (!side->at_end && side->peer->held.empty()) events |= EPOLLIN;
    if (!side->held.empty()) events |= EPOLLOUT;
    if (events == side->armed) return;
    control(EPOLL_CTL_MOD, side->fd, events, side);
    side->armed = events;
  };
  const auto move = [&](Side* side, std::uint32_t events) {
    Side* peer = side->peer;
    if ((events & EPOLLOUT) != 0 && !side->held.empty()) {
      const ssize_t n = ::send(side->fd, side->held.data(), side->held.size(), MSG_NOSIGNAL);
      if (n < 0 && errno != EAGAIN) return false;
      if (n > 0) side->held.erase(0, static_cast<std::size_t>(n));
    }
    if ((events & ~std::uint32_t{EPOLLOUT}) != 0 && !side->at_end && peer->held.empty()) {
      const ssize_t n = ::recv(side->fd, block.data(), block.size(), 0);
      if (n < 0 && errno != EAGAIN) return false;
      if (n == 0) {
        side->at_end = true;
        ::shutdown(peer->fd, SHUT_WR);
      }
      if (n > 0) {
        ssize_t sent = ::send(peer->fd, block.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return false;
        sent = std::max<ssize_t>(sent, 0);
        peer->held.assign(block.data() + sent, static_cast<std::size_t>(n - sent));
      }
    }
    if (side->at_end && peer->at_end) return false;
    arm(side);
    arm(peer);
    return true;
  };
  const auto take = [&] {
    for (;;) {
      const int guest = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (guest < 0) return;
      sockaddr_storage to{};
      socklen_t size = sizeof to;
      ::getsockname(guest, reinterpret_cast<sockaddr*>(&to), &size);
      const int remote = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      constexpr int kYes = 1;
      for (const int fd : {guest, remote}) {
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &kYes, sizeof kYes);
      }
      ::connect(remote, reinterpret_cast<const sockaddr*>(&to), size);
      auto* pair = new Side[2]{};
      for (int i = 0; i < 2; ++i) {
        pair[i].fd = i == 0 ? guest : remote;
        pair[i].peer = &pair[1 - i];
        control(EPOLL_CTL_ADD, pair[i].fd, 0, &pair[i]);
      }
      pair[1].armed = EPOLLOUT;
      control(EPOLL_CTL_MOD, remote, EPOLLOUT, &pair[1]);
    }
  };
  for (;;) {
    std::array<epoll_event, 128> events;
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    std::vector<Side*> over;
    for (int i = 0; i < count; ++i) {
      auto* side = static_cast<Side*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (side == nullptr) {
        take();
      } else if (!side->over && !move(side, events[static_cast<std::size_t>(i)].events)) {
        side->over = side->peer->over = true;
        over.push_back(side < side->peer ? side : side->peer);
      }
    }
    for (Side* first : over) {
      ::close(first[0].fd);
      ::close(first[1].fd);
      delete[] first;
    }
  }
}

/// A guest at the other end of a veth pair that takes the tap's place: what carries frames between
/// a tap and a guest would be the slowest of all.
NetworkNamespace guest_in_place_of(UniqueFd tap) {
  UniqueFd fd(::ioctl(tap.get(), TUNGETDEVNETNS));
  if (!fd) throw system_error("TUNGETDEVNETNS");
  const NetworkNamespace machine(std::move(fd));
  NetworkNamespace guest;
  const std::string mtu = std::to_string(GuestNetwork::kMtu);
  machine.ip("link set tap0 down");
  machine.ip("link set tap0 name tap1");
  machine.ip("link add tap0 type veth peer name eth0 netns " + guest.path());
  machine.ip(fmt::format("addr add {}/24 dev tap0", GuestNetwork::kGateway));
  machine.ip("link set tap0 mtu " + mtu + " up");
  guest.ip(fmt::format("addr add {}/24 dev eth0", GuestNetwork::kAddress));
  guest.ip("link set eth0 mtu " + mtu + " up");
  guest.ip(fmt::format("route add default via {}", GuestNetwork::kGateway));
  return guest;
}

Rates best(const Rates& a, const Rates& b) {
  return {std::max(a.up, b.up), std::max(a.down, b.down), std::max(a.connects, b.connects)};
}

std::string beside(double value, double bare, double least) {
  return fmt::format("bare {:.0f}; {:.2f} of it, at least {}", bare, value / bare, least);
}

double resident_kib(pid_t pid) {
  const std::string status =
      read_to_end(open_file(fmt::format("/proc/{}/status", pid), O_RDONLY).get(), 65536);
  const auto at = status.find("VmRSS:");
  return std::stod(status.substr(at + 6));
}

void measure_in_child(const Adder& add) {
  const FarHost far;
  gate::MachineNetwork bare = gate::make_machine_network(false, gate::SynHold::kNone);
  const NetworkNamespace bare_guest = guest_in_place_of(std::move(bare.tap));
  const pid_t parent = ::getpid();
  const pid_t relay = ::fork();
  if (relay == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    relay_bare(bare.v4.tcp.get());
  }

  const TemporaryDirectory directory("/tmp", "pyro-bench-gate");
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw system_error("socketpair");
  }
  const UniqueFd control(ends[0]);
  UniqueFd theirs(ends[1]);
  const auto start = Clock::now();
  ChildProcess gate(
      Command{.argv = {sibling_program(network::kGateProgram).string(), directory.path().string()},
              .descriptors = {{2, STDERR_FILENO}, {network::kGateSocket, theirs.get()}}});
  theirs.reset();
  network::send_order(control.get(), {.policy = {.kind = api::NetworkPolicy::kEgress}});
  auto ready = network::receive_report(control.get());
  if (!ready || !ready->descriptor) throw unavailable("the gate is not ready");
  const double started = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  const double at_rest = resident_kib(gate.pid());
  const NetworkNamespace guest = guest_in_place_of(std::move(ready->descriptor));

  Rates direct;
  Rates of_bare;
  Rates of_gate;
  for (int round = 0; round < kGateRounds; ++round) {
    direct = best(direct, measure_from(far.host()));
    of_bare = best(of_bare, measure_from(bare_guest));
    of_gate = best(of_gate, measure_from(guest));
  }
  add("start to ready", started, "ms", "namespace, tap, rules and sockets");
  add("up", of_gate.up, "MB/s",
      beside(of_gate.up, of_bare.up, 0.7) + fmt::format("; direct {:.0f}", direct.up));
  add("down", of_gate.down, "MB/s",
      beside(of_gate.down, of_bare.down, 0.7) + fmt::format("; direct {:.0f}", direct.down));
  add("connects", of_gate.connects, "/s",
      beside(of_gate.connects, of_bare.connects, 0.5) +
          fmt::format("; direct {:.0f}", direct.connects));
  add("RSS at rest", at_rest / 1024, "MB", "at most 5");
  add("RSS after it", resident_kib(gate.pid()) / 1024, "MB", "");
  ::kill(relay, SIGKILL);
  ::waitpid(relay, nullptr, 0);
}

}  // namespace

Part measure_gate() {
  Part part{.title = "the gate of a machine's network (host namespaces, no guest)", .figures = {}};
  const Adder add = adder_to(part);
  measure_apart(add, measure_in_child);
  measure_apart(add, measure_injection);
  return part;
}

}  // namespace pyro::bench
