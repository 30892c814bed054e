#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/api/json_codec.h"
#include "gateway/mcp/protocol/line_splitter.h"
#include "gateway/mcp/protocol/message.h"

namespace {

void check(const pyro::mcp::Message& message) {
  if (const auto* const request = std::get_if<pyro::mcp::Request>(&message)) {
    if (!request->id.is_string() && !request->id.is_number_integer()) __builtin_trap();
    if (!request->params.is_object()) __builtin_trap();
    const std::string answer =
        pyro::mcp::to_line(pyro::mcp::result_message(request->id, request->params));
    if (answer.find('\n') != std::string::npos) __builtin_trap();
    // What we say, every parser takes.
    const auto parsed = pyro::api::parse_json(answer);
    if (!parsed || parsed->at("id") != request->id) __builtin_trap();
  } else if (const auto* const notification = std::get_if<pyro::mcp::Notification>(&message)) {
    if (!notification->params.is_object()) __builtin_trap();
  } else if (const auto* const invalid = std::get_if<pyro::mcp::Invalid>(&message)) {
    pyro::mcp::to_line(pyro::mcp::error_message(invalid->id, invalid->error));
  }
}

}  // namespace

/// First byte: how the rest is cut into pieces. Nothing may come of it but messages in order.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLimit = 4096;
  if (size == 0) return 0;
  const std::size_t cut = 1U + data[0];
  const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
  pyro::mcp::LineSplitter splitter(kLimit);
  for (std::size_t at = 0; at < all.size(); at += cut) {
    splitter.feed(all.substr(at, cut));
    while (auto line = splitter.next()) {
      if (line->text.size() > kLimit || line->text.empty() != line->too_long) __builtin_trap();
      if (line->too_long) continue;
      const auto incoming = pyro::mcp::parse_message(std::move(line->text));
      if (incoming.messages.empty()) __builtin_trap();
      for (const auto& message : incoming.messages) check(message);
    }
  }
  return 0;
}
