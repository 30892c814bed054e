#include "common/network/policy.h"

#include <algorithm>
#include <charconv>

#include "common/api/json_codec.h"
#include "common/base/error.h"
#include "common/base/reasons/network.h"
#include "common/base/text.h"
#include "common/network/package_sites.h"

namespace pyro::network {
namespace {

constexpr std::size_t kMostLabelBytes = 63;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMostLabelBytes) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
}

/// The last label of an address, in all forms that inet_aton takes, begins with a digit. That of a
/// name on the internet is letters, or punycode.
bool is_top_label(std::string_view label) { return is_letter(label.front()); }

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end || port == 0) return std::nullopt;
  return port;
}

Error refused(std::string_view text, std::string_view why) {
  return invalid_argument(reason::kAllowEntryRefused, "cannot allow '{}': {}",
                          one_line(text, kMostNameBytes), why);
}

}  // namespace

std::optional<std::string> host_name_of(std::string_view text) {
  if (text.empty() || text.size() > kMostNameBytes) return std::nullopt;
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(), lower);
  const auto labels = split(name, '.');
  if (!std::all_of(labels.begin(), labels.end(), is_label)) return std::nullopt;
  if (!is_top_label(labels.back())) return std::nullopt;
  return name;
}

AllowEntry AllowEntry::parse(std::string_view text) {
  AllowEntry entry;
  std::string_view name = text;
  if (const auto colon = name.find(':'); colon != std::string_view::npos) {
    const auto port = port_of(name.substr(colon + 1));
    if (!port) throw refused(text, "after the ':' comes a port, 1 to 65535");
    entry.port = *port;
    name = name.substr(0, colon);
  }
  if (name == "*") throw refused(text, "to reach everything, give no entry at all");
  if (name.substr(0, 2) == "*.") {
    entry.below = true;
    name.remove_prefix(2);
  }
  if (name.find('*') != std::string_view::npos) {
    throw refused(text, "a '*' stands only at the start, as in *.example.com");
  }
  if (!name.empty() && name.back() == '.') throw refused(text, "leave out the dot at the end");
  const auto host = host_name_of(name);
  if (!host) {
    throw refused(text,
                  "it is no host name; give names, not addresses, and names in other scripts as "
                  "punycode (xn--…)");
  }
  if (host->find('.') == std::string::npos) {
    throw refused(text, "a name has two labels at least, as in example.com");
  }
  entry.name = *host;
  return entry;
}

std::string AllowEntry::text() const {
  return (below ? "*." : "") + name + (port == 0 ? "" : fmt::format(":{}", port));
}

bool AllowEntry::covers_name(std::string_view host) const {
  if (!below) return host == name;
  return host.size() > name.size() + 1 && host.substr(host.size() - name.size()) == name &&
         host[host.size() - name.size() - 1] == '.';
}

bool AllowEntry::covers_port(std::uint16_t of_connection) const {
  if (port != 0) return of_connection == port;
  return of_connection == kTlsPort || of_connection == kHttpPort;
}

Policy canonical(const Policy& policy) {
  api::validate(policy);
  Policy out = policy;
  for (auto& entry : out.allow) entry = AllowEntry::parse(entry).text();
  std::sort(out.allow.begin(), out.allow.end());
  out.allow.erase(std::unique(out.allow.begin(), out.allow.end()), out.allow.end());
  for (const auto& site : out.packages) {
    if (package_site_named(site) == nullptr) {
      throw invalid_argument("the package cache serves no '{}'", one_line(site, kMostNameBytes));
    }
  }
  std::sort(out.packages.begin(), out.packages.end());
  out.packages.erase(std::unique(out.packages.begin(), out.packages.end()), out.packages.end());
  return out;
}

std::string text_of(const Policy& policy) { return api::to_json_text(canonical(policy)); }

}  // namespace pyro::network
