#include "common/config/config.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "common/api/json_codec.h"
#include "common/api/message_table.h"
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

/// What a setting's text means, which stays text where it is no value of that type.
Json parsed_as(const api::ValueType& type, const std::string& text) {
  if (type.kind != api::Kind::kBool && type.kind != api::Kind::kInteger) return text;
  return api::parse_json(text).value_or(Json(text));
}

std::string variable_name(std::string_view section, std::string_view key) {
  std::string name = fmt::format("PYRO_{}_{}", section, key);
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return name;
}

struct Setting {
  std::string_view section;
  std::string_view key;
  const api::ValueType* type;
};

/// Every setting there is.
std::vector<Setting> all_settings() {
  std::vector<Setting> settings;
  for (const auto& section : api::message_type<Config>().fields) {
    for (const auto& key : section.type->message->fields) {
      settings.push_back({section.info.name, key.info.name, key.type});
    }
  }
  return settings;
}

/// Refuses what the lists do not have, by its whole name.
void check_names(const Json& settings) {
  for (const auto& entry : settings.items()) {
    const std::string& section = entry.key();
    const Json& keys = entry.value();
    bool known_section = false;
    std::vector<std::string> known;
    for (const auto& setting : all_settings()) {
      if (setting.section != section) continue;
      known_section = true;
      known.emplace_back(setting.key);
    }
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
                                       std::string_view key, const api::ValueType& type) {
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr || *value == '\0') return;
    with_context(fmt::format("environment variable {}", variable), [&] {
      merged[std::string(section)][std::string(key)] = parsed_as(type, value);
      check_values(merged);
    });
  };
  for (const auto& [section, key, type] : all_settings()) {
    read_variable(variable_name(section, key), section, key, *type);
    // Typed by hand, to compare and when in trouble; it is about the caller's own machines.
    if (section == "vm" && key == "boot") read_variable("PYRO_BOOT", section, key, *type);
  }
  for (const auto& setting : settings) {
    const std::size_t dot = setting.find('.');
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || dot == std::string::npos || dot > equals) {
      throw invalid_argument("setting '{}' must look like limits.max_active=8", setting);
    }
    const std::string section = setting.substr(0, dot);
    const std::string key = setting.substr(dot + 1, equals - dot - 1);
    with_context(fmt::format("setting '{}'", setting), [&] {
      for (const auto& known : all_settings()) {
        if (known.section != section || known.key != key) continue;
        merged[section][key] = parsed_as(*known.type, setting.substr(equals + 1));
      }
      if (!merged.contains(section) || !merged[section].contains(key)) {
        throw invalid_argument("unknown key '{}.{}'", section, key);
      }
      check_values(merged);
    });
  }
  return api::from_json<Config>(merged, api::UnknownFields::kRefuse);
}

}  // namespace pyro

PYRO_TABLE(pyro::Config)
