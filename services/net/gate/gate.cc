#include "services/net/gate/gate.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <optional>

#include "common/api/json_codec.h"
#include "common/base/error.h"
#include "common/network/gate_protocol.h"
#include "common/network/injection.h"
#include "services/net/gate/confine.h"
#include "services/net/gate/dns/forwarder.h"
#include "services/net/gate/journal.h"
#include "services/net/gate/loop.h"
#include "services/net/gate/relay/tcp_relay.h"
#include "services/net/gate/relay/udp_relay.h"
#include "services/net/gate/rules/rules.h"
#include "services/net/gate/setup/machine_network.h"
#include "services/net/gate/tls/injector.h"

namespace pyro::gate {
namespace {

using network::GateEvent;
using network::GateReport;

constexpr std::size_t kMostConnections = 1024;
constexpr std::size_t kMostFlows = 512;
/// Beside those of connections: the namespace's, files, questions to resolvers.
constexpr std::size_t kOtherDescriptors = 256;

struct Caps {
  std::size_t connections;
  std::size_t flows;
};

/// As many as the descriptors that we may have.
Caps take_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t kWanted = 2 * kMostConnections + kMostFlows + kOtherDescriptors;
  limit.rlim_cur = std::min(kWanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t have = limit.rlim_cur;
  const std::size_t left = have > kOtherDescriptors ? have - kOtherDescriptors : 16;
  // Two of a connection, one of a flow.
  return {.connections = std::min(kMostConnections, left * 2 / 5),
          .flows = std::min(kMostFlows, left / 5)};
}

bool host_has_ipv6() {
  return HostRoutes().kind_of(*Address::parse("2600::1")) == RouteKind::kAway;
}

class Gate {
 public:
  Gate(int shim, UniqueFd cache, const std::filesystem::path& directory, MachineNetwork network,
       Caps caps)
      : shim_(shim),
        network_(std::move(network)),
        journal_(loop_, directory),
        forwarder_(loop_, rules_, journal_, network_.dns.get(), network_.v6.has_value()),
        cache_(loop_, std::move(cache)),
        tcp_(loop_, rules_, journal_, network_, cache_, caps.connections,
             [this](UniqueFd guest) { forwarder_.take_connection(std::move(guest)); }),
        udp_(loop_, rules_, journal_, network_, caps.flows),
        control_(loop_, shim, EPOLLIN, [this](std::uint32_t) { take_order(); }) {}

  void run() { loop_.run(); }

 private:
  /// One that waits is taken after the next wait.
  void take_order() {
    std::optional<network::ReceivedOrder> received;
    try {
      received = network::receive_order(shim_);
    } catch (const Error& error) {
      report({.event = GateEvent::kPolicyRefused,
              .reason = std::string(error.reason()),
              .message = error.message()});
      return;
    }
    if (!received) {
      if (!network::no_packet_yet()) loop_.stop();
      return;
    }
    try {
      const network::GateOrder& order = received->order;
      rules_.set(order.policy, order.digest, injector_for(order.policy, received->injection.get()));
    } catch (const Error& error) {
      report({.event = GateEvent::kPolicyRefused,
              .reason = std::string(error.reason()),
              .message = error.message()});
      return;
    }
    tcp_.recheck();
    udp_.recheck();
    report({.event = network_.tap ? GateEvent::kReady : GateEvent::kPolicySet});
  }

  /// Null: the policy injects nothing.
  static std::shared_ptr<Injector> injector_for(const network::Policy& policy, int file) {
    if (!policy.injects()) return nullptr;
    if (file < 0) throw invalid_argument("the secrets of the policy are missing");
    return std::make_shared<Injector>(network::injection_in(file));
  }

  void report(GateReport report) {
    report.digest = rules_.digest();
    report.connect_answer = network_.connect_answer();
    report.ipv6 = network_.v6.has_value();
    const bool ready = report.event == GateEvent::kReady;
    if (!network::send_report(shim_, report, ready ? network_.tap.get() : -1)) loop_.stop();
    // With ours closed, the tap goes when the VMM's does.
    if (ready) network_.tap.reset();
  }

  int shim_;
  MachineNetwork network_;
  Loop loop_;
  Rules rules_;
  Journal journal_;
  dns::Forwarder forwarder_;
  CacheDialer cache_;
  TcpRelay tcp_;
  UdpRelay udp_;
  Loop::Watch control_;
};

GateReport failure(const Error& error) {
  return {.event = GateEvent::kFailed,
          .reason = std::string(error.reason()),
          .message = error.message()};
}

}  // namespace

void run_gate(int shim, const std::filesystem::path& directory) {
  try {
    const Caps caps = take_descriptors();
    UniqueFd cache = CacheDialer::given();
    MachineNetwork network = make_machine_network(host_has_ipv6());
    if (::fcntl(shim, F_SETFD, FD_CLOEXEC) != 0 || ::fcntl(shim, F_SETFL, O_NONBLOCK) != 0) {
      throw system_error("fcntl");
    }
    Gate gate(shim, std::move(cache), directory, std::move(network), caps);
    confine(directory);
    gate.run();
  } catch (const Error& error) {
    network::send_report(shim, failure(error));
    throw;
  }
}

void try_gate() {
  GateReport report;
  try {
    const bool ipv6 = host_has_ipv6();
    const MachineNetwork network = make_machine_network(ipv6);
    report = {.event = GateEvent::kReady, .connect_answer = network.connect_answer(), .ipv6 = ipv6};
  } catch (const Error& error) {
    report = failure(error);
  }
  fmt::print("{}\n", api::to_json_text(report));
}

}  // namespace pyro::gate
