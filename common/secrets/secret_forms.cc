#include "common/secrets/secret_forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/base/base64.h"
#include "common/base/text.h"

namespace pyro {
namespace {

constexpr std::size_t kOverlap = kLeastSecretBytes;

void add(std::vector<std::string>& forms, std::string_view form) {
  if (form.size() < kLeastSecretBytes) return;
  if (form.size() <= kLongestSecretForm) {
    forms.emplace_back(form);
    return;
  }
  const std::size_t last = form.size() - kLongestSecretForm;
  for (std::size_t at = 0; at < last; at += kLongestSecretForm - kOverlap) {
    forms.emplace_back(form.substr(at, kLongestSecretForm));
  }
  forms.emplace_back(form.substr(last));
}

void add_lines(std::vector<std::string>& forms, std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return;
  for (const std::string& line : split(text, '\n')) add(forms, trim(line));
}

/// The characters of a base64 text that do not depend on what stands before and after the value,
/// which begins at its byte `shift`.
std::string base64_inside(std::string_view value, std::size_t shift) {
  constexpr std::size_t kBits = 6;
  const std::string text = to_base64(std::string(shift, '\0') + std::string(value));
  const std::size_t first = (shift * 8 + kBits - 1) / kBits;
  const std::size_t end = (shift + value.size()) * 8 / kBits;
  return text.substr(first, end - first);
}

void add_wrapped(std::vector<std::string>& forms, std::string_view text) {
  for (const std::size_t columns : {std::size_t{64}, std::size_t{76}}) {
    if (text.size() <= columns) continue;
    for (std::size_t at = 0; at < text.size(); at += columns) add(forms, text.substr(at, columns));
  }
}

void add_base64(std::vector<std::string>& forms, std::string_view value) {
  for (const std::size_t shift : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    std::string text = base64_inside(value, shift);
    add(forms, text);
    if (shift == 0) add_wrapped(forms, text);
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    add(forms, text);
  }
}

enum class Space { kHex, kPlus };

std::string percent_encoded(std::string_view value, bool upper_case, Space space) {
  constexpr std::string_view kUnreserved =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string text;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (kUnreserved.find(c) != std::string_view::npos) {
      text += c;
    } else if (c == ' ' && space == Space::kPlus) {
      text += '+';
    } else {
      text += upper_case ? fmt::format("%{:02X}", byte) : fmt::format("%{:02x}", byte);
    }
  }
  return text;
}

std::string json_escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    switch (c) {
      case '"':
      case '\\':
        text += {'\\', c};
        break;
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\t':
        text += "\\t";
        break;
      default:
        text += c;
    }
  }
  return text;
}

std::string_view without_line_end(std::string_view value) {
  const std::size_t last = value.find_last_not_of("\r\n");
  return last == std::string_view::npos || last + 1 < kLeastSecretBytes ? value
                                                                        : value.substr(0, last + 1);
}

}  // namespace

std::vector<std::string> secret_forms(std::string_view given) {
  const std::string_view value = without_line_end(given);
  std::vector<std::string> forms;
  add(forms, value);
  add_lines(forms, value);
  add_base64(forms, value);
  for (const bool upper_case : {true, false}) {
    for (const Space space : {Space::kHex, Space::kPlus}) {
      add(forms, percent_encoded(value, upper_case, space));
    }
  }
  add(forms, json_escaped(value));
  std::sort(forms.begin(), forms.end());
  forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
  return forms;
}

}  // namespace pyro
