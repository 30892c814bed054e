#include "common/certificates/pem.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "common/base/base64.h"

namespace pyro {
namespace {

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
constexpr std::size_t kColumns = 64;

bool is_blank(char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; }

/// The bytes of the whole element, if these begin with a SEQUENCE in DER.
std::optional<std::size_t> sequence_size(std::string_view der) {
  constexpr std::uint8_t kSequence = 0x30;
  constexpr std::uint8_t kLong = 0x80;
  const auto byte = [&der](std::size_t at) { return static_cast<std::uint8_t>(der[at]); };
  if (der.size() < 2 || byte(0) != kSequence) return std::nullopt;
  if (byte(1) < kLong) return std::size_t{2} + byte(1);
  const std::size_t digits = byte(1) - kLong;
  if (digits < 1 || digits > 3 || der.size() < 2 + digits) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < digits; ++i) size = size << 8U | byte(2 + i);
  return 2 + digits + size;
}

/// A certificate is a SEQUENCE of three elements, of which the first is one as well.
bool looks_like_certificate(std::string_view der) {
  if (der.size() > kMostCertificateBytes || sequence_size(der) != der.size()) return false;
  const auto inside = der.substr(der.size() < 0x80 + 2U ? 2 : der.size() <= 0xFF + 3U ? 3 : 4);
  const auto first = sequence_size(inside);
  return first && *first < inside.size();
}

}  // namespace

std::string pem_of(std::string_view der) {
  const std::string text = to_base64(der);
  std::string pem = std::string(kBegin) + "\n";
  for (std::size_t at = 0; at < text.size(); at += kColumns) {
    pem.append(text, at, kColumns).append("\n");
  }
  return pem.append(kEnd).append("\n");
}

std::vector<std::string> certificates_in(std::string_view text) {
  std::vector<std::string> found;
  std::set<std::string, std::less<>> seen;
  for (std::size_t at = text.find(kBegin); at != std::string_view::npos;
       at = text.find(kBegin, at)) {
    at += kBegin.size();
    const std::size_t end = text.find(kEnd, at);
    if (end == std::string_view::npos || found.size() == kMostCertificates) break;
    std::string body(text.substr(at, end - at));
    std::erase_if(body, is_blank);
    const auto der = from_base64(body);
    if (!der || !looks_like_certificate(*der)) continue;  // another block may begin within it
    std::string pem = pem_of(*der);
    if (seen.insert(pem).second) found.push_back(std::move(pem));
    at = end;
  }
  return found;
}

}  // namespace pyro
