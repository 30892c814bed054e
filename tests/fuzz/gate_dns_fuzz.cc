#include <cstddef>
#include <cstdint>
#include <string_view>

#include "services/net/gate/dns/local_names.h"
#include "services/net/gate/dns/message.h"

/// The bytes as a guest's question, and as a resolver's answer to it. Whatever they say, what is
/// written from them can be read again, and holds nothing but the checked parts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pyro::gate::dns;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = read_question(bytes);
  if (const auto* question = std::get_if<Question>(&read)) {
    is_local_name(question->name);
    for (const char c : question->name) {
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.')) {
        __builtin_trap();
      }
    }
    const auto again = read_question(write_query(question->id, question->name, question->type));
    const auto* same = std::get_if<Question>(&again);
    if (same == nullptr || same->name != question->name || same->type != question->type) {
      __builtin_trap();
    }
    const auto answered = read_answer(write_answer(*question, Rcode::kNoError), question->id,
                                      question->name, question->type);
    if (!answered || !answered->addresses.empty()) __builtin_trap();
  }
  if (size >= 2) {
    const auto id = static_cast<std::uint16_t>(data[0] << 8U | data[1]);
    for (const std::uint16_t type : {kTypeA, kTypeAaaa}) {
      const auto answer = read_answer(bytes, id, "a.example", type);
      if (!answer) continue;
      // The gate checks what is mentioned, and passes on what is an address.
      if (answer->addresses.size() > answer->mentioned.size()) __builtin_trap();
      for (const auto& one : answer->addresses) {
        if (one.address.is_v4() != (type == kTypeA)) __builtin_trap();
      }
    }
  }
  return 0;
}
