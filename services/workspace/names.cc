#include "services/workspace/names.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pyro::workspace {
namespace {

constexpr std::size_t kMaxNameCharacters = 64;
constexpr std::size_t kMaxIdentifierBytes = 64;
constexpr std::size_t kMaxLabelCharacters = 256;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_identifier(std::string_view value) {
  return !value.empty() && value.size() <= kMaxIdentifierBytes && is_letter_or_digit(value[0]) &&
         std::all_of(value.begin(), value.end(), [](char c) {
           return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
         });
}

/// Of valid UTF-8: what is no continuation byte begins a character.
std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool is_printable(std::string_view text) {
  const bool plain = std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
  // printable() drops the control characters beyond ASCII as well.
  return plain && to_valid_utf8(text) == text && printable(text) == text;
}

}  // namespace

void check_name(const std::string& name) {
  const bool blank = trim(name).empty();
  if (blank || !is_printable(name) || characters_of(name) > kMaxNameCharacters) {
    throw invalid_argument("name must be 1 to {} printable characters", kMaxNameCharacters);
  }
}

void check_labels(const std::map<std::string, std::string>& labels) {
  for (const auto& [key, value] : labels) {
    check_identifier("label key", key);
    if (characters_of(value) > kMaxLabelCharacters || !is_printable(value)) {
      throw invalid_argument("label '{}' must be at most {} printable characters", key,
                             kMaxLabelCharacters);
    }
  }
}

void check_identifier(std::string_view field, const std::string& value) {
  if (is_identifier(value)) return;
  throw invalid_argument("{} '{}' must match [A-Za-z0-9][A-Za-z0-9._-]{{0,63}}", field,
                         printable(value));
}

}  // namespace pyro::workspace
