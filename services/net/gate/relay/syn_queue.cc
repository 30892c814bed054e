#include "services/net/gate/relay/syn_queue.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <netinet/in.h>

#include "services/net/gate/setup/netlink.h"
#include "services/net/gate/setup/packet_rules.h"

namespace pyro::gate {
namespace {

constexpr std::uint16_t kPacketMessage = NFNL_SUBSYS_QUEUE << 8U | NFQNL_MSG_PACKET;
constexpr std::uint16_t kVerdictMessage = NFNL_SUBSYS_QUEUE << 8U | NFQNL_MSG_VERDICT;
constexpr std::size_t kHeader4Bytes = 20;
constexpr std::size_t kHeader6Bytes = 40;

std::uint16_t number16(std::string_view bytes) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8U |
                                    static_cast<unsigned char>(bytes[1]));
}

std::optional<ConnectionKey> key_of(std::string_view packet) {
  if (packet.empty()) return std::nullopt;
  const auto first = static_cast<unsigned char>(packet[0]);
  const bool v4 = first >> 4U == 4;
  if (!v4 && first >> 4U != 6) return std::nullopt;
  const std::size_t header = v4 ? (first & 0x0FU) * 4U : kHeader6Bytes;
  if (header < kHeader4Bytes || packet.size() < header + 4) return std::nullopt;
  if (static_cast<unsigned char>(packet[v4 ? 9 : 6]) != IPPROTO_TCP) return std::nullopt;
  const auto to = Address::from_bytes(v4 ? packet.substr(16, 4) : packet.substr(24, 16));
  return ConnectionKey{.guest_port = number16(packet.substr(header, 2)),
                       .to = {*to, number16(packet.substr(header + 2, 2))}};
}

}  // namespace

std::vector<QueuedSyn> queued_syns(std::string_view received) {
  std::vector<QueuedSyn> syns;
  NetlinkMessages messages(received);
  while (auto message = messages.next()) {
    if (message->header.nlmsg_type != kPacketMessage) continue;
    if (!take<nfgenmsg>(message->content)) continue;
    auto info = find_attribute(message->content, NFQA_PACKET_HDR);
    if (!info) continue;
    // Seven bytes, packed.
    if (info->size() < sizeof(nfqnl_msg_packet_hdr)) continue;
    std::uint32_t id = 0;
    std::memcpy(&id, info->data(), sizeof id);
    const auto packet = find_attribute(message->content, NFQA_PAYLOAD);
    syns.push_back({.id = ntohl(id), .key = packet ? key_of(*packet) : std::nullopt});
  }
  return syns;
}

void answer_syn(int queue, std::uint32_t id, SynAnswer answer) {
  const std::uint32_t verdict = answer == SynAnswer::kDrop ? NF_DROP : NF_REPEAT;
  const std::uint32_t mark = answer == SynAnswer::kGo      ? kMarkGo
                             : answer == SynAnswer::kReset ? kMarkReset
                                                           : kMarkProhibited;
  NetlinkBatch batch;
  batch
      .message(
          kVerdictMessage, 0,
          nfgenmsg{.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(kSynQueue)})
      .attribute(NFQA_VERDICT_HDR, big_endian32(verdict) + big_endian32(id));
  if (answer != SynAnswer::kDrop) batch.attribute(NFQA_MARK, big_endian32(mark));
  // Fails only for a packet that is gone.
  ::send(queue, batch.bytes().data(), batch.bytes().size(), 0);
}

}  // namespace pyro::gate
