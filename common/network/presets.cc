#include "common/network/presets.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "common/api/json_codec.h"
#include "common/base/error.h"
#include "common/base/reasons/network.h"
#include "common/base/text.h"
#include "common/config/toml_file.h"
#include "common/network/policy.h"

namespace pyro::network {
namespace {

using ByName = std::map<std::string, api::NetworkPreset>;

void read_into(ByName& presets, const std::filesystem::path& file) {
  with_context(file.string(), [&] {
    const api::Json all = read_toml(file);
    for (const auto& [name, fields] : all.items()) {
      with_context(fmt::format("preset '{}'", printable(name)), [&] {
        auto preset = api::from_json<api::NetworkPreset>(fields, api::UnknownFields::kRefuse);
        preset.name = name;
        for (auto& entry : preset.allow) entry = AllowEntry::parse(entry).text();
        presets[name] = std::move(preset);
      });
    }
  });
}

ByName read_all(const std::filesystem::path& shipped, const std::filesystem::path& own) {
  ByName presets;
  read_into(presets, shipped);
  std::error_code failed;
  if (std::filesystem::exists(own, failed)) read_into(presets, own);
  return presets;
}

}  // namespace

std::vector<api::NetworkPreset> Presets::all() const {
  std::vector<api::NetworkPreset> found;
  for (auto& [name, preset] : read_all(shipped_, own_)) found.push_back(std::move(preset));
  return found;
}

std::vector<api::NetworkPreset> Presets::named(const std::vector<std::string>& names) const {
  std::vector<api::NetworkPreset> found;
  if (names.empty()) return found;
  const ByName presets = read_all(shipped_, own_);
  for (const auto& name : names) {
    const auto preset = presets.find(name);
    if (preset == presets.end()) {
      std::vector<std::string> known;
      for (const auto& [one, ignored] : presets) known.push_back(one);
      throw not_found(reason::kPresetMissing, "preset '{}' does not exist: there are {}",
                      printable(name), join(known, ", "));
    }
    found.push_back(preset->second);
  }
  return found;
}

}  // namespace pyro::network
