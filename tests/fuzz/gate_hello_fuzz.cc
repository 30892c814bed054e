#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/network/policy.h"
#include "services/net/gate/streams/stream_guard.h"

/// The bytes as the start of a TLS connection, whole and in two pieces. However they are cut, the
/// answer is the same; no byte passes but behind an allowed name; what passes is unchanged.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pyro::gate;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = bytes.size() * data[0] / 256;
  ClientHelloReader whole;
  ClientHelloReader pieces;
  const auto state = whole.feed(bytes);
  pieces.feed(bytes.substr(0, cut));
  if (pieces.feed(bytes.substr(cut)) != state || pieces.server_name() != whole.server_name()) {
    __builtin_trap();
  }
  const bool named = state == ClientHelloReader::State::kName;
  if (named && pyro::network::host_name_of(whole.server_name()) != whole.server_name()) {
    __builtin_trap();
  }
  TlsGuard guard([](std::string_view name) {
    return name == "a.example" ? std::string_view() : std::string_view("no");
  });
  std::string out;
  const bool passed = guard.up(bytes.substr(0, cut), out) && guard.up(bytes.substr(cut), out);
  if (!out.empty() && guard.name() != "a.example") __builtin_trap();
  if (passed && guard.name() == "a.example") {
    // The server's answer, from the other end of the bytes: a request to say it again, or not.
    std::string answer("\x16\x03\x03\0\x2A\x02\0\0\x26\x03\x03", 11);
    answer += data[1] % 2 == 0
                  ? std::string(
                        "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91"
                        "\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C")
                  : std::string(32, 's');
    guard.down(answer, out);
  }
  if (out != bytes.substr(0, out.size())) __builtin_trap();
  return 0;
}
