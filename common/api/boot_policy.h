#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace pyro::api {

/// How a new machine may start.
enum class BootPolicy { kAuto, kCold };
constexpr std::array<std::pair<BootPolicy, std::string_view>, 2> enum_names(BootPolicy) {
  return {{{BootPolicy::kAuto, "auto"}, {BootPolicy::kCold, "cold"}}};
}

}  // namespace pyro::api
