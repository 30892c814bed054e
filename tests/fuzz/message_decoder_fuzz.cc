#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/api/agent.h"
#include "common/base/error.h"
#include "common/link/message_frame.h"

/// First byte: how the rest is cut into pieces. Nothing may come of it but frames or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t cut = 1U + data[0];
  const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
  pyro::link::FrameDecoder decoder;
  try {
    for (std::size_t at = 0; at < all.size(); at += cut) {
      decoder.feed(all.substr(at, cut));
      while (const auto frame = decoder.next()) {
        pyro::api::from_msgpack<pyro::api::agent::StartJob>(frame->body.data,
                                                            pyro::api::UnknownFields::kRefuse);
      }
    }
  } catch (const pyro::Error&) {
  }
  return 0;
}
