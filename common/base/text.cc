#include "common/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pyro {
namespace {

/// Length of the valid UTF-8 sequence at the start of `text`, 0 when there is none.
/// Rejects overlong forms, surrogates and values over U+10FFFF (RFC 3629, section 4).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) {
    return i < text.size() && (byte(i) & 0xC0U) == 0x80;
  };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if ((lead & 0xF0U) == 0xE0) {
    if (!continues(1) || !continues(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    return lead == 0xED && byte(1) > 0x9F ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    return lead == 0xF4 && byte(1) > 0x8F ? 0 : 4;
  }
  return 0;
}

/// Line and paragraph separators (U+2028, U+2029) and what turns the direction of text (U+202A to
/// U+202E, U+2066 to U+2069): with them a text can look like another.
bool reorders(std::string_view character) {
  return (character >= "\xE2\x80\xA8" && character <= "\xE2\x80\xAE") ||
         (character >= "\xE2\x81\xA6" && character <= "\xE2\x81\xA9");
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  while (true) {
    const std::size_t end = text.find(separator, start);
    parts.emplace_back(text.substr(start, end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string shell_quote(std::string_view argument) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!argument.empty() && argument.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(argument);
  }
  std::string out = "'";
  for (const char c : argument) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string shell_join(const std::vector<std::string>& arguments) {
  std::vector<std::string> quoted;
  quoted.reserve(arguments.size());
  for (const auto& argument : arguments) quoted.push_back(shell_quote(argument));
  return join(quoted, " ");
}

std::string human_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits.at(unit));
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      bytes.remove_prefix(1);
    } else {
      out += bytes.substr(0, length);
      bytes.remove_prefix(length);
    }
  }
  return out;
}

std::size_t invalid_bytes(std::string_view text) {
  std::size_t invalid = 0;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) ++invalid;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return invalid;
}

std::size_t whole_characters(std::string_view text) {
  // The last lead byte, when it is near enough to begin a character that continues.
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0U) == 0x80) continue;
    const std::size_t length = byte >= 0xF0 && byte <= 0xF4   ? 4
                               : (byte & 0xF0U) == 0xE0       ? 3
                               : byte >= 0xC2 && byte <= 0xDF ? 2
                                                              : 1;
    return length > back ? text.size() - back : text.size();
  }
  return text.size();
}

std::string printable(std::string_view hostile) {
  const std::string text = to_valid_utf8(hostile);
  std::string kept;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F: terminals take some for the start of an escape sequence.
    if (byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      ++i;
    } else if (byte == 0xE2 && reorders(std::string_view(text).substr(i, 3))) {
      i += 2;
    } else if (byte >= 0x20 ? byte != 0x7F : (byte == '\n' || byte == '\t')) {
      kept += text[i];
    }
  }
  return kept;
}

std::string without_middle(const std::string& text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t head = bytes / 2;
  std::size_t tail = text.size() - bytes / 2;
  while (head > 0 && !begins_character(text[head])) --head;
  while (tail < text.size() && !begins_character(text[tail])) ++tail;
  return text.substr(0, head) + "…" + text.substr(tail);
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string one_line(std::string_view hostile, std::size_t columns) {
  std::string text = printable(hostile);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  text = trim(text);
  if (width_of(text) <= columns) return text;
  std::size_t kept = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    if (begins_character(text[end]) && kept++ == columns - 1) break;
    ++end;
  }
  return text.substr(0, end) + "…";
}

}  // namespace pyro
