#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "services/net/gate/tls/http_answers.h"

/// The bytes as answers to some requests, whole and in two pieces. However they are cut, they are
/// read the same; no value gets through.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using pyro::gate::HttpAnswers;
  constexpr const char* kValue = "hunter22";
  if (size < 1) return 0;
  static const auto kRedactor =
      std::make_shared<const pyro::Redactor>(std::vector<std::string>{kValue});
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = bytes.size() * data[0] / 256;
  HttpAnswers whole(kRedactor);
  HttpAnswers pieces(kRedactor);
  for (HttpAnswers* one : {&whole, &pieces}) {
    one->expect(HttpAnswers::Asked::kOther);
    one->expect(HttpAnswers::Asked::kHead);
    one->expect(HttpAnswers::Asked::kOther);
  }
  std::string out_whole;
  std::string out_pieces;
  const bool good = whole.feed(bytes, out_whole) && whole.finish(out_whole);
  const bool same = pieces.feed(bytes.substr(0, cut), out_pieces) &&
                    pieces.feed(bytes.substr(cut), out_pieces) && pieces.finish(out_pieces);
  if (good != same || whole.refused() != pieces.refused()) __builtin_trap();
  if (out_whole.find(kValue) != std::string::npos) __builtin_trap();
  // What is in chunks may show a part of a value before each of their frames, never all of it.
  if (out_pieces.find(kValue) != std::string::npos) __builtin_trap();
  return 0;
}
