#include "services/net/gate/dns/local_names.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "common/base/text.h"
#include "services/net/gate/rules/address.h"

namespace pyro::gate::dns {
namespace {

bool is_below(std::string_view name, std::string_view zone) {
  return name == zone ||
         (name.size() > zone.size() && name.substr(name.size() - zone.size()) == zone &&
          name[name.size() - zone.size() - 1] == '.');
}

std::string_view without_zone(std::string_view name, std::string_view zone) {
  return name.size() > zone.size() ? name.substr(0, name.size() - zone.size() - 1)
                                   : std::string_view();
}

/// The address that a reverse name begins; the labels that it lacks count as zero. A name with too
/// many or odd ones is none.
std::optional<Address> reverse_address(std::string_view name) {
  constexpr std::string_view kFour = "in-addr.arpa";
  constexpr std::string_view kSix = "ip6.arpa";
  std::string text;
  if (is_below(name, kFour)) {
    auto labels = split(without_zone(name, kFour), '.');
    if (labels.size() > 4) labels.erase(labels.begin(), labels.end() - 4);
    std::reverse(labels.begin(), labels.end());
    labels.resize(4, "0");
    text = join(labels, ".");
  } else if (is_below(name, kSix)) {
    std::string digits;
    for (const auto& label : split(without_zone(name, kSix), '.')) {
      if (label.size() == 1) digits.insert(digits.begin(), label[0]);
    }
    digits.resize(32, '0');
    for (std::size_t i = 0; i < 32; i += 4) {
      if (i > 0) text += ':';
      text += digits.substr(i, 4);
    }
  } else {
    return std::nullopt;
  }
  return Address::parse(text);
}

}  // namespace

bool is_local_name(std::string_view name) {
  if (name.find('.') == std::string_view::npos) return true;
  for (const auto* zone : {"local", "localhost", "home.arpa", "resolver.arpa"}) {
    if (is_below(name, zone)) return true;
  }
  if (!is_below(name, "in-addr.arpa") && !is_below(name, "ip6.arpa")) return false;
  const auto address = reverse_address(name);
  return !address || !address->is_public();
}

}  // namespace pyro::gate::dns
