#include "host-helpers/hosts/settings_text.h"

#include <nlohmann/json.hpp>

#include "common/base/error.h"
#include "common/base/text.h"
#include "host-helpers/hosts/json_text.h"
#include "host-helpers/hosts/toml_text.h"

namespace pyro::hosts {
namespace {

using api::Json;

/// Removes the setting, and the tables above it that hold nothing.
void prune(Json& settings, const SettingPath& path, std::size_t depth = 0) {
  if (!settings.is_object() || !settings.contains(path[depth])) return;
  Json& below = settings[path[depth]];
  const bool is_last = depth + 1 == path.size();
  if (!is_last) prune(below, path, depth + 1);
  if (is_last || (below.is_object() && below.empty())) settings.erase(path[depth]);
}

Json without(Json settings, const SettingPath& path) {
  prune(settings, path);
  return settings;
}

/// All else is as before; the order of keys is a matter of the text.
void prove(Syntax syntax, std::string_view before, const std::string& after,
           const SettingPath& path, const std::optional<Json>& wanted) {
  const Json old = read_settings(syntax, before);
  const Json now = read_settings(syntax, after);
  const Json* set = find_setting(now, path);
  const bool right =
      wanted ? set != nullptr && nlohmann::json(*set) == nlohmann::json(*wanted) : set == nullptr;
  if (right && nlohmann::json(without(old, path)) == nlohmann::json(without(now, path))) return;
  throw internal_error("the setting '{}' cannot be changed without a change of others: {}",
                       shown(path), "change it by hand");
}

std::string proved(Syntax syntax, std::string_view before, std::string after,
                   const SettingPath& path, const std::optional<Json>& wanted) {
  prove(syntax, before, after, path, wanted);
  return after;
}

}  // namespace

Json read_settings(Syntax syntax, std::string_view text) {
  if (invalid_bytes(text) != 0) throw invalid_argument("line 1: it is not UTF-8 text");
  if (syntax == Syntax::kToml) return meaning_of_toml(text);
  return meaning_of(text, parse_json_text(text));
}

std::string with_setting(Syntax syntax, std::string_view text, const SettingPath& path,
                         const Json& value) {
  read_settings(syntax, text);
  return proved(
      syntax, text,
      syntax == Syntax::kToml ? set_in_toml(text, path, value) : set_in_json(text, path, value),
      path, value);
}

std::string without_setting(Syntax syntax, std::string_view text, const SettingPath& path) {
  read_settings(syntax, text);
  return proved(
      syntax, text,
      syntax == Syntax::kToml ? remove_from_toml(text, path) : remove_from_json(text, path), path,
      std::nullopt);
}

std::string with_element(std::string_view text, const SettingPath& path, const Json& element) {
  const Json settings = read_settings(Syntax::kJson, text);
  const Json* old = find_setting(settings, path);
  Json wanted = old != nullptr ? *old : Json::array();
  if (old != nullptr && !old->is_array()) {
    throw failed_precondition("'{}' is not a list: change it by hand", shown(path));
  }
  wanted.push_back(element);
  return proved(Syntax::kJson, text, add_to_json_array(text, path, element), path, wanted);
}

std::string without_element(std::string_view text, const SettingPath& path, const Json& element) {
  const Json settings = read_settings(Syntax::kJson, text);
  const Json* old = find_setting(settings, path);
  if (old == nullptr || !old->is_array()) return std::string(text);
  Json wanted = *old;
  for (std::size_t i = wanted.size(); i > 0; --i) {
    if (wanted[i - 1] != element) continue;
    wanted.erase(i - 1);
    break;
  }
  return proved(Syntax::kJson, text, remove_from_json_array(text, path, element), path,
                wanted.empty() ? std::nullopt : std::optional(wanted));
}

const Json* find_setting(const Json& settings, const SettingPath& path) {
  const Json* at = &settings;
  for (const auto& key : path) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(key);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string shown(const SettingPath& path) { return printable(join(path, ".")); }

}  // namespace pyro::hosts
