#include "gateway/mcp/protocol/revision.h"

#include <algorithm>
#include <array>

namespace pyro::mcp {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"2024-11-05", "2025-03-26", "2025-06-18",
                                                    "2025-11-25", "2026-07-28"};

std::optional<Revision> revision_from(std::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Revision>(found - kNames.begin());
}

}  // namespace

std::string_view to_string(Revision revision) {
  return kNames.at(static_cast<std::size_t>(revision));
}

std::optional<Revision> legacy_revision(std::string_view name) {
  const auto found = revision_from(name);
  return found && !is_modern(*found) ? found : std::nullopt;
}

std::optional<Revision> modern_revision(std::string_view name) {
  const auto found = revision_from(name);
  return found && is_modern(*found) ? found : std::nullopt;
}

std::vector<std::string_view> modern_revisions() { return {to_string(Revision::k2026_07_28)}; }

}  // namespace pyro::mcp
