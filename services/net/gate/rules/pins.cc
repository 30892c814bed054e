#include "services/net/gate/rules/pins.h"

#include <algorithm>

namespace pyro::gate {

void Pins::add(const Address& address, std::string_view name) {
  if (const auto found = at_.find(address); found != at_.end()) {
    pins_.splice(pins_.begin(), pins_, found->second);
  } else {
    if (pins_.size() >= most_) {
      at_.erase(pins_.back().address);
      for (const auto& gone : pins_.back().names) forget(gone);
      pins_.pop_back();
    }
    pins_.push_front({.address = address});
    at_[address] = pins_.begin();
  }
  auto& names = pins_.front().names;
  if (const auto at = std::find(names.begin(), names.end(), name); at != names.end()) {
    std::rotate(names.begin(), at, at + 1);
    return;
  }
  if (names.size() >= kMostNames) {
    forget(names.back());
    names.pop_back();
  }
  names.insert(names.begin(), std::string(name));
  ++known_[names.front()];
}

void Pins::forget(const std::string& name) {
  const auto found = known_.find(name);
  if (--found->second == 0) known_.erase(found);
}

const std::vector<std::string>& Pins::names_of(const Address& address) const {
  static const std::vector<std::string> kNone;
  const auto found = at_.find(address);
  return found == at_.end() ? kNone : found->second->names;
}

bool Pins::has(const Address& address, std::string_view name) const {
  const auto& names = names_of(address);
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace pyro::gate
