#include "common/config/config.h"

#include <algorithm>
#include <cstdlib>

#include "common/api/json_codec.h"
#include "common/base/error.h"
#include "common/config/toml_file.h"

namespace pyro {
namespace {

using api::Json;

Json json_of(const std::filesystem::path& file) {
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) return Json::object();
  return read_toml(file);
}

template <class T>
Json parsed_as(const std::string& text) {
  if constexpr (std::same_as<T, bool> || api::Integer<T>) {
    const Json value = Json::parse(text, nullptr, false);
    return value.is_discarded() ? Json(text) : value;
  } else {
    return text;
  }
}

std::string variable_name(std::string_view section, std::string_view key) {
  std::string name = fmt::format("PYRO_{}_{}", section, key);
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return name;
}

/// Calls `visit(section name, key, parse)` for every setting there is; parse makes JSON of text.
template <class Visit>
void for_each_setting(Visit&& visit) {
  api::for_each_field<Config>([&]<class Section>(const api::FieldInfo& section, Section Config::*) {
    api::for_each_field<Section>([&]<class Value>(const api::FieldInfo& key, Value Section::*) {
      visit(section.name, key.name, &parsed_as<Value>);
    });
  });
}

/// Refuses what the lists do not have, by its whole name.
void check_names(const Json& settings) {
  for (const auto& entry : settings.items()) {
    const std::string& section = entry.key();
    const Json& keys = entry.value();
    bool known_section = false;
    std::vector<std::string> known;
    for_each_setting([&](std::string_view name, std::string_view key, auto) {
      if (name != section) return;
      known_section = true;
      known.emplace_back(key);
    });
    if (!known_section) throw invalid_argument("unknown section '{}'", section);
    if (!keys.is_object()) throw invalid_argument("'{}' must be a section", section);
    for (const auto& [key, value] : keys.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        throw invalid_argument("unknown key '{}.{}'", section, key);
      }
    }
  }
}

void check_values(const Json& settings) {
  const Config config = api::from_json<Config>(settings, api::UnknownFields::kRefuse);
  constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warning", "error"};
  if (std::find(kLevels.begin(), kLevels.end(), config.log.level) == kLevels.end()) {
    throw invalid_argument("log.level must be one of: debug, info, warning, error");
  }
}

}  // namespace

Config load_config(const std::filesystem::path& file, const std::vector<std::string>& settings) {
  Json merged = with_context(fmt::format("configuration '{}'", file.string()), [&file] {
    Json from_file = json_of(file);
    check_names(from_file);
    check_values(from_file);
    return from_file;
  });
  const auto read_variable = [&merged](const std::string& variable, std::string_view section,
                                       std::string_view key, auto parse) {
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr || *value == '\0') return;
    with_context(fmt::format("environment variable {}", variable), [&] {
      merged[std::string(section)][std::string(key)] = parse(value);
      check_values(merged);
    });
  };
  for_each_setting([&](std::string_view section, std::string_view key, auto parse) {
    read_variable(variable_name(section, key), section, key, parse);
  });
  // Typed by hand, to compare and when in trouble; it is about the caller's own machines.
  read_variable("PYRO_BOOT", "vm", "boot", &parsed_as<api::BootPolicy>);
  for (const auto& setting : settings) {
    const std::size_t dot = setting.find('.');
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || dot == std::string::npos || dot > equals) {
      throw invalid_argument("setting '{}' must look like limits.max_active=8", setting);
    }
    const std::string section = setting.substr(0, dot);
    const std::string key = setting.substr(dot + 1, equals - dot - 1);
    with_context(fmt::format("setting '{}'", setting), [&] {
      for_each_setting([&](std::string_view known_section, std::string_view known_key, auto parse) {
        if (known_section == section && known_key == key) {
          merged[section][key] = parse(setting.substr(equals + 1));
        }
      });
      if (!merged.contains(section) || !merged[section].contains(key)) {
        throw invalid_argument("unknown key '{}.{}'", section, key);
      }
      check_values(merged);
    });
  }
  return api::from_json<Config>(merged, api::UnknownFields::kRefuse);
}

}  // namespace pyro
