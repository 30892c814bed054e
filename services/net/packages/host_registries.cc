#include "services/net/packages/host_registries.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/config/paths.h"
#include "common/config/toml_file.h"

namespace pyro::net {
namespace {

namespace fs = std::filesystem;
using Text = std::optional<std::string>;

constexpr std::uint64_t kMostSettingsBytes = 1U << 20U;

/// A file that is missing, unreadable or far too long has no lines.
std::vector<std::string> lines_of(const fs::path& file) {
  try {
    return split(read_file(file, kMostSettingsBytes), '\n');
  } catch (const Error&) {
    return {};
  }
}

std::string unquoted(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front()) {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

/// The last `key = value` of an INI file, outside of sections other than `section`.
Text ini_value(const fs::path& file, std::string_view key, std::string_view section) {
  Text found;
  std::string now(section);
  for (const auto& raw : lines_of(file)) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      now = trim(line.substr(1, line.find(']') - 1));
      continue;
    }
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || now != section) continue;
    std::string name(trim(line.substr(0, equals)));
    std::replace(name.begin(), name.end(), '_', '-');
    if (name == key) found = unquoted(line.substr(equals + 1));
  }
  return found;
}

/// The value of the first variable that is set and not empty.
Text variable_of(const HostSurroundings& host, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (auto value = host.variable(name); value && !value->empty()) return value;
  }
  return std::nullopt;
}

/// Of the last file that has it: they are given the least weight first.
Text last_of(const std::vector<fs::path>& files, std::string_view key, std::string_view section) {
  Text found;
  for (const auto& file : files) {
    if (auto value = ini_value(file, key, section); value && !value->empty()) found = value;
  }
  return found;
}

void read_npm(HostRegistries& found, const HostSurroundings& host) {
  std::vector<fs::path> files = {host.root / "usr/etc/npmrc", host.root / "usr/local/etc/npmrc",
                                 host.root / "etc/npmrc"};
  const auto user = variable_of(host, {"NPM_CONFIG_USERCONFIG", "npm_config_userconfig"});
  files.push_back(user ? fs::path(*user) : host.home / ".npmrc");
  found.npm = variable_of(host, {"npm_config_registry", "NPM_CONFIG_REGISTRY"});
  if (!found.npm) found.npm = last_of(files, "registry", "");
  found.npm_authorities = variable_of(host, {"npm_config_cafile", "NPM_CONFIG_CAFILE"});
  if (!found.npm_authorities) found.npm_authorities = last_of(files, "cafile", "");
}

void read_pip(HostRegistries& found, const HostSurroundings& host) {
  std::vector<fs::path> files = {host.root / "etc/xdg/pip/pip.conf", host.root / "etc/pip.conf",
                                 host.home / ".pip/pip.conf", host.home / ".config/pip/pip.conf"};
  if (const auto more = variable_of(host, {"PIP_CONFIG_FILE"})) files.emplace_back(*more);
  found.pypi = variable_of(host, {"PIP_INDEX_URL"});
  if (!found.pypi) found.pypi = last_of(files, "index-url", "global");
  found.pypi_authorities = variable_of(host, {"PIP_CERT"});
  if (!found.pypi_authorities) found.pypi_authorities = last_of(files, "cert", "global");
}

/// `URI SUITE` of apt's sources in both of their forms.
struct AptEntry {
  std::string uri;
  std::string suite;
};

void read_one_line_sources(const fs::path& file, std::vector<AptEntry>& entries) {
  for (const auto& raw : lines_of(file)) {
    std::vector<std::string> words;
    bool in_options = false;
    for (const auto& word : split(std::string(trim(raw)), ' ')) {
      if (word.empty()) continue;
      if (word.front() == '[') in_options = true;
      if (!in_options) words.push_back(word);
      if (word.back() == ']') in_options = false;
    }
    if (words.size() >= 3 && words[0] == "deb") entries.push_back({words[1], words[2]});
  }
}

void read_stanzas(const fs::path& file, std::vector<AptEntry>& entries) {
  std::string uris;
  std::string suites;
  bool disabled = false;
  const auto finish = [&] {
    for (const auto& suite : split(suites, ' ')) {
      if (!disabled && !uris.empty() && !suite.empty()) {
        entries.push_back({split(uris, ' ').front(), suite});
      }
    }
    uris.clear();
    suites.clear();
    disabled = false;
  };
  for (const auto& line : lines_of(file)) {
    if (trim(line).empty()) {
      finish();
      continue;
    }
    const auto colon = line.find(':');
    if (line.front() == '#' || colon == std::string::npos) continue;
    const std::string_view name = trim(std::string_view(line).substr(0, colon));
    const std::string value(trim(std::string_view(line).substr(colon + 1)));
    if (name == "URIs") uris = value;
    if (name == "Suites") suites = value;
    if (name == "Enabled") disabled = value == "no";
  }
  finish();
}

/// Of a host that is Debian 12 itself, as guests are.
void read_apt(HostRegistries& found, const HostSurroundings& host) {
  std::vector<AptEntry> entries;
  const fs::path apt = host.root / "etc/apt";
  read_one_line_sources(apt / "sources.list", entries);
  std::vector<fs::path> more;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(apt / "sources.list.d", failed)) {
    more.push_back(entry.path());
  }
  std::sort(more.begin(), more.end());
  for (const auto& file : more) {
    if (file.extension() == ".list") read_one_line_sources(file, entries);
    if (file.extension() == ".sources") read_stanzas(file, entries);
  }
  for (const auto& entry : entries) {
    if (entry.suite == "bookworm" && !found.debian) found.debian = entry.uri;
    if (entry.suite == "bookworm-security" && !found.debian_security) {
      found.debian_security = entry.uri;
    }
  }
}

void read_cargo(HostRegistries& found, const HostSurroundings& host) {
  const auto own = variable_of(host, {"CARGO_HOME"});
  const fs::path directory = own ? fs::path(*own) : host.home / ".cargo";
  for (const char* name : {"config", "config.toml"}) {
    std::error_code failed;
    if (!fs::exists(directory / name, failed)) continue;
    try {
      const api::Json all = read_toml(directory / name);
      const auto source = all.value("source", api::Json::object());
      std::string at = "crates-io";
      // From one to the next, and no further than there are.
      for (std::size_t i = 0; i < source.size() && source.contains(at); ++i) {
        if (!source[at].contains("replace-with")) break;
        at = source[at]["replace-with"].get<std::string>();
      }
      if (at == "crates-io" || !source.contains(at) || !source[at].contains("registry")) continue;
      std::string registry = source[at]["registry"].get<std::string>();
      constexpr std::string_view kSparse = "sparse+";
      if (registry.starts_with(kSparse)) registry.erase(0, kSparse.size());
      found.crates = registry;
    } catch (const std::exception&) {
      // Cargo itself will say what is wrong with it.
    }
  }
}

void read_go(HostRegistries& found, const HostSurroundings& host) {
  Text proxies = variable_of(host, {"GOPROXY"});
  if (!proxies) {
    const auto own = variable_of(host, {"GOENV"});
    proxies = last_of({own ? fs::path(*own) : host.home / ".config/go/env"}, "GOPROXY", "");
  }
  if (!proxies) return;
  std::replace(proxies->begin(), proxies->end(), '|', ',');
  for (const auto& one : split(*proxies, ',')) {
    if (one.starts_with("http") && !found.go) found.go = one;
  }
}

void read_authorities(HostRegistries& found, const HostSurroundings& host) {
  if (const auto file = variable_of(host, {"SSL_CERT_FILE"})) {
    found.authorities = *file;
    return;
  }
  // Debian's and Ubuntu's, Fedora's, SUSE's, Alpine's.
  for (const char* file : {"etc/ssl/certs/ca-certificates.crt", "etc/pki/tls/certs/ca-bundle.crt",
                           "etc/ssl/ca-bundle.pem", "etc/ssl/cert.pem"}) {
    std::error_code failed;
    if (!fs::exists(host.root / file, failed)) continue;
    found.authorities = host.root / file;
    return;
  }
}

}  // namespace

HostSurroundings HostSurroundings::own() {
  const auto homes = home_directories();
  return {.home = homes.empty() ? fs::path("/nonexistent") : homes.front(),
          .variable = [](const char* name) -> Text {
            const char* value = std::getenv(name);
            return value == nullptr ? std::nullopt : Text(value);
          }};
}

HostRegistries HostRegistries::read(const HostSurroundings& host) {
  HostRegistries found;
  read_npm(found, host);
  read_pip(found, host);
  read_apt(found, host);
  read_cargo(found, host);
  read_go(found, host);
  read_authorities(found, host);
  return found;
}

}  // namespace pyro::net
