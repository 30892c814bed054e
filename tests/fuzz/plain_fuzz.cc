#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/text.h"
#include "services/workspace/shells/plain.h"

/// First three bytes: the terminal's size, and where the output begins. Whatever the bytes say, the
/// text is bounded and valid UTF-8 without controls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const pyro::workspace::TerminalSize terminal{.cols = 1U + data[0], .rows = 1U + data[1] % 200U};
  const std::string_view all(reinterpret_cast<const char*>(data) + 3, size - 3);
  const std::size_t cut = all.size() * data[2] / 256;
  const std::string text =
      pyro::workspace::plain_text(all.substr(0, cut), all.substr(cut), terminal);
  if (text.size() > (20U << 20U)) __builtin_trap();
  if (pyro::invalid_bytes(text) != 0) __builtin_trap();
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\n') __builtin_trap();
  }
  return 0;
}
