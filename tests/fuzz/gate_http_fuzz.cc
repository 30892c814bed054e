#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "services/net/gate/streams/http_requests.h"

/// The bytes as requests, whole and in two pieces. However they are cut, the same bytes pass and
/// the same hosts are asked for; what passes is unchanged.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = bytes.size() * data[0] / 256;
  std::string asked_whole;
  std::string asked_pieces;
  const auto ask = [](std::string& asked) {
    return [&asked](std::string_view host) {
      asked += host;
      asked += ' ';
      return host.substr(0, 1) == "x" ? std::string_view("no") : std::string_view();
    };
  };
  pyro::gate::HttpRequests whole(80, ask(asked_whole));
  pyro::gate::HttpRequests pieces(80, ask(asked_pieces));
  std::string out_whole;
  std::string out_pieces;
  const bool good = whole.feed(bytes, out_whole);
  const bool same =
      pieces.feed(bytes.substr(0, cut), out_pieces) && pieces.feed(bytes.substr(cut), out_pieces);
  if (good != same || out_whole != out_pieces || asked_whole != asked_pieces) __builtin_trap();
  if (out_whole != bytes.substr(0, out_whole.size())) __builtin_trap();
  return 0;
}
