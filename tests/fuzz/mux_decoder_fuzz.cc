#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/error.h"
#include "common/link/mux_frame.h"

/// First byte: how the rest is cut into pieces. Nothing may come of it but frames or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t cut = 1U + data[0];
  const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
  pyro::link::MuxDecoder decoder;
  pyro::link::HelloScanner scanner;
  try {
    for (std::size_t at = 0; at < all.size(); at += cut) {
      const std::string_view piece = all.substr(at, cut);
      if (const auto found = scanner.scan(piece); found && found->end > piece.size())
        __builtin_trap();
      decoder.feed(piece);
      while (const auto frame = decoder.next()) {
        if (frame->payload.size() > pyro::link::kMaxPayload) __builtin_trap();
      }
    }
  } catch (const pyro::Error&) {
  }
  return 0;
}
