#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace pyro {

/// How the name of a damaged registry begins that was set aside, beside `registry.db`; a time
/// follows.
inline constexpr std::string_view kDamagedRegistry = "registry.db.damaged-";

/// Ends the name of the lock file beside a registry: see Registry::kInUse.
inline constexpr const char* kRegistryInUse = "-in-use";

/// Replaces a registry that fails SQLite's integrity check by one with each row that can still be
/// read, and sets the damaged file aside. The new one has another id, so that nothing whose row was
/// lost is taken for garbage. Returns the file that was set aside, nullopt: there was no need.
///
/// Call it before any service opens the registry; while one has it open it does nothing. Killed at
/// any point, it goes on at the next call.
std::optional<std::filesystem::path> recover_registry(const std::filesystem::path& file);

}  // namespace pyro
