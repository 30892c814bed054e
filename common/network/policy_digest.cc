#include "common/api/msgpack_codec.h"
#include "common/base/error.h"
#include "common/digest/sha256.h"
#include "common/network/gate_protocol.h"
#include "common/network/policy.h"

/// What the gate does without: a library of digests is most of the memory that a gate at rest has.
namespace pyro::network {

std::string digest_of(const Policy& policy) { return sha256_of_text(text_of(policy)); }

bool send_order(int socket, const GateOrder& order, int injection) {
  GateOrder sent = order;
  try {
    sent.digest = digest_of(order.policy);
  } catch (const Error&) {
    // The gate refuses it, and says why.
  }
  return send_packet(socket, api::to_msgpack(sent), injection);
}

}  // namespace pyro::network
