#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pyro::image {

/// Moves when an environment is added, removed or changed.
inline constexpr std::string_view kCatalogVersion = "3";
inline constexpr std::string_view kDistribution = "debian";
inline constexpr std::string_view kDistributionVersion = "12";
inline constexpr std::string_view kSuite = "bookworm";
inline constexpr std::string_view kPlatform = "linux/amd64";

/// The recipe of one environment.
struct CatalogEntry {
  std::string name;
  /// Version of the recipe: one that was installed from another version is rebuilt.
  std::string version;
  std::string description;
  /// Packages beyond Debian's essential ones and apt.
  std::vector<std::string> packages;
};

/// Every environment that can be pulled.
std::span<const CatalogEntry> catalog();

/// The entry of that name; kNotFound names the known ones.
const CatalogEntry& find_in_catalog(std::string_view name);

}  // namespace pyro::image
