#include "tests/bench/network.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/api/workspace_ports.h"
#include "common/api/workspace_services.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "tests/bench/far_host.h"
#include "tests/bench/floor.h"
#include "tests/bench/workspaces.h"

namespace pyro::bench {
namespace {

constexpr int kCreateRounds = 15;

/// One after another of its kind: the standby machine is made for that.
double create_ms(BenchStack& stack, Workspaces& workspaces, const api::CreateWorkspace& request) {
  double took = 0;
  for (int time = 0; time < 2; ++time) {
    wait_for_standby(stack);
    std::string id;
    took = milliseconds_of([&] { id = workspaces.call(request).workspace_id; });
    workspaces.remove(id);
  }
  return took;
}

void measure_creates(BenchStack& stack, const Adder& add, std::string_view what,
                     const std::optional<std::string>& seed) {
  Workspaces workspaces(stack);
  api::CreateWorkspace request{.environment = kEnvironment, .seed_path = seed};
  std::vector<double> without;
  std::vector<double> with;
  for (int round = 0; round < kCreateRounds; ++round) {
    request.network_policy = api::NetworkPolicy::kOff;
    without.push_back(create_ms(stack, workspaces, request));
    request.network_policy = api::NetworkPolicy::kEgress;
    with.push_back(create_ms(stack, workspaces, request));
  }
  const double bare = percentile(without, 0.5);
  const double networked = percentile(with, 0.5);
  add(fmt::format("create, {}", what), bare, "ms", "no network");
  add(fmt::format("with egress, {}", what), networked, "ms",
      fmt::format("{:.2f} times it, at most 1.15", networked / bare));
}

/// In a guest: MB/s each way to the far server, the better of some tries, `up down`.
constexpr const char* kTransfer = R"(python3 - <<'END'
import socket, time
def rate(what):
    with socket.create_connection(('198.51.100.10', 7000)) as s:
        s.sendall(what)
        block, total, start = bytearray(1 << 18), 0, time.monotonic()
        while time.monotonic() - start < 2:
            total += s.recv_into(block) if what == b'S' else s.send(block)
        return total / 1e6 / (time.monotonic() - start)
print(max(rate(b'K') for _ in range(3)), max(rate(b'S') for _ in range(3)))
END)";

/// In a guest: sends back what comes, byte by byte.
constexpr const char* kEcho = R"(exec python3 -c "
import socket, threading
def serve(c):
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := c.recv(64): c.sendall(data)
s = socket.create_server(('127.0.0.1', 8000))
while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
")";
constexpr std::uint32_t kEchoPort = 8000;
constexpr int kTrips = 500;

double trip_ms(int fd) {
  std::vector<double> trips;
  for (int trip = 0; trip < kTrips; ++trip) {
    trips.push_back(milliseconds_of([fd] {
      char byte = 'x';
      if (::send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || ::recv(fd, &byte, 1, 0) != 1) {
        throw unavailable("the echo in the guest is gone");
      }
    }));
  }
  return percentile(trips, 0.5);
}

UniqueFd connected(int family, const sockaddr* to, socklen_t size) {
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), to, size) != 0) throw system_error("connect");
  return fd;
}

UniqueFd through_port(std::uint32_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  UniqueFd fd = connected(AF_INET, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  constexpr int kYes = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &kYes, sizeof kYes);
  return fd;
}

/// Without pyro-net: the link's own stream to the guest's port.
UniqueFd through_link(const std::filesystem::path& link_socket) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  link_socket.string().copy(to.sun_path, sizeof to.sun_path - 1);
  UniqueFd fd = connected(AF_UNIX, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  write_all(fd.get(), fmt::format("CONNECT {}\n", kEchoPort));
  for (char byte = 0; byte != '\n';) {
    if (::recv(fd.get(), &byte, 1, 0) != 1) throw unavailable("the guest has no such port");
  }
  return fd;
}

void measure_traffic(BenchStack& stack, const Adder& add) {
  Workspaces workspaces(stack);
  const auto workspace = workspaces.call(api::CreateWorkspace{
      .environment = kEnvironment, .network_policy = api::NetworkPolicy::kEgressPublishedPorts});
  const std::string& id = workspace.workspace_id;
  const auto rates = split(trim(workspaces.exec(id, kTransfer).stdout_text), ' ');
  if (rates.size() != 2) throw unavailable("the guest does not reach the far server");
  add("guest, up", std::stod(rates[0]), "MB/s", "through its gate to a host beyond");
  add("guest, down", std::stod(rates[1]), "MB/s", "");
  const auto service =
      workspaces.call(api::StartService{.workspace_id = id,
                                        .service_name = "echo",
                                        .command = kEcho,
                                        .ready_tcp = fmt::format("127.0.0.1:{}", kEchoPort),
                                        .ready_timeout_seconds = 60,
                                        .published_ports = {{.guest_port = kEchoPort}}});
  const MachinePaths machine(stack.paths(), workspaces.machine_of(id));
  const double bare = trip_ms(through_link(machine.link_socket).get());
  const double published = trip_ms(through_port(service.published_ports.at(0).host_port).get());
  add("link, round trip", bare, "ms", "a stream of the link to the guest's port, no proxy");
  add("published port, round trip", published, "ms",
      fmt::format("{:.2f} times it, at most 2", published / bare));
  workspaces.remove(id);
}

/// The stack is on the host of the far server then.
void measure_in_namespaces(const Adder& add) {
  const FarHost far;
  BenchStack stack(BenchStack::Variables{});
  Workspaces workspaces(stack);
  workspaces.remove(workspaces.create());  // the shape's template and standby machine
  measure_creates(stack, add, "empty", {});
  const Tree seed(500, 4096);
  measure_creates(stack, add, "500 files", seed.path().string());
  measure_traffic(stack, add);
}

}  // namespace

Part measure_network() {
  Part part{.title = "networks, under TCG (debian:12, 1 vCPU, 1024 MiB)", .figures = {}};
  measure_apart(adder_to(part), measure_in_namespaces);
  return part;
}

}  // namespace pyro::bench
