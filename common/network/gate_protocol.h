#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/api/field.h"
#include "common/base/unique_fd.h"
#include "common/network/policy.h"

/// How a shim starts a gate and talks to it.
///
/// `pyro-net-gate DIRECTORY`: descriptor 3 is a SOCK_SEQPACKET socket of the shim, and so may be 4.
/// The gate writes network.log and learned.json (connection_log.h, learned_names.h) into the
/// directory, which is its own: confined, it may make, replace and remove the files in it.
///
///     shim → gate   GateOrder, secrets             at once after the start, later at each change
///     gate → shim   GateReport ready, the tap      the first policy applies; the guest may begin
///                   GateReport failed              instead of ready: the gate then ends
///                   GateReport policy_set          the new policy applies; connections that it
///                   does
///                                                  not allow are closed
///                   GateReport policy_refused      the policy is none; the one before applies
///
/// Each message is one packet: a msgpack map. The gate ends when descriptor 3 closes, and with the
/// thread that started it (Parentage::kDieWithParent). With the gate's end the guest has no
/// network.
namespace pyro::network {

inline constexpr int kGateSocket = 3;
/// Where the gate gets connections to the host's package cache (CacheDialer): a SOCK_SEQPACKET
/// socket of the shim, for as confined as it is, the gate makes no unix socket of its own. Each
/// packet of the gate's asks for one and is answered by one: empty or with the descriptor.
inline constexpr int kGateCacheSocket = 4;
inline constexpr std::string_view kGateProgram = "pyro-net-gate";
/// Its one argument beside a directory: makes the namespace, as for a machine, prints a GateReport
/// (ready or failed) as JSON, and ends. Doctor's question.
inline constexpr std::string_view kTryGateWord = "--try";

/// The guest's side of the tap; the agent sets it. Nothing in the gate's namespace tells the guest.
struct GuestNetwork {
  static constexpr std::string_view kAddress = "10.0.2.15";
  static constexpr int kPrefixBits = 24;
  static constexpr std::string_view kGateway = "10.0.2.1";  ///< and the DNS server
  static constexpr std::string_view kAddress6 = "fd00:2::15";
  static constexpr int kPrefixBits6 = 64;
  static constexpr std::string_view kGateway6 = "fd00:2::1";
  static constexpr unsigned kMtu = 65520;
  /// Of each gateway: the guest's neighbour stays the same when its gate is another one.
  static constexpr std::array<unsigned char, 6> kGatewayMac{0x52, 0x54, 0x00, 0x70, 0x79, 0x01};
};

struct GateOrder {
  Policy policy;
  std::string digest{};  ///< send_order sets it

  template <class Fields>
  static void describe(Fields& f) {
    f("policy", &GateOrder::policy, "What the guest may reach from now on.", api::kRequired);
    f("digest", &GateOrder::digest, "By which the gate names the policy.", api::max_length(64));
  }
};

enum class GateEvent { kReady, kFailed, kPolicySet, kPolicyRefused };
constexpr std::array<std::pair<GateEvent, std::string_view>, 4> enum_names(GateEvent) {
  return {{{GateEvent::kReady, "ready"},
           {GateEvent::kFailed, "failed"},
           {GateEvent::kPolicySet, "policy_set"},
           {GateEvent::kPolicyRefused, "policy_refused"}}};
}

/// How a guest's connect() is answered: by what the gate's own connect() found, or always by a
/// connection, which a failure then resets.
enum class ConnectAnswer { kHonest, kAcceptFirst };
constexpr std::array<std::pair<ConnectAnswer, std::string_view>, 2> enum_names(ConnectAnswer) {
  return {{{ConnectAnswer::kHonest, "honest"}, {ConnectAnswer::kAcceptFirst, "accept_first"}}};
}

struct GateReport {
  GateEvent event = GateEvent::kFailed;
  std::string reason;
  std::string message;
  std::string digest;
  ConnectAnswer connect_answer = ConnectAnswer::kHonest;
  bool ipv6 = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("event", &GateReport::event, "ready, failed, policy_set or policy_refused.", api::kRequired);
    f("reason", &GateReport::reason, "Of failed and policy_refused: the name of the cause.",
      api::max_length(64));
    f("message", &GateReport::message, "The same as a sentence, with the way out.",
      api::max_length(4096));
    f("digest", &GateReport::digest, "Of the policy that applies; empty before the first.",
      api::max_length(64));
    f("connect_answer", &GateReport::connect_answer, "honest or accept_first.");
    f("ipv6", &GateReport::ipv6, "Whether the guest gets an IPv6 address: the host has a route.");
  }
};

/// Bytes as one packet. `descriptor` goes with it unless it is negative. False: the other end is
/// gone.
bool send_packet(int socket, std::string bytes, int descriptor = -1);

/// A connection to the package cache asked for, and the next answer. Not taken: `descriptor` is
/// none and the answer is empty.
bool ask_for_cache(int socket);
bool answer_for_cache(int socket, int descriptor);
struct CacheAnswer {
  UniqueFd descriptor;
};
/// nullopt: as for receive_report.
std::optional<CacheAnswer> receive_cache_answer(int socket);
/// Waits for a question; false: the gate is gone.
bool receive_cache_question(int socket);

/// One packet. `descriptor` goes with it unless it is negative. False: the other end is gone.
/// `injection`: of a policy that injects, as file_of gives it.
bool send_order(int socket, const GateOrder& order, int injection = -1);
bool send_report(int socket, const GateReport& report, int descriptor = -1);

struct ReceivedOrder {
  GateOrder order;
  UniqueFd injection;
};
/// A report and what came with it.
struct ReceivedReport {
  GateReport report;
  UniqueFd descriptor;
};
/// The next packet; waits for it unless the socket is non-blocking. nullopt: the other end is gone,
/// or (non-blocking) there is no packet. Throws kInvalidArgument: the packet is no such message.
std::optional<ReceivedOrder> receive_order(int socket);
std::optional<ReceivedReport> receive_report(int socket);

/// Whether the last nullopt above meant "no packet yet".
bool no_packet_yet();

}  // namespace pyro::network
