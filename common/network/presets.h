#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/workspace_network.h"

namespace pyro::network {

/// In share/pyro, and beside the user's config.toml.
inline constexpr std::string_view kPresetsFile = "network-presets.toml";

/// The lists of names for `allow_presets`: pyro's, and over them the user's. Read at each use, so
/// that a change of the user's counts at once.
class Presets {
 public:
  /// `shipped` and `own`: the files; `own` may be missing.
  Presets(std::filesystem::path shipped, std::filesystem::path own)
      : shipped_(std::move(shipped)), own_(std::move(own)) {}

  /// By name. invalid_argument: a file, or an entry of one, is none.
  std::vector<api::NetworkPreset> all() const;

  /// Those of these names, in their order. not_found (preset_missing): names those that there are.
  std::vector<api::NetworkPreset> named(const std::vector<std::string>& names) const;

 private:
  std::filesystem::path shipped_;
  std::filesystem::path own_;
};

}  // namespace pyro::network
