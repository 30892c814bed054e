#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/net/gate/rules/address.h"

/// Packets for the guest, as a raw socket with IP_HDRINCL takes them: in the name of any host.
namespace pyro::gate {

/// A datagram; both ends of one family.
std::string udp_packet(const Endpoint& from, const Endpoint& to, std::string_view payload);

enum class Unreachable { kPort, kProhibited };
/// Says that a datagram of `bytes` from the guest's `from` did not reach `to`.
std::string unreachable_packet(Unreachable why, const Endpoint& from, const Endpoint& to,
                               std::size_t bytes);

/// The longest payload of a datagram that fits the guest's MTU.
std::size_t most_datagram_bytes(bool v4);

}  // namespace pyro::gate
