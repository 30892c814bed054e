#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pyro {

/// The one of `known` that `typed` probably means: at most two single-letter changes away, and
/// fewer than half of its letters.
std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known);

}  // namespace pyro
