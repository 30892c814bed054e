#include "common/network/denied_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "common/base/text.h"

namespace pyro::network {
namespace {

/// The gate's reasons that an entry of the list takes away.
constexpr std::array<std::string_view, 4> kOfTheList = {
    "name_not_allowed", "port_not_allowed", "server_name_not_allowed", "host_not_allowed"};

bool is_of_the_list(const api::EgressDenied& denied) {
  return !denied.name.empty() &&
         std::find(kOfTheList.begin(), kOfTheList.end(), denied.reason) != kOfTheList.end();
}

std::string entry_for(const api::EgressDenied& denied) {
  const bool usual = denied.port == 0 || denied.port == 80 || denied.port == 443;
  return usual ? denied.name : fmt::format("{}:{}", denied.name, denied.port);
}

std::string shown(const api::EgressDenied& denied) {
  std::string place = denied.name.empty() ? denied.address : denied.name;
  if (denied.port != 0) place += fmt::format(":{}", denied.port);
  return fmt::format("{} ({})", place, denied.reason);
}

}  // namespace

std::string denied_text(const std::string& workspace_id,
                        const std::vector<api::EgressDenied>& denied) {
  constexpr std::size_t kMostShown = 5;
  if (denied.empty()) return "";
  std::vector<std::string> places;
  std::vector<std::string> options;
  for (const auto& one : denied) {
    if (places.size() < kMostShown) places.push_back(shown(one));
    const std::string option = "--allow-domain " + shell_quote(entry_for(one));
    const bool is_new = std::find(options.begin(), options.end(), option) == options.end();
    if (is_of_the_list(one) && is_new && options.size() < kMostShown) options.push_back(option);
  }
  std::string text = "the network policy denied " + join(places, ", ");
  if (denied.size() > places.size())
    text += fmt::format(" and {} more", denied.size() - places.size());
  if (!options.empty()) {
    text += fmt::format("; the person can allow it: pyro workspace network update {} {}",
                        workspace_id, join(options, " "));
  }
  return printable(text);
}

}  // namespace pyro::network
