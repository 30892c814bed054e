#include "gateway/cli/commands/workspace/network/network_text.h"

#include <fmt/core.h>

#include <vector>

#include "common/base/text.h"
#include "gateway/cli/text/human.h"
#include "gateway/cli/text/lines.h"

namespace pyro::cli {
namespace {

constexpr std::size_t kLogColumns = 200;

/// What a guest chose, on one line of the terminal.
std::string shown(const std::string& text) { return one_line(printable(text), kLogColumns); }

std::string where(const std::string& name, const std::string& address, std::uint32_t port) {
  std::string text = shown(name.empty() ? address : name);
  if (port != 0) text += fmt::format(":{}", port);
  if (!name.empty() && !address.empty()) text += fmt::format(" ({})", shown(address));
  return text;
}

std::string reach_of(const api::WorkspaceNetwork& network) {
  if (network.network_policy == api::NetworkPolicy::kOff) return "nothing";
  if (network.network_policy == api::NetworkPolicy::kCacheOnly) {
    return "packages of the host's cache, and nothing else";
  }
  if (network.allow.empty()) {
    return "the public internet, never this host or a private network";
  }
  return join(network.allow, ", ");
}

std::string maker_of(const api::ConnectionMaker& maker) {
  if (maker.sequence) return fmt::format("  by command {}", *maker.sequence);
  if (maker.service_name) return fmt::format("  by service {}", shown(*maker.service_name));
  if (maker.shell_id) return fmt::format("  by shell {}", shown(*maker.shell_id));
  return "";
}

}  // namespace

std::string network_text(const api::WorkspaceNetwork& network) {
  Lines lines;
  lines.add("policy", api::name_of(network.network_policy));
  lines.add("reaches", reach_of(network));
  for (const auto& preset : network.presets) {
    lines.add("preset " + preset.name,
              fmt::format("{}: {}", preset.description, join(preset.allow, ", ")));
  }
  if (network.network_policy != api::NetworkPolicy::kOff) {
    lines.add("connected", network.connected ? "yes" : "no: " + network.reason.value_or(""));
    lines.add("address", network.guest_ip.value_or(""));
    lines.add("trusts", network.host_ca ? "the certificates of this host too" : "");
    lines.add("package cache", network.cached_packages.empty()
                                   ? "not used: " + network.package_cache_reason.value_or("")
                                   : join(network.cached_packages, ", "));
    lines.add("learns", network.learn ? "yes: see pyro workspace network learned" : "");
  }
  return lines.take();
}

std::string network_log_line(const api::NetworkLogEntry& entry) {
  std::string line = fmt::format("{}  {:6} {:4} {}", human_time(entry.time), entry.verdict,
                                 entry.protocol, where(entry.name, entry.address, entry.port));
  if (!entry.path.empty()) line += "  " + shown(entry.path);
  if (!entry.reason.empty()) line += "  " + shown(entry.reason);
  if (entry.bytes_up + entry.bytes_down > 0) {
    line +=
        fmt::format("  {} up, {} down", human_size(entry.bytes_up), human_size(entry.bytes_down));
  }
  if (entry.count > 1) line += fmt::format("  {} times", entry.count);
  return line + maker_of(entry) + "\n";
}

std::string network_log_text(const api::NetworkLog& log) {
  std::string text;
  for (const auto& entry : log.entries) text += network_log_line(entry);
  return text.empty() ? "no connections\n" : text;
}

std::string learned_network_text(const api::LearnedNetwork& learned) {
  if (learned.names.empty()) {
    return learned.learn ? "nothing was reached by a name yet\n"
                         : fmt::format(
                               "it records nothing: pyro workspace network update {} "
                               "--learn\n",
                               learned.workspace_id);
  }
  std::string text;
  for (const auto& one : learned.names) {
    text += fmt::format("{}:{}  {} connections\n", shown(one.name), one.port, one.count);
  }
  text += "\nTo allow just that:\n  ";
  for (const auto& entry : learned.allow_domains) text += "--allow-domain " + shown(entry) + " ";
  text.back() = '\n';
  if (learned.truncated) text += "There was more than the record holds.\n";
  return text;
}

}  // namespace pyro::cli
