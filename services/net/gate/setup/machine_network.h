#pragma once

#include <optional>
#include <string>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/network/gate_protocol.h"
#include "services/net/gate/setup/packet_rules.h"

namespace pyro::gate {

/// A machine's network namespace, as the descriptors that keep it alive. It has a tap and no other
/// interface, no route out, and no process in it.
struct MachineNetwork {
  UniqueFd tap;
  UniqueFd dns;        ///< UDP, bound to the gateway's port 53
  UniqueFd syn_queue;  ///< netlink: the SYNs that wait; none with SynHold::kNone
  /// Of one family: transparent sockets that get what the guest sends anywhere, and one that sends
  /// packets in any name.
  struct Sockets {
    UniqueFd tcp;
    UniqueFd udp;
    UniqueFd raw;
  };
  Sockets v4;
  std::optional<Sockets> v6;
  SynHold hold = SynHold::kNone;

  network::ConnectAnswer connect_answer() const {
    return hold == SynHold::kNone ? network::ConnectAnswer::kAcceptFirst
                                  : network::ConnectAnswer::kHonest;
  }
};

/// Makes one by a child, which is gone when this returns: a user and network namespace of its own,
/// as an ordinary user may make them. SYNs are held in the first way, from `strongest` on, that the
/// kernel has. Throws failed_precondition with the reason and the sentence of what mends it.
MachineNetwork make_machine_network(bool ipv6, SynHold strongest = SynHold::kQueue);

/// The Error for a step of the making that failed.
Error setup_error(std::string_view step, int error_number);

}  // namespace pyro::gate
