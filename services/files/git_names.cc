#include "services/files/git_names.h"

#include <fmt/core.h>

#include <algorithm>

namespace pyro::files {
namespace {

/// The letters of the escapes and, in the same places, the bytes that they stand for.
constexpr std::string_view kLetters = "abtnvfr\"\\";
constexpr std::string_view kBytes = "\a\b\t\n\v\f\r\"\\";

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

/// The byte of three octal digits, or nothing.
std::optional<char> octal_byte(std::string_view digits) {
  if (digits.size() < 3 || digits[0] > '3') return std::nullopt;
  unsigned value = 0;
  for (const char digit : digits.substr(0, 3)) {
    if (digit < '0' || digit > '7') return std::nullopt;
    value = value * 8 + static_cast<unsigned>(digit - '0');
  }
  return static_cast<char>(value);
}

}  // namespace

std::string quote_name_always(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (is_plain(c)) {
      quoted += c;
    } else if (const std::size_t at = kBytes.find(c); at != std::string_view::npos) {
      quoted += {'\\', kLetters[at]};
    } else {
      quoted += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    }
  }
  return quoted + '"';
}

std::string quote_name(std::string_view name) {
  if (std::all_of(name.begin(), name.end(), is_plain)) return std::string(name);
  return quote_name_always(name);
}

std::optional<Unquoted> unquote_name(std::string_view text) {
  if (!text.starts_with('"')) return std::nullopt;
  std::string name;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return Unquoted{std::move(name), i + 1};
    if (text[i] != '\\') {
      name += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (const std::size_t at = kLetters.find(text[i]); at != std::string_view::npos) {
      name += kBytes[at];
    } else if (const auto byte = octal_byte(text.substr(i))) {
      name += *byte;
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace pyro::files
