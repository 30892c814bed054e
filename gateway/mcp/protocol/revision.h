#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace pyro::mcp {

/// The revisions of MCP, oldest first.
enum class Revision { k2024_11_05, k2025_03_26, k2025_06_18, k2025_11_25, k2026_07_28 };

/// What a legacy client speaks that never said `initialize`: the specification's own assumption.
inline constexpr Revision kUnnegotiated = Revision::k2025_03_26;
inline constexpr Revision kNewestLegacy = Revision::k2025_11_25;

std::string_view to_string(Revision revision);
std::optional<Revision> legacy_revision(std::string_view name);
std::optional<Revision> modern_revision(std::string_view name);
/// What `server/discover` and an unsupported version's error both name.
std::vector<std::string_view> modern_revisions();

/// Every request carries its revision and the client's capabilities; there is no session.
inline bool is_modern(Revision revision) { return revision > kNewestLegacy; }
inline bool has_annotations(Revision revision) { return revision >= Revision::k2025_03_26; }
inline bool has_progress_message(Revision revision) { return revision >= Revision::k2025_03_26; }
/// `title`, `outputSchema` and `structuredContent`
inline bool has_structured_content(Revision revision) { return revision >= Revision::k2025_06_18; }
inline bool has_batches(Revision revision) { return revision == Revision::k2025_03_26; }

}  // namespace pyro::mcp
