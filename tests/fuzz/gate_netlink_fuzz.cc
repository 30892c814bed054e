#include <cstddef>
#include <cstdint>
#include <string_view>

#include "services/net/gate/relay/syn_queue.h"
#include "services/net/gate/rules/host_routes.h"

/// The bytes as what the kernel sends: queued packets of the guest, and answers about routes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto& syn : pyro::gate::queued_syns(bytes)) {
    if (syn.key) syn.key->to.address.is_public();
  }
  pyro::gate::route_kind_of(bytes);
  return 0;
}
