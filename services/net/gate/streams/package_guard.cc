#include "services/net/gate/streams/package_guard.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "common/base/text.h"
#include "services/net/gate/rules/denial.h"

namespace pyro::gate {
namespace {

constexpr int kBadRequest = 400;
constexpr int kNotServed = 404;
constexpr int kMethodNotServed = 405;
constexpr std::size_t kMostValueBytes = 256;
constexpr std::string_view kBriefForm = "application/vnd.npm.install-v1+json";

/// What apt asks a proxy for.
constexpr std::array<std::string_view, 2> kDebianHosts = {"http://deb.debian.org/",
                                                          "http://security.debian.org/"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool is_letter_or_digit(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

/// What a path holds without an escape. `~` and `@` are everyday in versions and scopes.
bool is_plain(char c) {
  return is_letter_or_digit(c) || std::string_view("-._~@+!&'()*,;=:").find(c) != std::string::npos;
}

std::optional<unsigned char> hex_byte(std::string_view two) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (two.size() != 2) return std::nullopt;
  const auto high = kDigits.find(lower(two[0]));
  const auto low = kDigits.find(lower(two[1]));
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned char>(high * 16 + low);
}

/// Printable, and in one line.
bool is_value(std::string_view text) {
  return text.size() <= kMostValueBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// One range of bytes, as all that resume a file ask for.
bool is_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes=";
  constexpr std::size_t kMostDigits = 15;
  if (text.substr(0, kUnit.size()) != kUnit) return false;
  text.remove_prefix(kUnit.size());
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || text.size() == 1) return false;
  const auto is_number = [](std::string_view part) {
    return part.size() <= kMostDigits &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  return is_number(text.substr(0, dash)) && is_number(text.substr(dash + 1));
}

bool has_only_proper_segments(std::string_view path) {
  path.remove_prefix(1);
  while (!path.empty()) {
    // npm writes the slash of a scope as an escape.
    const auto slash = std::min(path.find('/'), path.find("%2F"));
    const auto segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + (path[slash] == '/' ? 1 : 3));
  }
  return true;
}

}  // namespace

std::string package_path(const network::PackageSite& site, std::string_view target) {
  for (const auto host : kDebianHosts) {
    if (site.name == "debian" && target.substr(0, host.size()) == host) {
      target.remove_prefix(host.size() - 1);
      break;
    }
  }
  if (target.empty() || target.front() != '/' || target.size() > PackageGuard::kMostPathBytes) {
    return {};
  }
  std::string path;
  while (!target.empty()) {
    const char c = target.front();
    if (c == '/' || is_plain(c)) {
      path += c;
      target.remove_prefix(1);
      continue;
    }
    // No query and no fragment: no registry needs one to give a package.
    if (c != '%') return {};
    const auto byte = hex_byte(target.substr(1, 2));
    if (!byte || *byte < 0x21 || *byte == 0x7F || *byte == '%' || *byte == '\\' || *byte == '?' ||
        *byte == '#') {
      return {};
    }
    const char meant = static_cast<char>(*byte);
    if (is_plain(meant)) {
      path += meant;
    } else if (meant == '/' && site.name != "npm") {
      return {};
    } else {
      path += fmt::format("%{:02X}", *byte);
    }
    target.remove_prefix(3);
  }
  return has_only_proper_segments(path) ? path : std::string();
}

bool PackageGuard::up(std::string_view bytes, std::string& out) {
  while (!bytes.empty() && !over_) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, end);
    head_bytes_ += piece.size() + 1;
    if (head_bytes_ > kMostHeadBytes) {
      refuse_request(kBadRequest, out);
      break;
    }
    line_ += piece;
    bytes.remove_prefix(piece.size());
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(1);
    // A lone CR or LF is read in two ways.
    if (line_.empty() || line_.find('\r') != line_.size() - 1) {
      refuse_request(kBadRequest, out);
      break;
    }
    line_.pop_back();
    take_line(std::exchange(line_, {}), out);
  }
  return true;
}

void PackageGuard::take_line(std::string_view line, std::string& out) {
  if (!request_.has_line) {
    request_.has_line = true;
    if (!read_request_line(line)) refuse_request(kBadRequest, out);
    return;
  }
  if (!line.empty()) {
    if (!read_field(line)) refuse_request(kBadRequest, out);
    return;
  }
  if (request_.method != "GET" && request_.method != "HEAD") {
    return refuse_request(kMethodNotServed, out);
  }
  if (request_.has_body || (!request_.has_host && request_.version == "HTTP/1.1")) {
    return refuse_request(kBadRequest, out);
  }
  if (request_.path.empty()) return refuse_request(kNotServed, out);
  ask(out);
}

bool PackageGuard::read_request_line(std::string_view line) {
  const auto words = split(line, ' ');
  if (words.size() != 3) return false;
  request_.method = words[0];
  request_.version = words[2];
  if (request_.version != "HTTP/1.1" && request_.version != "HTTP/1.0") return false;
  request_.closes = request_.version == "HTTP/1.0";
  request_.path = package_path(site_, words[1]);
  return true;
}

bool PackageGuard::read_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string name = lowered(line.substr(0, colon));
  // No blank before the colon, and no line that goes on with the one before.
  if (!std::all_of(name.begin(), name.end(),
                   [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; })) {
    return false;
  }
  const std::string value(trim(line.substr(colon + 1)));
  if (name == "host") return !std::exchange(request_.has_host, true);
  if (name == "content-length") {
    request_.has_body = request_.has_body || value != "0";
  } else if (name == "transfer-encoding" || name == "expect" || name == "upgrade") {
    request_.has_body = true;
  } else if (name == "connection") {
    request_.closes = request_.closes || lowered(value).find("close") != std::string::npos;
  } else if (name == "accept") {
    request_.brief_form = value.find(kBriefForm) != std::string::npos;
  } else if (name == "accept-encoding") {
    request_.gzip = value.find("gzip") != std::string::npos;
  } else if (name == "if-range") {
    request_.if_range = true;
  } else if (name == "range" && is_range(value)) {
    request_.range = value;
  } else if (name == "if-none-match" && is_value(value)) {
    request_.if_none_match = value;
  } else if (name == "if-modified-since" && is_value(value)) {
    request_.if_modified_since = value;
  }
  return true;
}

void PackageGuard::ask(std::string& out) {
  const Request& asked = request_;
  out += fmt::format("{} /{}{} {}\r\nHost: packages\r\n", asked.method, site_.name, asked.path,
                     asked.version);
  if (site_.name == "npm" && asked.brief_form) out += fmt::format("Accept: {}\r\n", kBriefForm);
  if (asked.gzip) out += "Accept-Encoding: gzip\r\n";
  // A part of what may have changed is of use only together with its condition.
  if (!asked.range.empty() && !asked.if_range) out += fmt::format("Range: {}\r\n", asked.range);
  if (!asked.if_none_match.empty()) {
    out += fmt::format("If-None-Match: {}\r\n", asked.if_none_match);
  }
  if (!asked.if_modified_since.empty()) {
    out += fmt::format("If-Modified-Since: {}\r\n", asked.if_modified_since);
  }
  out += asked.closes ? "Connection: close\r\n\r\n" : "\r\n";
  name_ = site_.name;
  asked_.push_back({.path = asked.path, .refused = {}});
  over_ = asked.closes;
  request_ = {};
  head_bytes_ = 0;
}

void PackageGuard::refuse_request(int status, std::string& out) {
  const bool head = request_.method == "HEAD";
  out += fmt::format("{} /refused/{} HTTP/1.1\r\nHost: packages\r\nConnection: close\r\n\r\n",
                     head ? "HEAD" : "GET", status);
  name_ = site_.name;
  asked_.push_back({.path = request_.path, .refused = denial::kNotCached});
  over_ = true;
}

}  // namespace pyro::gate
