#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "services/net/gate/rules/address.h"

namespace pyro::gate {

/// Which connection it is, among those of one guest.
struct ConnectionKey {
  std::uint16_t guest_port = 0;
  Endpoint to;
  auto operator<=>(const ConnectionKey&) const = default;
};

/// The first packet of a connection, which waits in the kernel for an answer.
struct QueuedSyn {
  std::uint32_t id = 0;
  std::optional<ConnectionKey> key;  ///< nullopt: the packet is no TCP
};

/// Those in bytes that a queue's socket gave.
std::vector<QueuedSyn> queued_syns(std::string_view received);

enum class SynAnswer { kGo, kReset, kProhibited, kDrop };
/// Lets the packet go on with the answer's mark, or drops it.
void answer_syn(int queue, std::uint32_t id, SynAnswer answer);

}  // namespace pyro::gate

template <>
struct std::hash<pyro::gate::ConnectionKey> {
  std::size_t operator()(const pyro::gate::ConnectionKey& key) const noexcept {
    return std::hash<pyro::gate::Endpoint>{}(key.to) * 65599U + key.guest_port;
  }
};
