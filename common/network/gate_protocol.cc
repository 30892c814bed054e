#include "common/network/gate_protocol.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/api/message_table.h"
#include "common/api/msgpack_codec.h"
#include "common/base/error.h"

namespace pyro::network {
namespace {

/// More than a policy of kMostAllowEntries of the longest names.
constexpr std::size_t kMostPacketBytes = 512U << 10U;

struct Packet {
  std::string bytes;
  UniqueFd descriptor;
};

std::optional<Packet> receive_packet(int socket) {
  Packet received;
  received.bytes.resize(kMostPacketBytes);
  iovec part{.iov_base = received.bytes.data(), .iov_len = received.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr packet{};
  packet.msg_iov = &part;
  packet.msg_iovlen = 1;
  packet.msg_control = control.data();
  packet.msg_controllen = control.size();
  ssize_t length = 0;
  do {
    length = ::recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
  } while (length < 0 && errno == EINTR);
  if (length <= 0) {
    if (length == 0) errno = ECONNRESET;
    return std::nullopt;
  }
  const cmsghdr* header = CMSG_FIRSTHDR(&packet);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof(int));
    received.descriptor.reset(descriptor);
  }
  if ((packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    throw invalid_argument("a packet between a shim and its gate is too long");
  }
  received.bytes.resize(static_cast<std::size_t>(length));
  return received;
}

}  // namespace

bool send_packet(int socket, std::string bytes, int descriptor) {
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr packet{};
  packet.msg_iov = &part;
  packet.msg_iovlen = 1;
  if (descriptor >= 0) {
    packet.msg_control = control.data();
    packet.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&packet);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
  }
  for (;;) {
    if (::sendmsg(socket, &packet, MSG_NOSIGNAL) >= 0) return true;
    if (errno != EINTR) return false;
  }
}

bool send_report(int socket, const GateReport& report, int descriptor) {
  return send_packet(socket, api::to_msgpack(report), descriptor);
}

std::optional<ReceivedOrder> receive_order(int socket) {
  auto packet = receive_packet(socket);
  if (!packet) return std::nullopt;
  return ReceivedOrder{
      .order = api::from_msgpack<GateOrder>(packet->bytes, api::UnknownFields::kIgnore),
      .injection = std::move(packet->descriptor)};
}

std::optional<ReceivedReport> receive_report(int socket) {
  auto packet = receive_packet(socket);
  if (!packet) return std::nullopt;
  return ReceivedReport{
      .report = api::from_msgpack<GateReport>(packet->bytes, api::UnknownFields::kIgnore),
      .descriptor = std::move(packet->descriptor)};
}

bool ask_for_cache(int socket) { return send_packet(socket, "?"); }

bool answer_for_cache(int socket, int descriptor) { return send_packet(socket, "!", descriptor); }

std::optional<CacheAnswer> receive_cache_answer(int socket) {
  auto packet = receive_packet(socket);
  if (!packet) return std::nullopt;
  return CacheAnswer{.descriptor = std::move(packet->descriptor)};
}

bool receive_cache_question(int socket) { return receive_packet(socket).has_value(); }

bool no_packet_yet() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace pyro::network

PYRO_TABLE_ELSEWHERE(pyro::api::NetworkRules)
PYRO_TABLE(pyro::network::GateOrder)
PYRO_TABLE(pyro::network::GateReport)
