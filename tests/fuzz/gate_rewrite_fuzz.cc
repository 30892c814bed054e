#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "services/net/gate/streams/http_requests.h"
#include "services/net/gate/tls/head_rewriter.h"

/// The bytes as requests, with values put into their heads. What comes out is the same requests:
/// read again, they end at the same places and are for the same hosts, and no value stands in a
/// request line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const pyro::gate::HeadRewriter kRewriter(
      std::vector<pyro::gate::Binding>{{"pyro_secret_a", "value of a"}});
  std::size_t heads = 0;
  bool in_line = false;
  const auto any = [](std::string_view) { return std::string_view(); };
  pyro::gate::HttpRequests given(443, any, [&](std::string_view head) {
    ++heads;
    const std::string out = kRewriter.rewrite(head).value_or("");
    const std::string line = out.substr(0, out.find("\r\n"));
    in_line = in_line || (line.find("value of a") != std::string::npos &&
                          head.find("value of a") == std::string_view::npos);
    return out;
  });
  std::string out;
  const bool good = given.feed(bytes, out);
  std::size_t heads_again = 0;
  pyro::gate::HttpRequests again(443, any, [&](std::string_view head) {
    ++heads_again;
    return std::string(head);
  });
  std::string same;
  const bool good_again = again.feed(out, same);
  if (in_line || (good && !good_again) || heads != heads_again || same != out) __builtin_trap();
  return 0;
}
