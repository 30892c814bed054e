#include "services/net/gate/setup/packet_rules.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>

#include <array>

#include "common/network/gate_protocol.h"

namespace pyro::gate {
namespace {

using network::GuestNetwork;

constexpr const char* kTable = "gate";
constexpr std::int32_t kRaw = -300;
constexpr std::int32_t kMangle = -150;

std::string address_bytes(int family, std::string_view text) {
  std::array<char, 16> bytes{};
  ::inet_pton(family, std::string(text).c_str(), bytes.data());
  return {bytes.data(), family == AF_INET ? 4U : 16U};
}

std::string interface_bytes(std::string_view name) {
  std::string bytes(name);
  bytes.resize(IFNAMSIZ, '\0');
  return bytes;
}

/// One rule: expressions that load, compare and act, in order.
class Rule {
 public:
  explicit Rule(NetlinkBatch& batch) : batch_(batch) {}

  // ---- what it matches
  Rule& interface(std::string_view name) {
    return meta(NFT_META_IIFNAME).compare(NFT_CMP_EQ, interface_bytes(name));
  }
  Rule& family(std::uint8_t nfproto) {
    return meta(NFT_META_NFPROTO).compare(NFT_CMP_EQ, bytes_of(nfproto));
  }
  Rule& protocol(std::uint8_t number) {
    return meta(NFT_META_L4PROTO).compare(NFT_CMP_EQ, bytes_of(number));
  }
  Rule& mark(std::uint32_t value) {
    return meta(NFT_META_MARK).compare(NFT_CMP_EQ, bytes_of(value));
  }
  Rule& for_another() {
    const std::uint8_t host = 0;  // PACKET_HOST
    return meta(NFT_META_PKTTYPE).compare(NFT_CMP_NEQ, bytes_of(host));
  }
  Rule& network_field(std::uint32_t offset, nft_cmp_ops how, std::string_view value) {
    return payload(NFT_PAYLOAD_NETWORK_HEADER, offset, static_cast<std::uint32_t>(value.size()))
        .compare(how, value);
  }
  Rule& transport_field(std::uint32_t offset, std::string_view value) {
    return payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset, static_cast<std::uint32_t>(value.size()))
        .compare(NFT_CMP_EQ, value);
  }
  /// An IPv4 header with options.
  Rule& has_options() {
    const std::uint8_t length_bits = 0x0F;
    const std::uint8_t five_words = 5;
    return payload(NFT_PAYLOAD_NETWORK_HEADER, 0, 1)
        .mask(bytes_of(length_bits))
        .compare(NFT_CMP_NEQ, bytes_of(five_words));
  }
  Rule& tcp_syn() {
    const std::uint8_t flags = TH_FIN | TH_SYN | TH_RST | TH_ACK;
    const std::uint8_t syn = TH_SYN;
    constexpr std::uint32_t kFlagsOffset = 13;
    return protocol(IPPROTO_TCP)
        .payload(NFT_PAYLOAD_TRANSPORT_HEADER, kFlagsOffset, 1)
        .mask(bytes_of(flags))
        .compare(NFT_CMP_EQ, bytes_of(syn));
  }
  Rule& from_guest() { return family(NFPROTO_IPV4).network_field(12, NFT_CMP_NEQ, guest()); }
  Rule& to_gateway() { return family(NFPROTO_IPV4).network_field(16, NFT_CMP_EQ, gateway()); }

  // ---- what it does
  void accept() { verdict(NF_ACCEPT); }
  void drop() { verdict(NF_DROP); }
  Rule& set_mark(std::uint32_t value) {
    immediate(bytes_of(value));
    expression("meta", [&] {
      number(NFTA_META_KEY, NFT_META_MARK);
      number(NFTA_META_SREG, NFT_REG_1);
    });
    return *this;
  }
  void reject_prohibited() {
    expression("reject", [&] {
      number(NFTA_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
      const std::uint8_t code = NFT_REJECT_ICMPX_ADMIN_PROHIBITED;
      batch_.attribute(NFTA_REJECT_ICMP_CODE, bytes_of(code));
    });
  }
  void reset() {
    expression("reject", [&] {
      number(NFTA_REJECT_TYPE, NFT_REJECT_TCP_RST);
      const std::uint8_t none = 0;
      batch_.attribute(NFTA_REJECT_ICMP_CODE, bytes_of(none));
    });
  }
  /// To the transparent socket of this port. Goes on to the next rule if there is none.
  Rule& to_socket(std::uint8_t nfproto, std::uint16_t port) {
    immediate(big_endian16(port));
    expression("tproxy", [&] {
      number(NFTA_TPROXY_FAMILY, nfproto);
      number(NFTA_TPROXY_REG_PORT, NFT_REG_1);
    });
    return *this;
  }
  void hold(SynHold how) {
    if (how == SynHold::kQueue) {
      expression("queue", [&] {
        batch_.attribute(NFTA_QUEUE_NUM, big_endian16(kSynQueue));
        batch_.attribute(NFTA_QUEUE_TOTAL, big_endian16(1));
        batch_.attribute(NFTA_QUEUE_FLAGS, big_endian16(0));
      });
      return;
    }
    expression("target", [&] {
      batch_.text(NFTA_TARGET_NAME, "NFQUEUE");
      number(NFTA_TARGET_REV, 0);
      // Of the size that x_tables aligns it to.
      struct alignas(8) Info {
        xt_NFQ_info queue;
      } info{};
      info.queue.queuenum = kSynQueue;
      batch_.attribute(NFTA_TARGET_INFO, bytes_of(info));
    });
  }

 private:
  static std::string guest() { return address_bytes(AF_INET, GuestNetwork::kAddress); }
  static std::string gateway() { return address_bytes(AF_INET, GuestNetwork::kGateway); }

  void expression(const char* name, const std::function<void()>& content) {
    batch_.nested(NFTA_LIST_ELEM, [&] {
      batch_.text(NFTA_EXPR_NAME, name);
      batch_.nested(NFTA_EXPR_DATA, content);
    });
  }
  void number(std::uint16_t attribute, std::uint32_t value) {
    batch_.attribute(attribute, big_endian32(value));
  }
  Rule& meta(nft_meta_keys key) {
    expression("meta", [&] {
      number(NFTA_META_KEY, key);
      number(NFTA_META_DREG, NFT_REG_1);
    });
    return *this;
  }
  Rule& payload(nft_payload_bases base, std::uint32_t offset, std::uint32_t length) {
    expression("payload", [&] {
      number(NFTA_PAYLOAD_DREG, NFT_REG_1);
      number(NFTA_PAYLOAD_BASE, base);
      number(NFTA_PAYLOAD_OFFSET, offset);
      number(NFTA_PAYLOAD_LEN, length);
    });
    return *this;
  }
  Rule& mask(std::string_view bits) {
    expression("bitwise", [&] {
      number(NFTA_BITWISE_SREG, NFT_REG_1);
      number(NFTA_BITWISE_DREG, NFT_REG_1);
      number(NFTA_BITWISE_LEN, static_cast<std::uint32_t>(bits.size()));
      batch_.nested(NFTA_BITWISE_MASK, [&] { batch_.attribute(NFTA_DATA_VALUE, bits); });
      batch_.nested(NFTA_BITWISE_XOR,
                    [&] { batch_.attribute(NFTA_DATA_VALUE, std::string(bits.size(), '\0')); });
    });
    return *this;
  }
  Rule& compare(nft_cmp_ops how, std::string_view value) {
    expression("cmp", [&] {
      number(NFTA_CMP_SREG, NFT_REG_1);
      number(NFTA_CMP_OP, how);
      batch_.nested(NFTA_CMP_DATA, [&] { batch_.attribute(NFTA_DATA_VALUE, value); });
    });
    return *this;
  }
  void immediate(std::string_view value) {
    expression("immediate", [&] {
      number(NFTA_IMMEDIATE_DREG, NFT_REG_1);
      batch_.nested(NFTA_IMMEDIATE_DATA, [&] { batch_.attribute(NFTA_DATA_VALUE, value); });
    });
  }
  void verdict(std::uint32_t code) {
    expression("immediate", [&] {
      number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
      batch_.nested(NFTA_IMMEDIATE_DATA, [&] {
        batch_.nested(NFTA_DATA_VERDICT, [&] { number(NFTA_VERDICT_CODE, code); });
      });
    });
  }

  NetlinkBatch& batch_;
};

class Ruleset {
 public:
  Ruleset() {
    bound(NFNL_MSG_BATCH_BEGIN);
    message(NFT_MSG_NEWTABLE, NLM_F_CREATE).text(NFTA_TABLE_NAME, kTable);
  }
  void chain(const char* name, std::uint32_t hook, std::int32_t priority, std::uint32_t policy) {
    chain_ = name;
    message(NFT_MSG_NEWCHAIN, NLM_F_CREATE)
        .text(NFTA_CHAIN_TABLE, kTable)
        .text(NFTA_CHAIN_NAME, name)
        .nested(NFTA_CHAIN_HOOK,
                [&] {
                  batch_.attribute(NFTA_HOOK_HOOKNUM, big_endian32(hook));
                  batch_.attribute(NFTA_HOOK_PRIORITY,
                                   big_endian32(static_cast<std::uint32_t>(priority)));
                })
        .attribute(NFTA_CHAIN_POLICY, big_endian32(policy))
        .text(NFTA_CHAIN_TYPE, "filter");
  }
  void rule(const std::function<void(Rule)>& content) {
    message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND)
        .text(NFTA_RULE_TABLE, kTable)
        .text(NFTA_RULE_CHAIN, chain_)
        .nested(NFTA_RULE_EXPRESSIONS, [&] { content(Rule(batch_)); });
  }
  NetlinkBatch finish() && {
    bound(NFNL_MSG_BATCH_END);
    return std::move(batch_);
  }

 private:
  void bound(std::uint16_t type) {
    batch_.message(type, 0,
                   nfgenmsg{.nfgen_family = AF_UNSPEC,
                            .version = NFNETLINK_V0,
                            .res_id = htons(NFNL_SUBSYS_NFTABLES)});
  }
  NetlinkBatch& message(int type, int flags) {
    return batch_.message(
        static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8U | static_cast<unsigned>(type)),
        static_cast<std::uint16_t>(NLM_F_ACK | flags),
        nfgenmsg{.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0, .res_id = 0});
  }

  NetlinkBatch batch_;
  const char* chain_ = "";
};

/// Whatever comes from anywhere but the guest's address, or is neither TCP, UDP nor what an
/// interface needs, ends here.
void add_entrance(Ruleset& rules, bool ipv6) {
  rules.chain("entrance", NF_INET_PRE_ROUTING, kRaw, NF_DROP);
  rules.rule([](Rule r) { r.interface("lo").accept(); });
  if (ipv6) {
    for (const std::uint8_t type :
         {std::uint8_t{ND_NEIGHBOR_SOLICIT}, std::uint8_t{ND_NEIGHBOR_ADVERT}}) {
      rules.rule([type](Rule r) {
        const std::uint8_t from_this_link = 255;
        r.family(NFPROTO_IPV6)
            .network_field(6, NFT_CMP_EQ, bytes_of(std::uint8_t{IPPROTO_ICMPV6}))
            .network_field(7, NFT_CMP_EQ, bytes_of(from_this_link))
            .transport_field(0, bytes_of(type))
            .accept();
      });
    }
    rules.rule([](Rule r) {
      r.family(NFPROTO_IPV6)
          .network_field(8, NFT_CMP_NEQ, address_bytes(AF_INET6, GuestNetwork::kAddress6))
          .drop();
    });
    // Headers between that of IPv6 and the transport's: routing, fragments, options.
    rules.rule([](Rule r) {
      r.family(NFPROTO_IPV6)
          .network_field(6, NFT_CMP_NEQ, bytes_of(std::uint8_t{IPPROTO_TCP}))
          .network_field(6, NFT_CMP_NEQ, bytes_of(std::uint8_t{IPPROTO_UDP}))
          .network_field(6, NFT_CMP_NEQ, bytes_of(std::uint8_t{IPPROTO_ICMPV6}))
          .drop();
    });
  } else {
    rules.rule([](Rule r) { r.family(NFPROTO_IPV6).drop(); });
  }
  rules.rule([](Rule r) { r.from_guest().drop(); });
  rules.rule([](Rule r) { r.family(NFPROTO_IPV4).has_options().drop(); });
  rules.rule([](Rule r) { r.for_another().drop(); });
  rules.rule([](Rule r) {
    r.to_gateway()
        .protocol(IPPROTO_ICMP)
        .transport_field(0, bytes_of(std::uint8_t{ICMP_ECHO}))
        .accept();
  });
  rules.rule([](Rule r) { r.protocol(IPPROTO_TCP).accept(); });
  rules.rule([](Rule r) { r.protocol(IPPROTO_UDP).accept(); });
  rules.rule([](Rule r) { r.reject_prohibited(); });
}

void add_decision(Ruleset& rules, SynHold hold) {
  if (hold == SynHold::kNone) return;
  rules.chain("decide", NF_INET_PRE_ROUTING, kMangle, NF_ACCEPT);
  rules.rule([hold](Rule r) { r.interface(kTapName).tcp_syn().mark(0).hold(hold); });
}

void add_steering(Ruleset& rules, bool ipv6) {
  rules.chain("steer", NF_INET_PRE_ROUTING, kMangle + 10, NF_ACCEPT);
  rules.rule([](Rule r) { r.interface("lo").accept(); });
  rules.rule([](Rule r) {
    r.to_gateway().protocol(IPPROTO_UDP).transport_field(2, big_endian16(53)).accept();
  });
  rules.rule([](Rule r) { r.mark(kMarkReset).protocol(IPPROTO_TCP).reset(); });
  rules.rule([](Rule r) { r.mark(kMarkProhibited).protocol(IPPROTO_TCP).reject_prohibited(); });
  const auto to_sockets = [&rules](std::uint8_t nfproto) {
    for (const auto& [protocol, port] :
         {std::pair<std::uint8_t, std::uint16_t>{IPPROTO_TCP, kTcpPort}, {IPPROTO_UDP, kUdpPort}}) {
      rules.rule([=, protocol = protocol, port = port](Rule r) {
        r.family(nfproto).protocol(protocol).to_socket(nfproto, port).set_mark(kMarkOurs).accept();
      });
    }
  };
  to_sockets(NFPROTO_IPV4);
  if (ipv6) to_sockets(NFPROTO_IPV6);
}

}  // namespace

NetlinkBatch packet_rules(SynHold hold, bool ipv6) {
  Ruleset rules;
  add_entrance(rules, ipv6);
  add_decision(rules, hold);
  add_steering(rules, ipv6);
  rules.chain("forwarding", NF_INET_FORWARD, 0, NF_DROP);
  return std::move(rules).finish();
}

}  // namespace pyro::gate
