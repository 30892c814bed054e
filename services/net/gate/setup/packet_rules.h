#pragma once

#include "services/net/gate/setup/netlink.h"

namespace pyro::gate {

/// Ports of the namespace at which the rules steer the guest's connections and datagrams.
inline constexpr std::uint16_t kTcpPort = 4000;
inline constexpr std::uint16_t kUdpPort = 4001;
inline constexpr const char* kTapName = "tap0";
inline constexpr std::uint16_t kSynQueue = 0;

/// The gate's answers to a queued SYN, as marks of the packet when it goes on.
inline constexpr std::uint32_t kMarkGo = 0x10;
inline constexpr std::uint32_t kMarkReset = 0x20;
inline constexpr std::uint32_t kMarkProhibited = 0x30;
/// Of what is delivered to this namespace whatever its address.
inline constexpr std::uint32_t kMarkOurs = 1;

/// How the rules hold a SYN for the gate: by nftables' own queue, by the same of x_tables (a kernel
/// without NFT_QUEUE), or not at all.
enum class SynHold { kQueue, kTargetQueue, kNone };

/// The rules of a machine's namespace, as messages of one transaction of nftables: the guest speaks
/// from its address alone; its TCP and UDP go to the gate's sockets; nothing is forwarded.
NetlinkBatch packet_rules(SynHold hold, bool ipv6);

}  // namespace pyro::gate
