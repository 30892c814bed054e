#include "services/net/gate/tls/head_rewriter.h"

#include <algorithm>
#include <array>

#include "common/base/base64.h"

namespace pyro::gate {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

/// An answer in an encoding, or in parts, could show a value that nobody recognizes.
constexpr std::array<std::string_view, 4> kLeftOut = {"accept-encoding", "if-range", "range", "te"};

/// Of the message itself, or such as servers write down, show to others, or repeat in links.
constexpr std::array<std::string_view, 16> kWithoutValues = {"connection",
                                                             "content-length",
                                                             "expect",
                                                             "forwarded",
                                                             "from",
                                                             "host",
                                                             "keep-alive",
                                                             "origin",
                                                             "referer",
                                                             "trailer",
                                                             "transfer-encoding",
                                                             "upgrade",
                                                             "user-agent",
                                                             "via",
                                                             "x-forwarded-for",
                                                             "x-forwarded-host"};

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void HeadRewriter::put_values(std::string& text) const {
  for (const auto& [placeholder, value] : bindings_) {
    for (std::size_t at = text.find(placeholder); at != std::string::npos;
         at = text.find(placeholder, at + value.size())) {
      text.replace(at, placeholder.size(), value);
      if (text.size() > kMostBytes) return;
    }
  }
}

std::string HeadRewriter::value_of_field(std::string_view name, std::string_view given) const {
  constexpr std::string_view kBasic = "basic ";
  std::string value(given);
  if (name == "authorization" && in_lower_case(given.substr(0, kBasic.size())) == kBasic) {
    const std::size_t start = std::min(given.find_first_not_of(' ', kBasic.size()), given.size());
    const std::size_t end = given.find_last_not_of(" \t") + 1;
    if (auto credentials = from_base64(given.substr(start, end - start))) {
      const std::string before = *credentials;
      put_values(*credentials);
      if (*credentials != before) {
        return std::string(given.substr(0, start)) + to_base64(*credentials);
      }
    }
  }
  put_values(value);
  return value;
}

std::optional<std::string> HeadRewriter::rewrite(std::string_view head) const {
  std::string out;
  for (bool is_first = true; !head.empty(); is_first = false) {
    const auto end = std::min(head.find(kLineEnd), head.size());
    const auto line = head.substr(0, end);
    head.remove_prefix(std::min(end + kLineEnd.size(), head.size()));
    if (is_first) {
      out.append(line).append(kLineEnd);
      continue;
    }
    if (line.empty()) out += "Accept-Encoding: identity\r\n";
    const auto colon = std::min(line.find(':'), line.size());
    const std::string name = in_lower_case(line.substr(0, colon));
    if (is_one_of(kLeftOut, name)) continue;
    if (colon == line.size() || is_one_of(kWithoutValues, name)) {
      out += line;
    } else {
      const auto start = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
      out += line.substr(0, start);
      out += value_of_field(name, line.substr(start));
    }
    out += kLineEnd;
    if (out.size() > kMostBytes) return std::nullopt;
  }
  return out;
}

}  // namespace pyro::gate
