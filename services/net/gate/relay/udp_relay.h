#pragma once

#include <memory>
#include <unordered_map>

#include "services/net/gate/journal.h"
#include "services/net/gate/loop.h"
#include "services/net/gate/relay/packets.h"
#include "services/net/gate/relay/syn_queue.h"
#include "services/net/gate/rules/rules.h"
#include "services/net/gate/setup/machine_network.h"

namespace pyro::gate {

/// The guest's UDP but its questions to the gateway: a socket of the host for each pair of a port
/// of the guest and a destination, until it rests.
class UdpRelay {
 public:
  UdpRelay(Loop& loop, Rules& rules, Journal& journal, const MachineNetwork& network,
           std::size_t most_flows);
  ~UdpRelay();

  void recheck();

 private:
  struct Flow {
    Subject subject;
    UniqueFd remote;
    Loop::Watch watch;
    std::uint64_t number = 0;
    Passed passed{};
    Clock::time_point since;
    Clock::time_point used;
  };

  void take_datagrams(int socket);
  void take(const ConnectionKey& key, std::string_view datagram);
  Flow* flow_for(const ConnectionKey& key, std::size_t bytes);
  void take_answers(Flow& flow);
  void send_to_guest(bool v4, const std::string& packet);
  void say_unreachable(const ConnectionKey& key, Unreachable why, std::size_t bytes);
  void end(const ConnectionKey& key, std::string_view reason);
  void expire();

  Loop& loop_;
  Rules& rules_;
  Journal& journal_;
  const MachineNetwork& network_;
  std::size_t most_flows_;
  std::unordered_map<ConnectionKey, std::unique_ptr<Flow>> flows_;
  Loop::Timer expiry_;
  Loop::Watch v4_;
  Loop::Watch v6_;
};

}  // namespace pyro::gate
